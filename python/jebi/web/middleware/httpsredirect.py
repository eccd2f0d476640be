"""Sending clients to HTTPS."""

from __future__ import annotations

from jebi.web.datastructures import URL
from jebi.web.responses import PlainTextResponse, RedirectResponse
from jebi.web.types import ASGIApp, Receive, Scope, Send

_SECURE = {"http": "https", "ws": "wss"}


class HTTPSRedirectMiddleware:
    """Redirects ``http`` to ``https`` and ``ws`` to ``wss``."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Redirect, or let the application answer."""
        if scope["type"] not in {"http", "websocket"} or scope["scheme"] not in _SECURE:
            await self.app(scope, receive, send)
            return
        url = URL(scope=scope)
        if not url.netloc:
            response = PlainTextResponse("Invalid host header", status_code=400)
            await response(scope, receive, send)
            return
        secure = url.replace(scheme=_SECURE[url.scheme])
        if url.port in {80, 443}:
            # The port of the one scheme is not that of the other.
            secure = secure.replace(port=None)
        await RedirectResponse(secure)(scope, receive, send)
