"""The application that chooses among routes."""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING, Any

from jebi.web._observer import OBSERVER_KEY, Observer
from jebi.web._utils import get_route_path
from jebi.web.datastructures import URL, URLPath
from jebi.web.exceptions import HTTPException
from jebi.web.middleware import Middleware, wrap_in_middleware
from jebi.web.middleware.body_limit import RequestBodyLimitMiddleware
from jebi.web.responses import PlainTextResponse, RedirectResponse, Response
from jebi.web.routing.base import BaseRoute, NoMatchFound
from jebi.web.routing.host import Host
from jebi.web.routing.lifespan import as_lifespan, run_lifespan
from jebi.web.routing.mount import Mount
from jebi.web.routing.nested import first_url_path
from jebi.web.routing.route import Route, WebSocketRoute
from jebi.web.routing.table import Routes
from jebi.web.websockets import WebSocket, WebSocketClose

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from jebi._engine import Core, RouteTable
    from jebi.web.requests import Request
    from jebi.web.types import ASGIApp, Lifespan, Receive, Scope, Send


class Router:
    """Hands each connection to the first route that fits.

    A route that fits but for the method answers when no other fits. With ``redirect_slashes`` a
    path that would fit with, or without, a slash at its end is redirected there.
    """

    #: The routes of a list that is somebody else's, as they were when it was last looked at.
    _listed: Routes | None = None

    def __init__(
        self,
        routes: Sequence[BaseRoute] | None = None,
        redirect_slashes: bool = True,
        default: ASGIApp | None = None,
        lifespan: Lifespan[Any] | None = None,
        *,
        middleware: Sequence[Middleware] | None = None,
        max_body_size: int | None = None,
    ) -> None:
        self.routes = Routes(routes or ())
        self.redirect_slashes = redirect_slashes
        self.default: ASGIApp = self.not_found if default is None else default
        self.lifespan_context: Lifespan[Any] = as_lifespan(lifespan)
        self.middleware_stack: ASGIApp = wrap_in_middleware(self.app, middleware)
        if max_body_size is not None:
            self.middleware_stack = RequestBodyLimitMiddleware(
                self.middleware_stack, max_body_size=max_body_size
            )

    async def not_found(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a connection that no route fits."""
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
        elif "app" in scope:
            # The application may have a handler for this answer.
            raise HTTPException(status_code=404)
        else:
            await PlainTextResponse("Not Found", status_code=404)(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """The path of the first route with this name and these parameters."""
        found = first_url_path(self.routes, name, path_params)
        if found is None:
            raise NoMatchFound(name, path_params)
        return found

    async def lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Start up and shut down."""
        await run_lifespan(self.lifespan_context, scope, receive, send)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a connection, through the middleware."""
        stack = self.middleware_stack
        if getattr(stack, "__func__", None) is _APP and stack.__self__ is self:  # type: ignore[attr-defined]  # it is a method
            # No middleware, and so no reason for a coroutine more.
            await self._answer(scope)(scope, receive, send)
        else:
            await stack(scope, receive, send)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a connection, behind the middleware."""
        await self._answer(scope)(scope, receive, send)

    def _answer(self, scope: Scope) -> ASGIApp:
        """What answers a connection."""
        kind = scope["type"]
        assert kind in {"http", "websocket", "lifespan"}
        scope.setdefault("router", self)
        if kind == "lifespan":
            return self.lifespan
        route = self._search().choose(scope)
        if route is not None:
            observer: Observer | None = scope.get(OBSERVER_KEY)
            if observer is not None:
                observer.route_chosen(route)
            return _handler(route, scope)
        return self._redirect(scope) or self.default

    def _router_within(self) -> Router:
        return self

    def _core(self) -> Core | None:
        """What answers requests in the place of this, where the engine can."""
        routes = self._routes
        if type(routes) is not Routes:
            return None
        if routes.core is None:
            routes.core = self._compile_core(routes) or False
        return routes.core or None

    def _compile_core(self, routes: Routes) -> Core | None:
        from jebi.web._core import compile_core

        return compile_core(self, routes)

    @property
    def routes(self) -> list[BaseRoute]:
        """The routes in their order, which may change at any time."""
        return self._routes

    @routes.setter
    def routes(self, routes: list[BaseRoute]) -> None:
        before = self.__dict__.get("_routes")
        self._routes = routes
        if isinstance(before, Routes):
            before.change()

    def _search(self) -> RouteTable:
        """The table of the routes, whoever made or changed the list."""
        routes = self.routes
        if type(routes) is not Routes:
            if self._listed is None or not self._listed.are(routes):
                self._listed = Routes(routes)
            routes = self._listed
        return routes.table or routes.search()

    def _redirect(self, scope: Scope) -> RedirectResponse | None:
        if scope["type"] != "http" or not self.redirect_slashes:
            return None
        route_path = get_route_path(scope)
        if route_path == "/":
            return None
        path: str = scope["path"]
        path = path.rstrip("/") if route_path.endswith("/") else f"{path}/"
        redirected = {**scope, "path": path}
        if not self._search().knows(redirected):
            return None
        observer: Observer | None = scope.get(OBSERVER_KEY)
        if observer is not None:
            route = self._search().choose({**redirected})
            if route is not None:
                observer.route_chosen(route)
        return RedirectResponse(URL(scope=redirected))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Router) and self.routes == other.routes

    def mount(self, path: str, app: ASGIApp, name: str | None = None) -> None:
        """Add an application under a prefix."""
        self.routes.append(Mount(path, app=app, name=name))

    def host(self, host: str, app: ASGIApp, name: str | None = None) -> None:
        """Add an application under a host."""
        self.routes.append(Host(host, app=app, name=name))

    def add_route(
        self,
        path: str,
        endpoint: Callable[[Request], Awaitable[Response] | Response],
        methods: Collection[str] | None = None,
        name: str | None = None,
        include_in_schema: bool = True,
    ) -> None:
        """Add an endpoint for requests."""
        self.routes.append(
            Route(
                path,
                endpoint,
                methods=methods,
                name=name,
                include_in_schema=include_in_schema,
            )
        )

    def add_websocket_route(
        self,
        path: str,
        endpoint: Callable[[WebSocket], Awaitable[None]],
        name: str | None = None,
    ) -> None:
        """Add an endpoint for WebSockets."""
        self.routes.append(WebSocketRoute(path, endpoint, name=name))


_APP = Router.app
_HANDLE = Route.handle


def _handler(route: Any, scope: Scope) -> ASGIApp:
    """What handles a connection for ``route``: its application, where that is all."""
    handle: ASGIApp = route.handle
    # The type itself: a tool's wrapper says that it is what it wraps.
    if type(handle) is MethodType and handle.__func__ is _HANDLE:
        methods = route.methods
        if not methods or scope["method"] in methods:
            app: ASGIApp = route.app
            return app
    return handle
