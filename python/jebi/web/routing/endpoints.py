"""Functions as ASGI applications."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

from jebi._engine import watch_send
from jebi.web._exception_handler import (
    HANDLERS_KEY,
    NO_HANDLERS,
    answer_exception,
    wrap_app_handling_exceptions,
)
from jebi.web._utils import is_async_callable
from jebi.web.concurrency import run_in_threadpool
from jebi.web.requests import Request
from jebi.web.websockets import WebSocket

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from jebi.web.responses import Response
    from jebi.web.types import ASGIApp, Receive, Scope, Send


def request_response(func: Callable[[Request], Awaitable[Response] | Response]) -> ASGIApp:
    """The application that answers with what ``func`` returns for the request.

    Tools that trace applications replace it in ``jebi.web.routing``; routes look it up there.
    """
    answer: Callable[[Request], Awaitable[Response]]
    answer = func if is_async_callable(func) else functools.partial(run_in_threadpool, func)  # type: ignore[call-arg,assignment]  # mypy follows no partial of a ParamSpec

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request: Request = Request(scope, receive, send)
        # The function may hand the scope to an application with handlers of its own.
        handlers = scope.get(HANDLERS_KEY, NO_HANDLERS)
        watched = watch_send(send)
        try:
            response = await answer(request)
            await response(scope, receive, watched)
        except Exception as error:
            if not await answer_exception(error, handlers, request, receive, watched):
                raise

    app.function = func  # type: ignore[attr-defined]  # for the native form
    return app


def websocket_session(func: Callable[[WebSocket], Awaitable[None]]) -> ASGIApp:
    """The application that hands the WebSocket to ``func``; replaced as the other one is."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        websocket: WebSocket = WebSocket(scope, receive, send)

        async def converse(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - an ASGI application takes them
            await func(websocket)

        await wrap_app_handling_exceptions(converse, websocket)(scope, receive, send)

    return app


def is_plain_function(endpoint: Any) -> bool:
    """Whether an endpoint is to be called with a request; anything else is an application."""
    while isinstance(endpoint, functools.partial):
        endpoint = endpoint.func
    return inspect.isfunction(endpoint) or inspect.ismethod(endpoint)
