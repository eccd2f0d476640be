"""What httpx sends requests through: straight into the application."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Any

from jebi.web.testclient._httpx import httpx
from jebi.web.testclient.asgi import scope_of
from jebi.web.testclient.asynchronous import Transport
from jebi.web.testclient.exchange import Exchange
from jebi.web.testclient.websocket import Upgrade, WebSocketTestSession

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anyio.from_thread import BlockingPortal

    from jebi.web.testclient.asgi import ASGI3App, PortalFactory


class _Body(httpx.SyncByteStream):
    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def __iter__(self) -> Iterator[bytes]:
        return self._exchange.body()

    def close(self) -> None:
        self._exchange.close()


class AppTransport(httpx.BaseTransport):
    """Calls ``app`` for each request."""

    def __init__(
        self,
        app: ASGI3App,
        portal_factory: PortalFactory,
        raise_server_exceptions: bool,
        root_path: str,
        client: tuple[str, int],
        app_state: dict[str, Any],
        given: Any = None,
    ) -> None:
        self.app = app
        #: The application as it was given, in whichever form.
        self.given = app if given is None else given
        self.portal_factory = portal_factory
        self.raise_server_exceptions = raise_server_exceptions
        self.root_path = root_path
        self.client = client
        self.app_state = app_state
        self._exchanges: list[Exchange] = []

    def close(self) -> None:
        """Cancel what the client has not read to its end."""
        with ExitStack() as stack:
            for exchange in self._open_exchanges():
                stack.callback(exchange.abort)
        self._exchanges.clear()

    def _open_exchanges(self) -> list[Exchange]:
        return [exchange for exchange in self._exchanges if exchange.is_open]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Call the application and return as soon as its response begins."""
        scope = scope_of(request, self.root_path, self.client, self.app_state)
        if scope["type"] == "websocket":
            raise Upgrade(WebSocketTestSession(self.app, scope, self.portal_factory))
        exchange = Exchange(self.app, scope, request)
        exchange.start(self.portal_factory, self.raise_server_exceptions)
        if exchange.status is None:
            if self.raise_server_exceptions:
                raise AssertionError("TestClient did not receive any response.")
            response = httpx.Response(500, stream=httpx.ByteStream(b""), request=request)
        else:
            self._exchanges = [*self._open_exchanges(), exchange]
            response = httpx.Response(
                exchange.status, headers=exchange.headers, stream=_Body(exchange), request=request
            )
        _add_extensions(response, exchange)
        return response


class EngineTransport(AppTransport):
    """Sends each request through the engine; WebSockets are the application's alone."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Have the engine answer, and return as soon as its answer begins."""
        if request.url.scheme in {"ws", "wss"}:
            return super().handle_request(request)
        request.read()
        with ExitStack() as stack:
            portal = stack.enter_context(self.portal_factory())
            status, headers, body = portal.call(self._engine.begin, request)
            stack.callback(portal.call, body.aclose)
            stream = _EngineBody(portal, body, stack.pop_all())
        return httpx.Response(status, headers=headers, stream=stream, request=request)

    @cached_property
    def _engine(self) -> Transport:
        return Transport(
            self.given,
            raise_app_exceptions=self.raise_server_exceptions,
            root_path=self.root_path,
            client=self.client,
            state=self.app_state,
        )


class _EngineBody(httpx.SyncByteStream):
    def __init__(
        self, portal: BlockingPortal, body: httpx.AsyncByteStream, stack: ExitStack
    ) -> None:
        self._portal = portal
        self._pieces = body.__aiter__()
        self._stack = stack

    def __iter__(self) -> Iterator[bytes]:
        while (piece := self._portal.call(self._next)) is not None:
            yield piece

    async def _next(self) -> bytes | None:
        return await anext(self._pieces, None)

    def close(self) -> None:
        self._stack.close()


def _add_extensions(response: httpx.Response, exchange: Exchange) -> None:
    if exchange.trailers is not None:
        response.extensions["http.response.trailers"] = exchange.trailers
    info = exchange.debug_info
    if info is not None:
        response.extensions["http.response.debug"] = info
        for name in info.keys() & {"template", "context"}:
            setattr(response, name, info[name])
