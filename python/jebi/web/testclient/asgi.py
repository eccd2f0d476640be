"""The two forms of ASGI applications, and the scope of a request to one."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, TypeGuard
from urllib.parse import unquote

from anyio.from_thread import BlockingPortal

from jebi.web._utils import is_async_callable
from jebi.web.types import Receive, Scope, Send

if TYPE_CHECKING:
    from jebi.web.testclient._httpx import httpx

ASGIInstance = Callable[[Receive, Send], Awaitable[None]]
ASGI2App = Callable[[Scope], ASGIInstance]
ASGI3App = Callable[[Scope, Receive, Send], Awaitable[None]]

PortalFactory = Callable[[], AbstractContextManager[BlockingPortal]]

DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


def as_asgi3(app: Any) -> ASGI3App:
    """``app`` in today's form, whichever it is in."""
    if _is_asgi3(app):
        return app

    async def asgi3(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope)(receive, send)

    return asgi3


def _is_asgi3(app: Any) -> TypeGuard[ASGI3App]:
    return hasattr(app, "__await__") if inspect.isclass(app) else is_async_callable(app)


def scope_of(
    request: httpx.Request, root_path: str, client: tuple[str, int], state: dict[str, Any]
) -> Scope:
    """The scope that a server would make of ``request``."""
    url = request.url
    port = DEFAULT_PORTS[url.scheme] if url.port is None else url.port
    given = request.headers.multi_items()
    headers = [(name.lower().encode(), value.encode()) for name, value in given]
    if "host" not in request.headers:
        headers.insert(0, (b"host", url.netloc))
    scope: Scope = {
        "path": unquote(url.path),
        "raw_path": url.raw_path.partition(b"?")[0],
        "root_path": root_path,
        "scheme": url.scheme,
        "query_string": url.query,
        "headers": headers,
        "client": client,
        "server": [url.raw_host.decode("ascii"), port],
        "state": state.copy(),
    }
    if url.scheme in {"ws", "wss"}:
        asked = request.headers.get("sec-websocket-protocol")
        scope["type"] = "websocket"
        scope["subprotocols"] = [name.strip() for name in asked.split(",")] if asked else []
        scope["extensions"] = {"websocket.http.response": {}}
    else:
        scope["type"] = "http"
        scope["http_version"] = "1.1"
        scope["method"] = request.method
        scope["extensions"] = {"http.response.debug": {}, "http.response.trailers": {}}
    return scope
