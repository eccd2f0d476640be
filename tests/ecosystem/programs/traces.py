"""asgi-correlation-id and starlette-context: ids that reach handlers, threads, bodies and tasks."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from asgi_correlation_id import CorrelationIdFilter, CorrelationIdMiddleware, correlation_id
from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import StreamingResponse
from starlette_context import context, plugins
from starlette_context.middleware import ContextMiddleware

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

HIDDEN = [r"\b[0-9a-f]{32}\b"]
logged: list[str] = []


class Kept(logging.Handler):
    """Keeps what is logged."""

    def emit(self, record: logging.LogRecord) -> None:
        logged.append(f"{record.getMessage()} {record.correlation_id}")  # type: ignore[attr-defined]  # the filter's


log = logging.getLogger("traces")
log.setLevel(logging.INFO)
log.propagate = False
handler = Kept()
handler.addFilter(CorrelationIdFilter())
log.addHandler(handler)

app = FastAPI()
app.add_middleware(
    ContextMiddleware, plugins=(plugins.RequestIdPlugin(), plugins.UserAgentPlugin())
)
app.add_middleware(CorrelationIdMiddleware, header_name="X-Correlation-ID", validator=None)


def seen() -> list[Any]:
    return [correlation_id.get(), context["X-Request-ID"], context["User-Agent"]]


def note(where: str) -> None:
    log.info("%s %s", where, context["X-Request-ID"])


@app.get("/awaits")
async def awaits(tasks: BackgroundTasks) -> list[Any]:
    note("handler")
    tasks.add_task(note, "task")
    return seen()


@app.get("/blocks")
def blocks() -> list[Any]:
    note("pool")
    return seen()


@app.get("/streams")
async def streams() -> StreamingResponse:
    async def pieces() -> AsyncIterator[str]:
        for _ in range(2):
            yield f"{seen()}\n"

    return StreamingResponse(pieces())


@app.get("/streams-from-pool")
def streams_from_pool() -> StreamingResponse:
    def pieces() -> Iterator[str]:
        for _ in range(2):
            yield f"{seen()}\n"

    return StreamingResponse(pieces())


@app.get("/logged")
async def was_logged() -> list[str]:
    return sorted(logged)  # a task runs beside the next request


def talk(client: Any) -> None:
    """With ids of the client's, and without."""
    ids = {"X-Correlation-ID": "mine", "X-Request-ID": "0123456789abcdef0123456789abcdef"}
    for path in ("/awaits", "/blocks", "/streams", "/streams-from-pool"):
        client.get(path, headers=ids)
        client.get(path)
    client.get("/awaits", headers={"X-Request-ID": "no id"})
    client.get("/logged")
