"""A Quart application."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quart import Quart, request, websocket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

app = Quart(__name__)
app.config["MAX_CONTENT_LENGTH"] = None


@app.get("/hello/<name>")
async def hello(name: str) -> dict[str, Any]:
    return {"hello": name, "from": request.args.get("from")}


@app.get("/stream")
async def stream() -> Any:
    async def body() -> AsyncIterator[bytes]:
        yield b"one"
        while not Path("release").exists():
            await asyncio.sleep(0.01)
        yield b"two"

    return body(), 200, {"content-type": "text/plain"}


@app.post("/upload")
async def upload() -> dict[str, int]:
    size = 0
    async for piece in request.body:
        size += len(piece)
    return {"size": size}


@app.websocket("/echo")
async def echo() -> None:
    while True:
        await websocket.send("you said " + str(await websocket.receive()))
