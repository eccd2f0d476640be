"""The application: a router with middleware around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from jebi.web.datastructures import State, URLPath
from jebi.web.middleware import Middleware, _MiddlewareFactory, wrap_in_middleware
from jebi.web.requests import Request
from jebi.web.responses import Response
from jebi.web.routing import BaseRoute, Router
from jebi.web.types import ASGIApp, ExceptionHandler, Lifespan, Receive, Scope, Send

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence


AppType = TypeVar("AppType", bound="Starlette")
P = ParamSpec("P")


class Starlette:
    """An ASGI application.

    Around the router stand, from the outside: the handler of server errors, the limit on bodies
    if there is one, the middleware in the order given, and the handlers of exceptions.

    Args:
        debug: Show tracebacks to the client.
        routes: What answers.
        middleware: Around everything; the first is the outermost.
        exception_handlers: By status code or exception class; 500 and ``Exception`` mean
            whatever else goes wrong.
        lifespan: Brackets the life of the application.
        max_body_size: The longest request body in bytes; ``None`` for no limit.
    """

    def __init__(
        self: AppType,
        debug: bool = False,
        routes: Sequence[BaseRoute] | None = None,
        middleware: Sequence[Middleware] | None = None,
        exception_handlers: Mapping[Any, ExceptionHandler] | None = None,
        lifespan: Lifespan[AppType] | None = None,
        *,
        max_body_size: int | None = None,
    ) -> None:
        self.debug = debug
        self.state = State()
        self.router = Router(routes, lifespan=lifespan)
        self.max_body_size = max_body_size
        self.exception_handlers: dict[Any, ExceptionHandler] = dict(exception_handlers or {})
        self.user_middleware: list[Middleware] = list(middleware or ())
        self.middleware_stack: ASGIApp | None = None

    def build_middleware_stack(self) -> ASGIApp:
        """The router with everything around it."""
        from jebi.web.middleware.body_limit import RequestBodyLimitMiddleware
        from jebi.web.middleware.errors import ServerErrorMiddleware
        from jebi.web.middleware.exceptions import ExceptionMiddleware

        handlers = self.exception_handlers.items()
        server_error = None
        for key, handler in handlers:
            if key in {500, Exception}:
                server_error = handler
        others = {key: handler for key, handler in handlers if key not in {500, Exception}}
        stack = [Middleware(ServerErrorMiddleware, handler=server_error, debug=self.debug)]
        if self.max_body_size is not None:
            stack.append(Middleware(RequestBodyLimitMiddleware, max_body_size=self.max_body_size))
        stack += self.user_middleware
        stack.append(Middleware(ExceptionMiddleware, handlers=others, debug=self.debug))
        app: ASGIApp = wrap_in_middleware(self.router, stack)
        return app

    @property
    def routes(self) -> list[BaseRoute]:
        """The routes of the router."""
        return self.router.routes

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """The path of the route called ``name``."""
        return self.router.url_path_for(name, **path_params)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a connection."""
        scope["app"] = self
        if self.middleware_stack is None:
            self.middleware_stack = self.build_middleware_stack()
        await self.middleware_stack(scope, receive, send)

    def mount(self, path: str, app: ASGIApp, name: str | None = None) -> None:
        """Add an application under a prefix."""
        self.router.mount(path, app=app, name=name)

    def host(self, host: str, app: ASGIApp, name: str | None = None) -> None:
        """Add an application under a host."""
        self.router.host(host, app=app, name=name)

    def add_middleware(
        self, middleware_class: _MiddlewareFactory[P], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Add a middleware around those that are there."""
        if self.middleware_stack is not None:
            raise RuntimeError("Cannot add middleware after an application has started")
        self.user_middleware.insert(0, Middleware(middleware_class, *args, **kwargs))

    def add_exception_handler(
        self, exc_class_or_status_code: int | type[Exception], handler: ExceptionHandler
    ) -> None:
        """Answer a status, or a class of exceptions, with ``handler``."""
        self.exception_handlers[exc_class_or_status_code] = handler

    def add_route(
        self,
        path: str,
        route: Callable[[Request], Awaitable[Response] | Response],
        methods: list[str] | None = None,
        name: str | None = None,
        include_in_schema: bool = True,
    ) -> None:
        """Add an endpoint."""
        self.router.add_route(
            path, route, methods=methods, name=name, include_in_schema=include_in_schema
        )
