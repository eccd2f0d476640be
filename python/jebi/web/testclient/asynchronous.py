"""What httpx's asynchronous client sends requests through: the engine that serves production."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import sniffio

from jebi._engine import EventLoop
from jebi.web.testclient._httpx import httpx
from jebi.web.testclient.asgi import DEFAULT_PORTS, as_asgi3
from jebi.web.testclient.engine import EngineExchange, served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from jebi.web.testclient.sent import Sent


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
        exchange = await self.begin(request)
        body = _Body(exchange, self.raise_app_exceptions)
        response = httpx.Response(
            exchange.status, headers=shown(exchange.headers), stream=body, request=request
        )
        add_extensions(response, exchange.sent)
        return response

    async def begin(self, request: httpx.Request) -> EngineExchange:
        """Send a request through the engine, whose answer has begun then."""
        if self._application is None:
            self._application = served(self.app)
        exchange = EngineExchange(self._application, self._scope(request), request)
        await exchange.start()
        return exchange

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


def shown(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Headers without those that only say how the answer travelled."""
    return [pair for pair in headers if pair[0].lower() != b"transfer-encoding"]


def add_extensions(response: httpx.Response, sent: Sent) -> None:
    """Put what an application said beside its answer on the response."""
    if sent.trailers is not None:
        response.extensions["http.response.trailers"] = sent.trailers
    info = sent.debug_info
    if info is not None:
        response.extensions["http.response.debug"] = info
        for name in info.keys() & {"template", "context"}:
            setattr(response, name, info[name])


class _Body(httpx.AsyncByteStream):
    def __init__(self, exchange: EngineExchange, raises: bool) -> None:
        self._exchange = exchange
        self._raises = raises

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while piece := await self._exchange.next_piece():
                yield piece
        except httpx.RemoteProtocolError:
            self._raise_error()
            raise
        await self.aclose()

    def _raise_error(self) -> None:
        if self._raises and self._exchange.error is not None:
            raise self._exchange.error

    async def aclose(self) -> None:
        await self._exchange.leave()
        self._raise_error()
