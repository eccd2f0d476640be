"""Finding out who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jebi.web.authentication import (
    AuthCredentials,
    AuthenticationBackend,
    AuthenticationError,
    UnauthenticatedUser,
)
from jebi.web.requests import HTTPConnection
from jebi.web.responses import PlainTextResponse, Response
from jebi.web.types import ASGIApp, Receive, Scope, Send

if TYPE_CHECKING:
    from collections.abc import Callable


class AuthenticationMiddleware:
    """Sets ``request.user`` and ``request.auth`` as ``backend`` says.

    ``on_error`` answers when the backend raises ``AuthenticationError``; by default with 400.
    """

    def __init__(
        self,
        app: ASGIApp,
        backend: AuthenticationBackend,
        on_error: Callable[[HTTPConnection, AuthenticationError], Response] | None = None,
    ) -> None:
        self.app = app
        self.backend = backend
        self.on_error: Callable[[HTTPConnection, AuthenticationError], Response] = (
            on_error or self.default_on_error
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Authenticate and let the application answer."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        conn: HTTPConnection = HTTPConnection(scope)
        try:
            found = await self.backend.authenticate(conn)
        except AuthenticationError as error:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1000})
            else:
                await self.on_error(conn, error)(scope, receive, send)
            return
        scope["auth"], scope["user"] = found or (AuthCredentials(), UnauthenticatedUser())
        await self.app(scope, receive, send)

    @staticmethod
    def default_on_error(conn: HTTPConnection, exc: Exception) -> Response:  # noqa: ARG004 - as every on_error takes it
        """The answer when nothing else is said."""
        return PlainTextResponse(str(exc), status_code=400)
