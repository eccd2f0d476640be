"""Answering exceptions with the handlers that an application registered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from jebi.web._utils import is_async_callable
from jebi.web.concurrency import run_in_threadpool
from jebi.web.exceptions import HTTPException
from jebi.web.requests import Request
from jebi.web.types import ASGIApp, ExceptionHandler, Message, Receive, Scope, Send
from jebi.web.websockets import WebSocket

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


ExceptionHandlers = dict[Any, ExceptionHandler]
StatusHandlers = dict[int, ExceptionHandler]

#: Where ``ExceptionMiddleware`` leaves the handlers in the scope; the name is Starlette's.
HANDLERS_KEY = "starlette.exception_handlers"


def find_handler(
    error: Exception, by_class: ExceptionHandlers, by_status: StatusHandlers
) -> ExceptionHandler | None:
    """The handler for ``error``: that of its status, else that of its nearest class."""
    if isinstance(error, HTTPException) and error.status_code in by_status:
        return by_status[error.status_code]
    for cls in type(error).__mro__:
        if cls in by_class:
            return by_class[cls]
    return None


async def call_handler(
    handler: Callable[..., Any], conn: Request | WebSocket, error: Exception
) -> Any:
    """What ``handler`` makes of ``error``; one that is not a coroutine runs in a thread."""
    if is_async_callable(handler):
        return await handler(conn, error)
    return await run_in_threadpool(handler, conn, error)


def wrap_app_handling_exceptions(app: ASGIApp, conn: Request | WebSocket) -> ASGIApp:
    """Have the handlers of the scope of ``conn`` answer what ``app`` raises."""
    by_class, by_status = cast(
        "tuple[ExceptionHandlers, StatusHandlers]", conn.scope.get(HANDLERS_KEY, ({}, {}))
    )

    async def handling_app(scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        # Not a coroutine function: every message would pay for one.
        def watching_send(message: Message) -> Awaitable[None]:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            return send(message)

        try:
            await app(scope, receive, watching_send)
        except Exception as error:
            handler = find_handler(error, by_class, by_status)
            if handler is None:
                raise
            if started:
                raise RuntimeError(
                    "Caught handled exception, but response already started."
                ) from error
            response = await call_handler(handler, conn, error)
            if response is not None:
                await response(scope, receive, watching_send)
            # An exception object that is raised again and again would keep every request alive.
            error.__traceback__ = None

    return handling_app
