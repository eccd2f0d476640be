"""Routers of path operations."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Literal, Unpack

from jebi._form_limits import FORM_LIMITS_KEY, checked_form_limits
from jebi.datastructures import Default
from jebi.dependencies.app_scope import with_app_dependencies
from jebi.dependencies.mistakes import check_options, check_path, check_router, explain
from jebi.exceptions import FastAPIError
from jebi.routing.api_route import APIRoute
from jebi.routing.include import Inclusion
from jebi.routing.lifespan import EventLifespan, as_lifespan, merge_lifespans
from jebi.routing.options import (
    AddRouteOptions,
    IncludeOptions,
    Responses,
    RouteOptions,
    Tags,
    checked_body_size,
    checked_prefix,
    first_limit,
)
from jebi.routing.verbs import Verbs
from jebi.utils import generate_unique_id, get_value_or_default
from jebi.web import routing as web_routing
from jebi.web._utils import is_async_callable
from jebi.web.responses import JSONResponse, Response
from jebi.web.routing.lifespan import run_lifespan

if sys.version_info >= (3, 13):
    from warnings import deprecated
else:
    from typing_extensions import deprecated

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from jebi import _engine, params
    from jebi._form_limits import FormLimits
    from jebi.routing.frontend import Directory, Fallback, FrontendRoute
    from jebi.routing.frontends import FrontendRoutes
    from jebi.types import DecoratedCallable
    from jebi.web.requests import Request
    from jebi.web.routing import BaseRoute
    from jebi.web.routing.table import Routes
    from jebi.web.types import ASGIApp, Lifespan, Receive, Scope, Send
    from jebi.web.websockets import WebSocket


class APIRouter(Verbs, web_routing.Router):
    """A group of path operations, to be included in an application or in another router.

    Example:
        >>> router = APIRouter(prefix="/items", tags=["items"])
        >>> @router.get("/{item_id}")
        ... async def read_item(item_id: int):
        ...     return {"item_id": item_id}
    """

    def __init__(
        self,
        *,
        prefix: str = "",
        tags: Tags | None = None,
        dependencies: Sequence[params.Depends] | None = None,
        default_response_class: type[Response] = Default(JSONResponse),
        responses: Responses | None = None,
        callbacks: list[BaseRoute] | None = None,
        routes: list[BaseRoute] | None = None,
        redirect_slashes: bool = True,
        default: ASGIApp | None = None,
        dependency_overrides_provider: Any | None = None,
        route_class: type[APIRoute] = APIRoute,
        on_startup: Sequence[Callable[[], Any]] | None = None,
        on_shutdown: Sequence[Callable[[], Any]] | None = None,
        lifespan: Lifespan[Any] | None = None,
        deprecated: bool | None = None,
        include_in_schema: bool = True,
        generate_unique_id_function: Callable[[APIRoute], str] = Default(generate_unique_id),
        strict_content_type: bool = Default(True),
        max_body_size: int | None = None,
        form_limits: FormLimits | None = None,
    ) -> None:
        """Group path operations; the options apply to each of them, beside its own."""
        self.max_body_size = checked_body_size(max_body_size)
        own_lifespan = EventLifespan(self) if lifespan is None else as_lifespan(lifespan)
        super().__init__(
            routes=routes,
            redirect_slashes=redirect_slashes,
            default=default,
            lifespan=own_lifespan,
            max_body_size=max_body_size,
        )
        self.prefix = checked_prefix(prefix)
        self.on_startup: list[Callable[[], Any]] = list(on_startup or [])
        self.on_shutdown: list[Callable[[], Any]] = list(on_shutdown or [])
        self.tags: Tags = tags or []
        self.dependencies = list(dependencies or [])
        self.deprecated = deprecated
        self.include_in_schema = include_in_schema
        self.responses: Responses = responses or {}
        self.callbacks = callbacks or []
        self.dependency_overrides_provider = dependency_overrides_provider
        self.route_class = route_class
        self.default_response_class = default_response_class
        self.generate_unique_id_function = generate_unique_id_function
        self.strict_content_type = strict_content_type
        self.form_limits = checked_form_limits(form_limits)
        # Where this router is included, and which routers it includes.
        self._inclusions: list[Inclusion] = []
        self._included: list[APIRouter] = []
        self._routes_version = 0
        self._frontend_routes: FrontendRoutes | None = None

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a connection, behind the middleware."""
        if self.form_limits and scope["type"] == "http":
            # Applications mounted below inherit the limits.
            scope[FORM_LIMITS_KEY] = {**scope.get(FORM_LIMITS_KEY, {}), **self.form_limits}
        await super().app(scope, receive, send)

    def _compile_core(self, routes: Routes) -> _engine.Core | None:
        from jebi._core import compile_core

        return compile_core(self, routes)

    async def lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Start and stop; app-scoped dependencies live within what the lifespan makes."""
        await run_lifespan(with_app_dependencies(self.lifespan_context), scope, receive, send)

    def _append(self, route: BaseRoute) -> None:
        self._put(route, len(self.routes))

    def _insert(self, route: BaseRoute, after: BaseRoute | None) -> None:
        """Add a route behind ``after``, ``None`` for the first, and wherever this is included."""
        position = 0 if after is None else len(self.routes)
        if not self.routes or after is not self.routes[-1]:
            for index, known in enumerate(self.routes):
                if known is after:
                    position = index + 1
        self._put(route, position)

    def _put(self, route: BaseRoute, position: int) -> None:
        self.routes.insert(position, route)
        self._routes_version += 1
        for inclusion in self._inclusions:
            inclusion.adopt(route, position)

    def frontend(
        self,
        path: str,
        *,
        directory: Directory,
        fallback: Fallback = "auto",
        check_dir: bool | Literal["auto"] = "auto",
    ) -> None:
        """Serve the built frontend in ``directory`` under ``path``, behind all path operations.

        A path without a file gets ``fallback``: ``"index.html"`` for applications that route in
        the browser, ``"404.html"``, ``"auto"`` for whichever there is, ``None`` for neither.
        """
        from jebi.routing.frontend import (
            FrontendFiles,
            FrontendRoute,
            join_paths,
            normalize_path,
            resolve_check_dir,
        )

        files = FrontendFiles(directory, fallback, resolve_check_dir(directory, check_dir))
        self._add_frontend(
            FrontendRoute(
                join_paths(self.prefix, normalize_path(path)),
                files,
                dependencies=self.dependencies,
                dependency_overrides_provider=self.dependency_overrides_provider,
            )
        )

    def _add_frontend(self, route: FrontendRoute) -> None:
        if self._frontend_routes is None:
            from jebi.routing.frontends import FrontendRoutes

            self._frontend_routes = FrontendRoutes(self.default)
            self.default = self._frontend_routes
        self._frontend_routes.routes.append(route)
        for inclusion in self._inclusions:
            inclusion.adopt_frontend(route)

    def add_api_route(
        self, path: str, endpoint: Callable[..., Any], **options: Unpack[AddRouteOptions]
    ) -> None:
        """Add a path operation; the decorators are the nicer way."""
        try:
            self._add_api_route(path, endpoint, dict(options))
        except Exception as error:
            explain(error, endpoint)
            raise

    def _add_api_route(
        self, path: str, endpoint: Callable[..., Any], given: dict[str, Any]
    ) -> None:
        is_app = self.dependency_overrides_provider is not None
        check_path(self.prefix + path, endpoint, is_whole=is_app)
        check_options(given, endpoint)
        route_class = given.pop("route_class_override", None) or self.route_class
        if given.get("form_limits") is None:
            # Route classes that state their options themselves need not know this one.
            given.pop("form_limits", None)
        given["tags"] = [*self.tags, *(given.get("tags") or [])]
        given["dependencies"] = [*self.dependencies, *(given.get("dependencies") or [])]
        given["callbacks"] = [*self.callbacks, *(given.get("callbacks") or [])]
        given["responses"] = {**self.responses, **(given.get("responses") or {})}
        given["deprecated"] = given.get("deprecated") or self.deprecated
        given["include_in_schema"] = given.get("include_in_schema", True) and self.include_in_schema
        for name, own in (
            ("response_class", self.default_response_class),
            ("generate_unique_id_function", self.generate_unique_id_function),
            ("strict_content_type", self.strict_content_type),
        ):
            given[name] = get_value_or_default(given[name], own) if name in given else own
        given["max_body_size"] = first_limit(given.get("max_body_size"), self.max_body_size)
        route = route_class(
            self.prefix + path,
            endpoint=endpoint,
            dependency_overrides_provider=self.dependency_overrides_provider,
            **given,
        )
        route._inherit_form_limits(self.form_limits)
        self._append(route)

    def api_route(
        self, path: str, **options: Unpack[RouteOptions]
    ) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Declare the decorated function as path operation for ``methods``."""
        if not isinstance(path, str):
            check_path(path, None)  # the decorator without parentheses

        def decorator(func: DecoratedCallable) -> DecoratedCallable:
            self.add_api_route(path, func, **options)
            return func

        return decorator

    def add_api_websocket_route(
        self,
        path: str,
        endpoint: Callable[..., Any],
        name: str | None = None,
        *,
        dependencies: Sequence[params.Depends] | None = None,
    ) -> None:
        """Add a WebSocket endpoint with dependencies."""
        from jebi.routing.websocket import APIWebSocketRoute

        is_app = self.dependency_overrides_provider is not None
        try:
            check_path(self.prefix + path, endpoint, is_whole=is_app)
            route = APIWebSocketRoute(
                self.prefix + path,
                endpoint=endpoint,
                name=name,
                dependencies=[*self.dependencies, *(dependencies or [])],
                dependency_overrides_provider=self.dependency_overrides_provider,
            )
        except Exception as error:
            explain(error, endpoint)
            raise
        self._append(route)

    def websocket(
        self,
        path: str,
        name: str | None = None,
        *,
        dependencies: Sequence[params.Depends] | None = None,
    ) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Declare the decorated function as WebSocket endpoint."""

        def decorator(func: DecoratedCallable) -> DecoratedCallable:
            self.add_api_websocket_route(path, func, name=name, dependencies=dependencies)
            return func

        return decorator

    def websocket_route(
        self, path: str, name: str | None = None
    ) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Declare the decorated function as plain WebSocket endpoint, called with the session."""

        def decorator(func: DecoratedCallable) -> DecoratedCallable:
            self.add_websocket_route(path, func, name=name)
            return func

        return decorator

    def add_route(
        self,
        path: str,
        endpoint: Callable[[Request], Awaitable[Response] | Response],
        methods: Collection[str] | None = None,
        name: str | None = None,
        include_in_schema: bool = True,
    ) -> None:
        """Add a plain endpoint, called with the request."""
        self._append(
            web_routing.Route(
                path, endpoint, methods=methods, name=name, include_in_schema=include_in_schema
            )
        )

    def route(
        self,
        path: str,
        methods: Collection[str] | None = None,
        name: str | None = None,
        include_in_schema: bool = True,
    ) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Declare the decorated function as plain endpoint, called with the request."""

        def decorator(func: DecoratedCallable) -> DecoratedCallable:
            self.add_route(path, func, methods, name, include_in_schema)
            return func

        return decorator

    def add_websocket_route(
        self, path: str, endpoint: Callable[[WebSocket], Awaitable[None]], name: str | None = None
    ) -> None:
        """Add a plain WebSocket endpoint, called with the session."""
        self._append(web_routing.WebSocketRoute(path, endpoint, name=name))

    def mount(self, path: str, app: ASGIApp, name: str | None = None) -> None:
        """Add an application under a prefix."""
        self._append(web_routing.Mount(path, app=app, name=name))

    def host(self, host: str, app: ASGIApp, name: str | None = None) -> None:
        """Add an application under a host."""
        self._append(web_routing.Host(host, app=app, name=name))

    def include_router(self, router: APIRouter, **options: Unpack[IncludeOptions]) -> None:
        """Add the routes of ``router``, those it has and those it will have."""
        check_router(router)
        assert self is not router, (
            "Cannot include the same APIRouter instance into itself. "
            "Did you mean to include a different router?"
        )
        assert not router._includes(self), (
            "Cannot include an APIRouter instance that already includes this router. "
            "Did you mean to include a different router?"
        )
        if not checked_prefix(options.get("prefix", "")):
            for route in router.routes:
                if getattr(route, "path", None) == "":
                    name = getattr(route, "name", "unknown")
                    raise FastAPIError(
                        f"Prefix and path cannot be both empty (path operation: {name})"
                    )
        inclusion = Inclusion(self, router, options)
        for position, route in enumerate(list(router.routes)):
            inclusion.adopt(route, position)
        frontends = router._frontend_routes
        for frontend in [] if frontends is None else frontends.routes:
            inclusion.adopt_frontend(frontend)
        router._inclusions.append(inclusion)
        self._included.append(router)
        self.lifespan_context = merge_lifespans(self.lifespan_context, router.lifespan_context)

    def _includes(self, router: APIRouter) -> bool:
        return any(known is router or known._includes(router) for known in self._included)

    async def _startup(self) -> None:
        await _call_all(self.on_startup)

    async def _shutdown(self) -> None:
        await _call_all(self.on_shutdown)

    def add_event_handler(self, event_type: str, func: Callable[[], Any]) -> None:
        """Call ``func`` at ``"startup"`` or ``"shutdown"``."""
        assert event_type in ("startup", "shutdown")
        (self.on_startup if event_type == "startup" else self.on_shutdown).append(func)

    @deprecated("on_event is deprecated, use lifespan event handlers instead.")
    def on_event(self, event_type: str) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Call the decorated function at ``"startup"`` or ``"shutdown"``."""

        def decorator(func: DecoratedCallable) -> DecoratedCallable:
            self.add_event_handler(event_type, func)
            return func

        return decorator


async def _call_all(handlers: list[Callable[[], Any]]) -> None:
    for handler in handlers:
        if is_async_callable(handler):
            await handler()
        else:
            handler()
