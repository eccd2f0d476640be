"""prometheus-fastapi-instrumentator: requests counted by the templates of their routes."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException
from prometheus_client import CollectorRegistry
from prometheus_fastapi_instrumentator import Instrumentator, metrics

HIDDEN = [
    r"_seconds_(?:bucket|sum)(?:{.*})? (.*)",
    r"_created(?:{.*})? (.*)",
    r"content-length: (.*)",
]
registry = CollectorRegistry()
app = FastAPI()
router = APIRouter(prefix="/items")
child = FastAPI()


@router.get("/{item}")
async def item(item: int) -> dict[str, int]:
    return {"item": item}


@router.post("/{item}")
def fail(item: int) -> None:
    raise HTTPException(418, "a teapot")


@child.get("/below/{name}")
async def below(name: str) -> str:
    return name


app.include_router(router)
app.mount("/child", child)
instrumentator = Instrumentator(
    excluded_handlers=["/metrics"], should_instrument_requests_inprogress=True, registry=registry
)
instrumentator.add(metrics.request_size(registry=registry))
instrumentator.add(metrics.response_size(registry=registry))
instrumentator.instrument(app).expose(app)


def talk(client: Any) -> None:
    """Ask for things, then for the numbers."""
    client.get("/items/1")
    client.get("/items/2")
    client.get("/items/none")
    client.post("/items/3", json={})
    client.get("/child/below/name")
    client.get("/nowhere")
    client.get("/metrics")
