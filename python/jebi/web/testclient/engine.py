"""One request through the engine that serves production: bytes, over a pair of sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Any

from jebi._engine import HttpServer
from jebi.web.testclient._httpx import httpx

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from jebi.web.requests import Request
    from jebi.web.types import ASGIApp, Receive, Scope, Send

#: Where a scope says which exchange it belongs to.
_KEY = "jebi.testclient"
#: Nobody is timed: whoever tests may look at the application with a debugger.
_ENDLESS: dict[str, Any] = dict.fromkeys(
    ("header_timeout", "keep_alive_timeout", "body_timeout", "write_timeout"), 1e9
)
_PATIENCE = 0.001
_WITHOUT_BODY = {204, 304}
#: How much of an answer is read at a time, in bytes.
_PIECE = 1 << 16


class Recording:
    """An application in its ASGI form, whose errors and ends are noted in the exchange."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __getattr__(self, name: str) -> Any:
        return getattr(self._app, name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a connection."""
        exchange: EngineExchange = scope.pop(_KEY)
        exchange.begin()
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            exchange.error = error
            raise
        finally:
            exchange.over.set()


def note_error(request: Request, error: Exception) -> None:
    """Note in the exchange of ``request`` what no handler wanted."""
    request.scope[_KEY].error = error


class EngineExchange:
    """A request on a server of its own, and the answer as it comes.

    Args:
        application: What the server serves: the native form of an application, or its ASGI form.
        scope: What the scope says beside what is in the request.
        request: What is asked.
    """

    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter
    _sending: asyncio.Task[None]

    def __init__(self, application: Any, scope: dict[str, Any], request: httpx.Request) -> None:
        self._request = request
        self.error: Exception | None = None
        self.over = asyncio.Event()
        self.over.set()
        self._server = HttpServer(
            asyncio.get_running_loop(),  # type: ignore[arg-type]  # whoever calls has looked
            [],
            application,
            server_header=False,
            date_header=False,
            websockets=False,
            http2=False,
            scope={**scope, _KEY: self},
            **_ENDLESS,
        )

    def begin(self) -> None:
        """From here on there is an application to wait for."""
        self.over.clear()

    async def start(self) -> tuple[int, list[tuple[bytes, bytes]]]:
        """Send the request; the status and the headers of the answer."""
        ours, theirs = socket.socketpair()
        with theirs:
            self._server.start()
            self._server.adopt(theirs)
        self._reader, self._writer = await asyncio.open_connection(sock=ours, limit=1 << 20)
        self._sending = asyncio.create_task(self._send())
        try:
            while True:
                status, headers = await self._head()
                if status >= 200:
                    return status, headers
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            await self.finish()
            raise httpx.RemoteProtocolError("There was no answer.") from self.error or error

    async def _send(self) -> None:
        request = self._request
        target = request.url.raw_path
        lines = [b"%s %s HTTP/1.1" % (request.method.encode(), target)]
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

    async def _head(self) -> tuple[int, list[tuple[bytes, bytes]]]:
        head = await self._reader.readuntil(b"\r\n\r\n")
        first, *lines = head[:-4].split(b"\r\n")
        pairs = [line.partition(b":") for line in lines]
        return int(first.split(b" ")[1]), [(name, value.strip()) for name, _, value in pairs]

    async def body(self, status: int, headers: list[tuple[bytes, bytes]]) -> AsyncIterator[bytes]:
        """The answer's body, as it comes."""
        fields = {name.lower(): value for name, value in headers}
        if self._request.method == "HEAD" or status in _WITHOUT_BODY:
            return
        try:
            async for piece in self._pieces(fields):
                yield piece
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            await self.finish()
            raise httpx.RemoteProtocolError("The answer broke off.") from self.error or error

    async def _pieces(self, fields: dict[bytes, bytes]) -> AsyncIterator[bytes]:
        reader = self._reader
        if fields.get(b"transfer-encoding") == b"chunked":
            while size := int(await reader.readuntil(b"\r\n"), 16):
                yield await reader.readexactly(size)
                await reader.readexactly(2)
            return
        if b"content-length" not in fields:
            while piece := await reader.read(_PIECE):
                yield piece
            return
        left = int(fields[b"content-length"])
        while left:
            piece = await reader.read(min(left, _PIECE))
            if not piece:
                raise asyncio.IncompleteReadError(b"", left)
            left -= len(piece)
            yield piece

    async def finish(self) -> None:
        """Wait for what the application does after its answer, and let go of the server."""
        await self.over.wait()
        while self._server.running:
            await asyncio.sleep(_PATIENCE)
        await self.close()

    async def close(self) -> None:
        """Hang up; an application that is not done learns of it as from a server."""
        self._sending.cancel()
        self._writer.close()
        self._server.shutdown()
        await asyncio.gather(self._sending, return_exceptions=True)
