"""sse-starlette: events from generators, pings, and a client that leaves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from sse_starlette import EventSourceResponse, JSONServerSentEvent, ServerSentEvent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

HIDDEN = [r"ping - .*"]
app = FastAPI()
cleaned_up = asyncio.Event()


@app.get("/count/{last}")
async def count(last: int) -> EventSourceResponse:
    async def numbers() -> AsyncIterator[dict[str, Any]]:
        for number in range(last):
            await asyncio.sleep(0)
            yield {"event": "number", "id": str(number), "data": number, "retry": 3000}
        yield {"comment": "that was all"}

    return EventSourceResponse(numbers(), headers={"X-Kind": "count"}, sep="\n")


@app.get("/objects")
async def objects() -> EventSourceResponse:
    def sent() -> Iterator[ServerSentEvent]:
        yield ServerSentEvent("two\nlines", event="text")
        yield JSONServerSentEvent({"a": ["제비", 1.5, None]}, id="json")

    return EventSourceResponse(sent())


@app.get("/endless")
async def endless() -> EventSourceResponse:
    async def ticks() -> AsyncIterator[str]:
        try:
            for number in range(1_000_000):
                yield f"tick {number}"
                await asyncio.sleep(0.001)
        finally:
            cleaned_up.set()

    return EventSourceResponse(ticks(), ping=1)


@app.get("/cleaned-up")
async def was_cleaned_up() -> str:
    await asyncio.wait_for(cleaned_up.wait(), 10)
    return "cleaned up"


def talk(client: Any) -> None:
    """What a browser's EventSource would ask for."""
    client.get("/count/3")
    client.get("/count/0", headers={"Last-Event-ID": "7"})
    client.get("/objects")
    client.request("HEAD", "/objects")
    with client.http.stream("GET", "/endless") as answer:
        lines = answer.iter_lines()
        client.note(next(lines), next(lines), next(lines))
    client.get("/cleaned-up")
