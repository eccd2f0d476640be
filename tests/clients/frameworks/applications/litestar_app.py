"""A Litestar application."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from litestar import Litestar, Request, get, post, websocket_listener
from litestar.response import Stream


@get("/hello/{name:str}")
async def hello(name: str, request: Request[Any, Any, Any]) -> dict[str, str | None]:
    return {"hello": name, "from": request.query_params.get("from")}


@get("/stream", media_type="text/plain")
async def stream() -> Stream:
    async def body() -> AsyncIterator[bytes]:
        yield b"one"
        while not Path("release").exists():
            await asyncio.sleep(0.01)
        yield b"two"

    return Stream(body())


@post("/upload", status_code=200, request_max_body_size=None)
async def upload(request: Request[Any, Any, Any]) -> dict[str, int]:
    size = 0
    async for piece in request.stream():
        size += len(piece)
    return {"size": size}


@websocket_listener("/echo")
async def echo(data: str) -> str:
    return f"you said {data}"


app = Litestar([hello, stream, upload, echo])
