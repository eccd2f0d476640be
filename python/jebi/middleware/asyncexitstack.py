"""An exit stack around each request, for what has to outlive its exception handlers."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jebi.web.types import ASGIApp, Receive, Scope, Send


_CONTEXT_NAME = "fastapi_middleware_astack"


class AsyncExitStackMiddleware:
    """Puts an ``AsyncExitStack`` into the scope; uploaded files are closed through it."""

    def __init__(self, app: ASGIApp, context_name: str = _CONTEXT_NAME) -> None:
        """Wrap ``app``; the stack is found in the scope as ``context_name``."""
        self.app = app
        self.context_name = context_name

    def _router_within(self) -> Any:
        # Whom the engine answers for has no forms, and so nothing that the stack is for.
        within = getattr(type(self.app), "_router_within", None)
        own = type(self) is AsyncExitStackMiddleware and self.context_name == _CONTEXT_NAME
        return within(self.app) if own and within is not None else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application inside a fresh stack."""
        async with AsyncExitStack() as stack:
            scope[self.context_name] = stack
            await self.app(scope, receive, send)
