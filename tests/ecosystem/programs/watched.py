"""Sentry and OpenTelemetry's instrumentation: what both say of requests that succeed and fail."""

from __future__ import annotations

from typing import Any

import sentry_sdk
from fastapi import APIRouter, Depends, FastAPI, HTTPException
from fastapi.responses import PlainTextResponse
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sentry_sdk.transport import Transport

HIDDEN = [r"http://([^/]+)/nowhere", r"content-length: (\d{4})$"]
LOGS_EXCEPTIONS = True
TOLD = {"http.route", "http.target", "http.method", "http.status_code", "asgi.event.type"}
envelopes: list[Any] = []


class Kept(Transport):
    """Keeps what would be sent."""

    def capture_envelope(self, envelope: Any) -> None:
        envelopes.append(envelope)


sentry_sdk.init(
    "https://public@localhost/1", transport=Kept, traces_sample_rate=1.0, send_default_pii=False
)
exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))

app = FastAPI()
router = APIRouter(prefix="/items")


def checked(item: str) -> str:
    if item == "missing":
        raise HTTPException(404, "missing")
    return item


@router.get("/{item}")
async def read(item: str, same: str = Depends(checked)) -> dict[str, str]:
    sentry_sdk.set_tag("item", item)
    return {"item": item}


@router.post("/{item}")
def fail(item: str, body: dict[str, Any]) -> None:
    raise RuntimeError(f"cannot {item}")


@app.exception_handler(KeyError)
async def handle(request: Any, error: KeyError) -> PlainTextResponse:
    return PlainTextResponse(f"no {error}", 410)


@app.get("/handled")
async def handled() -> None:
    raise KeyError("key")


@app.get("/told")
async def told() -> list[Any]:
    return [*map(spoken, envelopes), *sorted(map(traced, exporter.get_finished_spans()))]


def spoken(envelope: Any) -> Any:
    event = envelope.get_event() or envelope.get_transaction_event()
    if event is None:
        return "something else"
    raised = [value["type"] for value in event.get("exception", {}).get("values", ())]
    trace = event["contexts"]["trace"]
    return [
        *(event["transaction"], event["transaction_info"]["source"], event.get("tags"), raised),
        *(trace["op"], trace.get("status"), trace.get("origin")),
        *(event["request"]["method"], event["request"].get("data")),
        sorted({span["op"] for span in event.get("spans", ())}),
    ]


def traced(span: Any) -> str:
    # What is left out is different on each machine.
    told = {key: span.attributes[key] for key in sorted(span.attributes) if key in TOLD}
    return f"{span.name} {span.kind.name} {span.status.status_code.name} {told}"


FastAPIInstrumentor.instrument_app(app, tracer_provider=provider)
app.include_router(router)


def talk(client: Any) -> None:
    """Succeed, and fail in each way."""
    client.get("/items/egg")
    client.get("/items/missing")
    client.get("/handled")
    client.get("/nowhere")
    client.post("/items/egg", json=["no object"])
    # uvicorn closes the connection behind this answer, without having said so.
    client.post("/items/egg", json={"an": "object"}, headers={"Connection": "close"})
    client.get("/told")
