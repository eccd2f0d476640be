"""Answering the exceptions that nobody meant to raise."""

from __future__ import annotations

import traceback

from jebi._engine import has_started, watch_send
from jebi.web._exception_handler import call_handler
from jebi.web._observer import OBSERVER_KEY, Observer
from jebi.web._utils import is_async_callable as is_async_callable
from jebi.web.concurrency import run_in_threadpool
from jebi.web.requests import Request
from jebi.web.responses import HTMLResponse, PlainTextResponse, Response
from jebi.web.types import ASGIApp, ExceptionHandler, Receive, Scope, Send


class ServerErrorMiddleware:
    """Answers 500, then lets the exception go on, for the server to log it.

    ``handler`` makes the answer when there is one. With ``debug`` the answer shows the traceback.
    """

    def __init__(
        self,
        app: ASGIApp,
        handler: ExceptionHandler | None = None,
        debug: bool = False,
    ) -> None:
        self.app = app
        self.handler = handler
        self.debug = debug

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        watched = watch_send(send)
        try:
            await self.app(scope, receive, watched)
        except Exception as error:
            observer: Observer | None = scope.get(OBSERVER_KEY)
            if observer is not None:
                observer.exception_raised(error)
            response = await self._response(Request(scope), error)
            if not has_started(watched):
                await response(scope, receive, send)
            raise

    async def _response(self, request: Request, error: Exception) -> Response:
        if self.debug:
            # Tracebacks read source files.
            return await run_in_threadpool(self.debug_response, request, error)
        if self.handler is None:
            return self.error_response(request, error)
        response: Response = await call_handler(self.handler, request, error)
        return response

    def generate_html(self, exc: Exception, limit: int = 7) -> str:
        """The traceback as a page, with ``limit`` lines of source around each call."""
        from jebi.web.middleware._traceback_page import traceback_page

        return traceback_page(exc, limit)

    def generate_plain_text(self, exc: Exception) -> str:
        """The traceback as text."""
        return "".join(traceback.format_exception(exc))

    def debug_response(self, request: Request, exc: Exception) -> Response:
        """The answer under ``debug``: a page for browsers, text for others."""
        if "text/html" in request.headers.get("accept", ""):
            return HTMLResponse(self.generate_html(exc), status_code=500)
        return PlainTextResponse(self.generate_plain_text(exc), status_code=500)

    def error_response(self, request: Request, exc: Exception) -> Response:  # noqa: ARG002 - a handler's signature
        """The answer when nothing else is said."""
        return PlainTextResponse("Internal Server Error", status_code=500)
