"""The request's body as a file that a thread reads."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from typing_extensions import Buffer

AHEAD = 64 * 1024
"""A body of up to so many bytes is read before the application is called."""


async def receive_body(receive: Any, loop: asyncio.AbstractEventLoop) -> BinaryIO:
    """The body as a file: in memory if it is short, otherwise read as it is asked for."""
    start = bytearray()
    while len(start) < AHEAD:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        start += message.get("body", b"")
        if not message.get("more_body"):
            return io.BytesIO(bytes(start))
    return io.BufferedReader(_Stream(bytes(start), receive, loop), AHEAD)


class _Stream(io.RawIOBase):
    """What comes from the loop, piece by piece. Reading blocks the thread, not the loop."""

    def __init__(self, start: bytes, receive: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._piece = memoryview(start)
        self._receive = receive
        self._loop = loop
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """Fill ``buffer`` with what there is.

        Raises:
            ConnectionResetError: The client left in the middle of the body.
        """
        while not self._piece and not self._ended:
            future = asyncio.run_coroutine_threadsafe(self._next(), self._loop)
            self._piece = memoryview(future.result())
        with memoryview(buffer) as room:
            count = min(len(room), len(self._piece))
            room[:count] = self._piece[:count]
        self._piece = self._piece[count:]
        return count

    async def _next(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError("the client left in the middle of the request's body")
        self._ended = not message.get("more_body")
        body: bytes = message.get("body", b"")
        return body
