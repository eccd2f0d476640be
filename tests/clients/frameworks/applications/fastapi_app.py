"""A FastAPI application, with FastAPI itself."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Query, Request, WebSocket
from fastapi.responses import StreamingResponse

app = FastAPI()


@app.get("/hello/{name}")
async def hello(
    name: str, who: Annotated[str | None, Query(alias="from")] = None
) -> dict[str, str | None]:
    return {"hello": name, "from": who}


@app.get("/stream")
async def stream() -> StreamingResponse:
    async def body() -> AsyncIterator[bytes]:
        yield b"one"
        while not Path("release").exists():
            await asyncio.sleep(0.01)
        yield b"two"

    return StreamingResponse(body(), media_type="text/plain")


@app.post("/upload")
async def upload(request: Request) -> dict[str, int]:
    size = 0
    async for piece in request.stream():
        size += len(piece)
    return {"size": size}


@app.websocket("/echo")
async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(f"you said {text}")
