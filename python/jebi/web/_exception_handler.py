"""Answering exceptions with the handlers that an application registered."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from jebi._engine import has_started, watch_send
from jebi.web._utils import is_async_callable
from jebi.web.concurrency import run_in_threadpool
from jebi.web.exceptions import HTTPException
from jebi.web.requests import Request
from jebi.web.types import ASGIApp, ExceptionHandler, Receive, Scope, Send
from jebi.web.websockets import WebSocket

if TYPE_CHECKING:
    from collections.abc import Callable


ExceptionHandlers = dict[Any, ExceptionHandler]
StatusHandlers = dict[int, ExceptionHandler]
Handlers = tuple[ExceptionHandlers, StatusHandlers]

#: Where ``ExceptionMiddleware`` leaves the handlers in the scope; the name is Starlette's.
HANDLERS_KEY = "starlette.exception_handlers"

#: Those of a connection that no ``ExceptionMiddleware`` has seen.
NO_HANDLERS: Handlers = ({}, {})


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
    """What ``handler`` makes of ``error``; one that is not a coroutine runs in a thread.

    A coroutine finds the exception being handled, as ``logging.exception`` asks for it.
    """
    if not is_async_callable(handler):
        return await run_in_threadpool(handler, conn, error)
    if sys.exception() is error:
        return await handler(conn, error)
    traceback = error.__traceback__
    try:
        raise error
    except type(error):
        error.__traceback__ = traceback  # without this place
        return await handler(conn, error)


async def answer_exception(
    error: Exception,
    handlers: Handlers,
    conn: Request | WebSocket,
    receive: Receive,
    send: Send,
) -> bool:
    """Have its handler answer ``error``, which was caught; ``False`` where there is none.

    ``send`` is what ``watch_send`` made, and all that the application could send by.
    """
    handler = find_handler(error, *handlers)
    if handler is None:
        return False
    if has_started(send):
        raise RuntimeError("Caught handled exception, but response already started.") from error
    response = await call_handler(handler, conn, error)
    if response is not None:
        await response(conn.scope, receive, send)
    # An exception object that is raised again and again would keep every request alive.
    error.__traceback__ = None
    return True


def wrap_app_handling_exceptions(app: ASGIApp, conn: Request | WebSocket) -> ASGIApp:
    """Have the handlers of the scope of ``conn`` answer what ``app`` raises."""
    handlers: Handlers = conn.scope.get(HANDLERS_KEY, NO_HANDLERS)

    async def handling_app(scope: Scope, receive: Receive, send: Send) -> None:
        watched = watch_send(send)
        try:
            await app(scope, receive, watched)
        except Exception as error:
            if not await answer_exception(error, handlers, conn, receive, watched):
                raise

    return handling_app
