"""What httpx's asynchronous client sends requests through: the engine that serves production."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import sniffio

from jebi._engine import EventLoop
from jebi.server.application import for_engine
from jebi.web.testclient._httpx import httpx
from jebi.web.testclient.asgi import DEFAULT_PORTS, as_asgi3
from jebi.web.testclient.engine import EngineExchange, Recording, note_error

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Transport(httpx.AsyncBaseTransport):
    """Runs an application for an ``httpx.AsyncClient``, in its event loop.

    On Jebi's event loop each request goes as bytes through a connection of the engine, and takes
    the path that it takes in production: by plans where the application has them. What comes back
    is what a server sends, but for ``Date`` and ``Server``. On another loop, and under Trio, the
    application is called in its ASGI form.

    Args:
        app: The application. Its lifespan is not run.
        raise_app_exceptions: Raise what the application raises, or answer 500.
        root_path: The application's prefix, as a proxy in front of it would set it.
        client: The client's address, as the application sees it.
        state: What the lifespan would have left in ``request.state``.
    """

    def __init__(
        self,
        app: Any,
        *,
        raise_app_exceptions: bool = True,
        root_path: str = "",
        client: tuple[str, int] = ("testclient", 50000),
        state: dict[str, Any] | None = None,
    ) -> None:
        self.app = app
        self.raise_app_exceptions = raise_app_exceptions
        self.root_path = root_path
        self.client = client
        self.state = {} if state is None else state
        self._application: Any = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Have the application answer, and return as soon as its answer begins."""
        if not _runs_engine():
            return await self._call_application(request)
        status, headers, body = await self.begin(request)
        return httpx.Response(status, headers=headers, stream=body, request=request)

    async def begin(
        self, request: httpx.Request
    ) -> tuple[int, list[tuple[bytes, bytes]], httpx.AsyncByteStream]:
        """Send a request through the engine; status, headers and body of the answer."""
        if self._application is None:
            recording = Recording(as_asgi3(self.app))
            native = for_engine(self.app, report=note_error, asgi=recording)
            self._application = recording if native is self.app else native
        exchange = EngineExchange(self._application, self._scope(request), request)
        status, headers = await exchange.start()
        body: httpx.AsyncByteStream
        body = _Body(exchange, exchange.body(status, headers), self.raise_app_exceptions)
        if status == 500 and self.raise_app_exceptions:
            # Raised here, and not where the body is read, which nobody may do.
            body = httpx.ByteStream(b"".join([piece async for piece in body]))
        shown = [pair for pair in headers if pair[0].lower() != b"transfer-encoding"]
        return status, shown, body

    def _scope(self, request: httpx.Request) -> dict[str, Any]:
        url = request.url
        port = DEFAULT_PORTS[url.scheme] if url.port is None else url.port
        return {
            "client": self.client,
            "server": (url.raw_host.decode("ascii"), port),
            "scheme": url.scheme,
            "root_path": self.root_path,
            "state": self.state.copy(),
        }

    async def _call_application(self, request: httpx.Request) -> httpx.Response:
        async def application(scope: Any, receive: Any, send: Any) -> None:
            scope["state"] = self.state.copy()
            await as_asgi3(self.app)(scope, receive, send)

        transport = httpx.ASGITransport(
            application,
            raise_app_exceptions=self.raise_app_exceptions,
            root_path=self.root_path,
            client=self.client,
        )
        return await transport.handle_async_request(request)


def _runs_engine() -> bool:
    asynchronous = sniffio.current_async_library() == "asyncio"
    return asynchronous and isinstance(asyncio.get_running_loop(), EventLoop)


class _Body(httpx.AsyncByteStream):
    def __init__(
        self, exchange: EngineExchange, pieces: AsyncIterator[bytes], raises: bool
    ) -> None:
        self._exchange = exchange
        self._pieces = pieces
        self._raises = raises

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._pieces:
                yield piece
        except httpx.RemoteProtocolError:
            self._raise_error()
            raise
        await self._exchange.finish()
        self._raise_error()

    def _raise_error(self) -> None:
        if self._raises and self._exchange.error is not None:
            raise self._exchange.error

    async def aclose(self) -> None:
        await self._exchange.close()
