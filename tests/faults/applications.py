"""What the servers of the scripts serve."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

_CHUNK = b"x" * 65536


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """Answers ``hello``; under ``/length`` the length of the body; under ``/endless``, for ever."""
    if scope["type"] != "http":
        raise RuntimeError("these scripts speak HTTP")
    if scope["path"] == "/endless":
        await _length(receive)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        gone = asyncio.ensure_future(receive())
        while not gone.done():
            await send({"type": "http.response.body", "body": _CHUNK, "more_body": True})
        return
    data = b"hello"
    if scope["path"] == "/length":
        data = str(await _length(receive)).encode()
    length = str(len(data)).encode()
    headers = [(b"content-length", length), (b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": data})


async def upload(scope: Any, receive: Any, send: Any) -> None:
    """Answers with how many bytes the files of a form have."""
    from jebi.web.datastructures import UploadFile
    from jebi.web.requests import Request
    from jebi.web.responses import PlainTextResponse

    if scope["type"] != "http":
        raise RuntimeError("these scripts speak HTTP")
    async with Request(scope, receive).form() as form:
        files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
        size = sum(file.size or 0 for file in files)
    await PlainTextResponse(str(size))(scope, receive, send)


_kept: list[bytes] = []


async def leaking(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the number of its process, and keeps 1 MiB of each request."""
    if scope["type"] != "http":
        raise RuntimeError("these scripts speak HTTP")
    _kept.append(os.urandom(1 << 20))
    data = str(os.getpid()).encode()
    headers = [(b"content-length", str(len(data)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": data})


async def _length(receive: Any) -> int:
    length = 0
    while True:
        message = await receive()
        length += len(message.get("body", b""))
        if not message.get("more_body"):
            return length


async def worker(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the process's number: at once, ``/slow``, or piece by piece as ``/stream``."""
    if scope["type"] != "http":
        raise RuntimeError("these scripts speak HTTP")
    data = str(os.getpid()).encode()
    if scope["path"] == "/work":
        _work()
    if scope["path"] == "/block":
        block()
    if scope["path"] == "/slow":
        await asyncio.sleep(0.05)
    if scope["path"] == "/stream":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(4):
            await send({"type": "http.response.body", "body": b" ", "more_body": True})
            await asyncio.sleep(0.02)
        await send({"type": "http.response.body", "body": data})
        return
    headers = [(b"content-length", str(len(data) + 1).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"\n" + data})


def _work() -> None:
    """About a millisecond of Python."""
    for number in range(10_000):
        number * number


def block() -> None:
    """Holds up the loop for longer than anybody waits."""
    print(f"blocked {os.getpid()}", flush=True)
    time.sleep(120)
