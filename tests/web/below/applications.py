"""Applications, and ``BaseHTTPMiddleware`` before them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from jebi.web.middleware.base import BaseHTTPMiddleware
from jebi.web.responses import PlainTextResponse, Response

if TYPE_CHECKING:
    from jebi.web.middleware.base import DispatchFunction
    from jebi.web.requests import Request
    from jebi.web.types import ASGIApp


async def passing(request: Request, call_next: Any) -> Response:
    response: Response = await call_next(request)
    return response


def behind(app: ASGIApp, *dispatches: DispatchFunction) -> ASGIApp:
    for dispatch in reversed(dispatches or (passing,)):
        app = BaseHTTPMiddleware(app, dispatch=dispatch)
    return app


async def plain(scope: Any, receive: Any, send: Any) -> None:
    await PlainTextResponse("plain")(scope, receive, send)


async def late(scope: Any, receive: Any, send: Any) -> None:
    await asyncio.sleep(0)
    await plain(scope, receive, send)
