"""Routes that lead to one endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from jebi.web._utils import get_route_path
from jebi.web.datastructures import URLPath
from jebi.web.exceptions import HTTPException
from jebi.web.middleware import Middleware, wrap_in_middleware
from jebi.web.middleware.body_limit import RequestBodyLimitMiddleware
from jebi.web.responses import PlainTextResponse
from jebi.web.routing.base import BaseRoute, Match, NoMatchFound, get_name
from jebi.web.routing.endpoints import is_plain_function
from jebi.web.routing.paths import match_params, read_path, replace_params
from jebi.web.routing.watched import Watched

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from types import ModuleType

    from jebi.web.routing.paths import Convertors
    from jebi.web.types import ASGIApp, Receive, Scope, Send


def _public() -> ModuleType:
    # Where tools replace functions that make applications of endpoints by functions of their own.
    from jebi.web import routing

    return routing


class _EndpointRoute(BaseRoute):
    """One path, one endpoint, one protocol."""

    protocol: ClassVar[Literal["http", "websocket"]]

    path: str
    endpoint: Callable[..., Any]
    name: str
    app: ASGIApp
    path_regex = Watched()
    path_format: str
    param_convertors: Convertors

    def _match_path(self, scope: Scope) -> Scope | None:
        if scope["type"] != self.protocol:
            return None
        params = match_params(self.path_regex, self.param_convertors, get_route_path(scope))
        if params is None:
            return None
        path_params = {**scope.get("path_params", {}), **params}
        return {"endpoint": self.endpoint, "path_params": path_params}

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """The path with ``path_params`` filled in."""
        if name != self.name or path_params.keys() != self.param_convertors.keys():
            raise NoMatchFound(name, path_params)
        path, _ = replace_params(self.path_format, self.param_convertors, path_params)
        return URLPath(path, protocol=self.protocol)


class Route(_EndpointRoute):
    """Leads requests for a path to an endpoint.

    A function is called with the request and returns the response; any other endpoint is an
    ASGI application. ``methods`` defaults to ``GET`` for a function, to all for an application.
    """

    protocol = "http"

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        methods: Collection[str] | None = None,
        name: str | None = None,
        include_in_schema: bool = True,
        middleware: Sequence[Middleware] | None = None,
        max_body_size: int | None = None,
    ) -> None:
        assert path.startswith("/"), "Routed paths must start with '/'"
        self.path = path
        self.endpoint = endpoint
        self.name = get_name(endpoint) if name is None else name
        self.include_in_schema = include_in_schema
        app: ASGIApp = endpoint
        if is_plain_function(endpoint):
            app = _public().request_response(endpoint)
            methods = ["GET"] if methods is None else methods
        app = wrap_in_middleware(app, middleware)
        if max_body_size is not None:
            app = RequestBodyLimitMiddleware(app, max_body_size=max_body_size)
        self.app = app
        self.methods: set[str] | None = None
        if methods is not None:
            self.methods = {method.upper() for method in methods}
            if "GET" in self.methods:
                self.methods.add("HEAD")
        self.path_regex, self.path_format, self.param_convertors = read_path(path)

    def _allows(self, scope: Scope) -> bool:
        return not self.methods or scope["method"] in self.methods

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """How well path and method fit."""
        child_scope = self._match_path(scope)
        if child_scope is None:
            return Match.NONE, {}
        return Match.FULL if self._allows(scope) else Match.PARTIAL, child_scope

    _by_template: ClassVar[tuple[str, Any]] = ("http", matches)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the endpoint, or answer 405."""
        if self._allows(scope):
            await self.app(scope, receive, send)
            return
        headers = {"Allow": ", ".join(sorted(self.methods or ()))}
        if "app" in scope:
            # The application may have a handler for this answer.
            raise HTTPException(status_code=405, headers=headers)
        response = PlainTextResponse("Method Not Allowed", status_code=405, headers=headers)
        await response(scope, receive, send)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Route)
            and self.path == other.path
            and self.endpoint == other.endpoint
            and self.methods == other.methods
        )

    def __repr__(self) -> str:
        methods = sorted(self.methods or ())
        return f"{type(self).__name__}(path={self.path!r}, name={self.name!r}, methods={methods!r})"


class WebSocketRoute(_EndpointRoute):
    """Leads WebSockets for a path to an endpoint: a coroutine function, or an application."""

    protocol = "websocket"

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        name: str | None = None,
        middleware: Sequence[Middleware] | None = None,
    ) -> None:
        assert path.startswith("/"), "Routed paths must start with '/'"
        self.path = path
        self.endpoint = endpoint
        self.name = get_name(endpoint) if name is None else name
        app = endpoint
        if is_plain_function(endpoint):
            app = _public().websocket_session(endpoint)
        self.app = wrap_in_middleware(app, middleware)
        self.path_regex, self.path_format, self.param_convertors = read_path(path)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the path fits."""
        child_scope = self._match_path(scope)
        return (Match.NONE, {}) if child_scope is None else (Match.FULL, child_scope)

    _by_template: ClassVar[tuple[str, Any]] = ("websocket", matches)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the endpoint."""
        await self.app(scope, receive, send)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, WebSocketRoute)
            and self.path == other.path
            and self.endpoint == other.endpoint
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}(path={self.path!r}, name={self.name!r})"
