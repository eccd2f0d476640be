"""An exit stack around each request, for what has to outlive its exception handlers."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jebi.web.types import ASGIApp, Receive, Scope, Send


class AsyncExitStackMiddleware:
    """Puts an ``AsyncExitStack`` into the scope; uploaded files are closed through it."""

    def __init__(self, app: ASGIApp, context_name: str = "fastapi_middleware_astack") -> None:
        """Wrap ``app``; the stack is found in the scope as ``context_name``."""
        self.app = app
        self.context_name = context_name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application inside a fresh stack."""
        async with AsyncExitStack() as stack:
            scope[self.context_name] = stack
            await self.app(scope, receive, send)
