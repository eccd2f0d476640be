"""Answering the exceptions that an application raises on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jebi._engine import watch_send
from jebi.web._exception_handler import (
    HANDLERS_KEY,
    ExceptionHandlers,
    StatusHandlers,
    answer_exception,
)
from jebi.web.exceptions import HTTPException, WebSocketException
from jebi.web.requests import Request
from jebi.web.responses import PlainTextResponse, Response
from jebi.web.types import ASGIApp, ExceptionHandler, Receive, Scope, Send
from jebi.web.websockets import WebSocket

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jebi.web.routing import Router


class ExceptionMiddleware:
    """Answers an exception with the handler of its status or of its class."""

    def __init__(
        self,
        app: ASGIApp,
        handlers: Mapping[Any, ExceptionHandler] | None = None,
        debug: bool = False,
    ) -> None:
        self.app = self._within = app
        # The router, if there is nothing but that below: the engine may answer in its place.
        within = getattr(type(app), "_router_within", None)
        self._router: Router | None = None if within is None else within(app)
        self.debug = debug
        self._status_handlers: StatusHandlers = {}
        self._exception_handlers: ExceptionHandlers = {
            HTTPException: self.http_exception,
            WebSocketException: self.websocket_exception,
        }
        for key, handler in (handlers or {}).items():
            self.add_exception_handler(key, handler)

    def add_exception_handler(
        self, exc_class_or_status_code: int | type[Exception], handler: ExceptionHandler
    ) -> None:
        """Answer a status, or a class and its subclasses, with ``handler``."""
        if isinstance(exc_class_or_status_code, int):
            self._status_handlers[exc_class_or_status_code] = handler
        else:
            assert issubclass(exc_class_or_status_code, Exception)
            self._exception_handlers[exc_class_or_status_code] = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application, here and in its routes, with the handlers at hand."""
        kind = scope["type"]
        if kind not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        handlers = (self._exception_handlers, self._status_handlers)
        scope[HANDLERS_KEY] = handlers
        watched = watch_send(send)
        try:
            router = self._router if kind == "http" and self.app is self._within else None
            core = None if router is None else router._core()
            run = None if core is None else core.begin(scope, receive, watched, handlers)
            await (self.app(scope, receive, watched) if run is None else run)
        except Exception as error:
            conn: Request | WebSocket
            if kind == "http":
                conn = Request(scope, receive, send)
            else:
                conn = WebSocket(scope, receive, send)
            if not await answer_exception(error, handlers, conn, receive, watched):
                raise

    async def http_exception(self, request: Request, exc: Exception) -> Response:  # noqa: ARG002 - a handler's signature
        """The answer to an ``HTTPException``: its detail as text."""
        assert isinstance(exc, HTTPException)
        if exc.status_code in {204, 304}:
            return Response(status_code=exc.status_code, headers=exc.headers)
        return PlainTextResponse(exc.detail, status_code=exc.status_code, headers=exc.headers)

    async def websocket_exception(self, websocket: WebSocket, exc: Exception) -> None:
        """The answer to a ``WebSocketException``: its close code."""
        assert isinstance(exc, WebSocketException)
        await websocket.close(code=exc.code, reason=exc.reason)
