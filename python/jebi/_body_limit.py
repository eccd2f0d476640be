"""Limits on request bodies: what comes of a body that is too long, wherever it is noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jebi.exception_handlers import http_exception_handler
from jebi.web.exceptions import HTTPException
from jebi.web.middleware.body_limit import (
    MAX_BODY_SIZE_SCOPE_KEY,
    RequestBodyLimitMiddleware,
    _RequestBodyLimitResponseSent,
    _RequestBodyTooLarge,
)
from jebi.web.requests import Request

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from jebi.web.types import ASGIApp, Message, Receive, Scope, Send

_ERRORS = (_RequestBodyTooLarge, _RequestBodyLimitResponseSent)


def limit_error(error: BaseException) -> Exception | None:
    """The limit's own exception in ``error``; ``None`` if there is anything else in it.

    Middleware may read the body in a task group, which wraps what is raised in it. Where an answer
    was sent already, that is what counts.
    """
    if isinstance(error, BaseExceptionGroup):
        if error.split(_ERRORS)[1] is not None:
            return None
        return limit_error((error.subgroup(_RequestBodyLimitResponseSent) or error).exceptions[0])
    return error if isinstance(error, _ERRORS) else None


def limit_body(app: ASGIApp, max_body_size: int | None) -> ASGIApp:
    """The application, refusing bodies of more bytes than that."""
    if max_body_size is None:
        return app
    return RequestBodyLimitMiddleware(_Unwrapped(app), max_body_size=max_body_size)


class _Unwrapped:
    """Lets the limit see its own exceptions."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except BaseExceptionGroup as group:
            error = limit_error(group)
            if error is None:
                raise
            raise error from group


class AppBodyLimitMiddleware:
    """The limit of an application, or of the one that it is mounted in.

    A mounted application answers 413 itself: the handler of server errors stands between it and
    the limit, and would answer 500.
    """

    def __init__(self, app: ASGIApp, max_body_size: int | None) -> None:
        """Limit ``app``; ``None`` leaves the limit to those around it."""
        self.app = limit_body(app, max_body_size)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer a connection."""
        # No coroutine around another where nothing is limited.
        answer = self._answer if MAX_BODY_SIZE_SCOPE_KEY in scope else self.app
        return answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watching_send(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watching_send)
        except Exception as error:
            found = limit_error(error)
            if started or not isinstance(found, HTTPException):
                raise
            response = await http_exception_handler(Request(scope, receive), found)
            await response(scope, receive, send)
