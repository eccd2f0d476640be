"""The client's end of a connection: a request as bytes, and the bytes of the answer."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from jebi.web.testclient._httpx import httpx

if TYPE_CHECKING:
    import socket

#: How much of an answer is read at a time, in bytes.
_PIECE = 1 << 16
#: How long the head of an answer may be, in bytes.
_HEAD_LIMIT = 1 << 20
_WITHOUT_BODY = {204, 304}


class Wire:
    """One request and its answer."""

    def __init__(
        self, request: httpx.Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._request = request
        self._reader = reader
        self._writer = writer
        self._sending = asyncio.create_task(self._send())
        #: What is left of the body, or of its present chunk; ``None`` until the connection ends.
        self._left: int | None = 0
        self._chunks = 0
        self._is_chunked = False

    @classmethod
    async def open(cls, request: httpx.Request, ours: socket.socket) -> Wire:
        """Begin to send ``request`` over ``ours``."""
        return cls(request, *await asyncio.open_connection(sock=ours, limit=_HEAD_LIMIT))

    async def _send(self) -> None:
        request = self._request
        lines = [b"%s %s HTTP/1.1" % (request.method.encode(), request.url.raw_path)]
        lines += [b"%s: %s" % pair for pair in request.headers.raw]
        is_chunked = "transfer-encoding" in request.headers
        with contextlib.suppress(ConnectionError):
            self._writer.write(b"\r\n".join([*lines, b"", b""]))
            assert isinstance(request.stream, httpx.AsyncByteStream)
            async for piece in request.stream:
                if piece and is_chunked:
                    piece = b"%x\r\n%s\r\n" % (len(piece), piece)
                self._writer.write(piece)
                await self._writer.drain()
            if is_chunked:
                self._writer.write(b"0\r\n\r\n")

    async def head(self) -> tuple[int, list[tuple[bytes, bytes]]]:
        """Status and headers of the answer; what comes ahead of it is skipped.

        Raises:
            IncompleteReadError: The connection ended.
            ConnectionError: It was cut.
        """
        status, pairs = 100, [(b"", b"")]
        while status < 200:
            head = await self._reader.readuntil(b"\r\n\r\n")
            first, *lines = head[:-4].split(b"\r\n")
            status = int(first.split(b" ")[1])
            parts = [line.partition(b":") for line in lines]
            pairs = [(name, value.strip()) for name, _, value in parts]
        if self._request.method != "HEAD" and status not in _WITHOUT_BODY:
            fields = {name.lower(): value for name, value in pairs}
            self._is_chunked = fields.get(b"transfer-encoding") == b"chunked"
            if not self._is_chunked:
                length = fields.get(b"content-length")
                self._left = None if length is None else int(length)
        return status, pairs

    @property
    def is_at_end(self) -> bool:
        """Whether it is known that no more of the body comes."""
        return self._left == 0 and not self._is_chunked

    async def read(self, most: int = _PIECE) -> bytes:
        """Up to ``most`` bytes of the body; none at its end.

        Raises:
            IncompleteReadError: The connection ended before the body.
            ConnectionError: It was cut.
        """
        if self._left == 0 and self._is_chunked:
            await self._next_chunk()
        if self._left == 0:
            return b""
        piece = await self._reader.read(most if self._left is None else min(most, self._left))
        if self._left is not None:
            if not piece:
                raise asyncio.IncompleteReadError(b"", self._left)
            self._left -= len(piece)
        elif not piece:
            self._left = 0
        return piece

    async def read_exactly(self, size: int) -> bytes:
        """The next ``size`` bytes of the body, or what there is if it ends before."""
        pieces = []
        while size and (piece := await self.read(size)):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    async def _next_chunk(self) -> None:
        if self._chunks:
            await self._reader.readexactly(2)
        self._chunks += 1
        self._left = int(await self._reader.readuntil(b"\r\n"), 16)
        self._is_chunked = self._left > 0

    def break_off(self) -> None:
        """Have whoever waits for the answer learn that none comes."""
        self._reader.feed_eof()

    async def close(self) -> None:
        """Hang up."""
        self._sending.cancel()
        self._writer.close()
        await asyncio.gather(self._sending, return_exceptions=True)
