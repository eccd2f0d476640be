"""What httpx sends requests through: straight into the application."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from jebi.web.testclient._httpx import httpx
from jebi.web.testclient.asgi import scope_of
from jebi.web.testclient.asynchronous import Transport, add_extensions, shown
from jebi.web.testclient.exchange import Exchange
from jebi.web.testclient.websocket import Upgrade, WebSocketTestSession

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from anyio.from_thread import BlockingPortal

    from jebi.web.testclient.asgi import ASGI3App, PortalFactory
    from jebi.web.testclient.engine import EngineExchange


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
        self._exchanges: list[Exchange | EngineBody] = []

    def close(self) -> None:
        """Cancel what the client has not read to its end."""
        with ExitStack() as stack:
            for exchange in self._open_exchanges():
                stack.callback(exchange.abort)
        self._exchanges.clear()

    def _open_exchanges(self) -> list[Exchange | EngineBody]:
        return [exchange for exchange in self._exchanges if exchange.is_open]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Call the application and return as soon as its response begins."""
        scope = scope_of(request, self.root_path, self.client, self.app_state)
        if scope["type"] == "websocket":
            raise Upgrade(WebSocketTestSession(self.app, scope, self.portal_factory))
        exchange = Exchange(self.app, scope, request)
        exchange.start(self.portal_factory, self.raise_server_exceptions)
        if exchange.sent.status is None:
            if self.raise_server_exceptions:
                raise AssertionError("TestClient did not receive any response.")
            response = httpx.Response(500, stream=httpx.ByteStream(b""), request=request)
        else:
            self._exchanges = [*self._open_exchanges(), exchange]
            response = httpx.Response(
                exchange.sent.status,
                headers=exchange.sent.headers,
                stream=_Body(exchange),
                request=request,
            )
        add_extensions(response, exchange.sent)
        return response


class EngineTransport(AppTransport):
    """Sends each request through the engine; WebSockets are the application's alone."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Have the engine answer, and return as soon as its answer begins.

        What a server refuses by itself, so that no application hears of it, is handed to this one
        all the same: it may have something to say of a malformed ``Host``.
        """
        if request.url.scheme in {"ws", "wss"} or not _can_be_sent(request):
            return super().handle_request(request)
        with ExitStack() as stack:
            portal = stack.enter_context(self.portal_factory())
            exchange = portal.call(self._engine.begin, request)
            if exchange.was_refused:
                portal.call(exchange.leave)
                stack.close()
                return super().handle_request(request)
            body = EngineBody(exchange, portal, self.raise_server_exceptions, stack.pop_all())
        if exchange.is_servers:
            return self._without_answer(request, body)
        self._exchanges = [*self._open_exchanges(), body]
        response = httpx.Response(
            exchange.status, headers=shown(exchange.headers), stream=body, request=request
        )
        add_extensions(response, exchange.sent)
        return response

    def _without_answer(self, request: httpx.Request, body: EngineBody) -> httpx.Response:
        body.close()
        if self.raise_server_exceptions:
            raise AssertionError("TestClient did not receive any response.")
        return httpx.Response(500, stream=httpx.ByteStream(b""), request=request)

    @cached_property
    def _engine(self) -> Transport:
        return Transport(
            self.given,
            raise_app_exceptions=self.raise_server_exceptions,
            root_path=self.root_path,
            client=self.client,
            state=self.app_state,
        )


def _can_be_sent(request: httpx.Request) -> bool:
    """Whether the headers tell the truth of the body, without which there is no framing."""
    size = str(len(request.read()))
    return request.headers.get("content-length", size) == size


class EngineBody(httpx.SyncByteStream):
    """The body of an answer, as it comes from the engine."""

    def __init__(
        self, exchange: EngineExchange, portal: BlockingPortal, raises: bool, stack: ExitStack
    ) -> None:
        self._exchange = exchange
        self._portal = portal
        self._raises = raises
        self._stack = stack
        self._is_left = False

    def __iter__(self) -> Iterator[bytes]:
        return self._read()

    def _read(self) -> Generator[bytes, None, None]:
        try:
            while piece := self._portal.call(self._exchange.next_piece):
                yield piece
        except httpx.RemoteProtocolError:
            # That the application failed is told otherwise, or not at all.
            if self._exchange.error is None:
                raise
        self.close()

    @property
    def is_open(self) -> bool:
        """Whether the application still runs."""
        return self._exchange.is_open

    def abort(self) -> None:
        """Cancel the application."""
        self._leave(cancel=True)

    def close(self) -> None:
        """Let go of the response; what the application raised is raised here."""
        self._leave(cancel=False)

    def _leave(self, *, cancel: bool) -> None:
        if self._is_left:
            return
        self._is_left = True
        with self._stack:
            self._portal.call(partial(self._exchange.leave, cancel=cancel))
        # It holds all that the application had when it failed.
        error, self._exchange.error = self._exchange.error, None
        if self._raises and error is not None:
            raise error
