"""ASGI 2: an application is called with the scope, and what it returns with the rest."""

from __future__ import annotations

from typing import Any


class ASGI2:
    """Serves an application written for ASGI 2."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request."""
        scope["asgi"] = scope["asgi"] | {"version": "2.0"}
        await self.application(scope)(receive, send)
