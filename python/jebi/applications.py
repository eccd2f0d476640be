"""The application."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Unpack

from jebi import routing
from jebi.datastructures import Default
from jebi.dependencies.app_scope import AppDependencies
from jebi.exception_handlers import (
    http_exception_handler,
    request_validation_exception_handler,
    websocket_request_validation_exception_handler,
)
from jebi.exceptions import (
    FastAPIDeprecationWarning,
    RequestValidationError,
    WebSocketRequestValidationError,
)
from jebi.routing.options import (
    AddRouteOptions,
    IncludeOptions,
    Responses,
    RouteOptions,
    checked_body_size,
)
from jebi.routing.verbs import Verbs
from jebi.telemetry._switch import Switch
from jebi.utils import generate_unique_id
from jebi.web import applications as web_applications
from jebi.web._observer import OBSERVER_KEY
from jebi.web._utils import is_written_in
from jebi.web.applications import Starlette
from jebi.web.datastructures import State
from jebi.web.exceptions import HTTPException
from jebi.web.middleware import Middleware
from jebi.web.responses import JSONResponse, Response

if sys.version_info >= (3, 13):
    from warnings import deprecated
else:
    from typing_extensions import deprecated

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from jebi._form_limits import FormLimits
    from jebi.params import Depends
    from jebi.routing.frontend import Directory, Fallback
    from jebi.telemetry import TelemetryConfig
    from jebi.types import DecoratedCallable
    from jebi.web.requests import Request
    from jebi.web.routing import BaseRoute
    from jebi.web.types import ASGIApp, Lifespan, Receive, Scope, Send

AppType = TypeVar("AppType", bound="FastAPI")

# Tools that trace applications replace it.
_STARLETTE_CALL = (
    Starlette.__call__ if is_written_in(web_applications, Starlette.__call__) else None
)


class FastAPI(Verbs, Starlette):
    """An application: path operations, what is around them, and the documents about them.

    Example:
        >>> app = FastAPI(title="Greetings")
        >>> @app.get("/hello/{name}")
        ... async def hello(name: str) -> dict[str, str]:
        ...     return {"hello": name}
    """

    def __init__(
        self: AppType,
        *,
        telemetry: TelemetryConfig | None = None,
        debug: bool = False,
        routes: list[BaseRoute] | None = None,
        title: str = "FastAPI",
        summary: str | None = None,
        description: str = "",
        version: str = "0.1.0",
        openapi_url: str | None = "/openapi.json",
        openapi_tags: list[dict[str, Any]] | None = None,
        servers: list[dict[str, str | Any]] | None = None,
        dependencies: Sequence[Depends] | None = None,
        default_response_class: type[Response] = Default(JSONResponse),
        redirect_slashes: bool = True,
        docs_url: str | None = "/docs",
        redoc_url: str | None = "/redoc",
        swagger_ui_oauth2_redirect_url: str | None = "/docs/oauth2-redirect",
        swagger_ui_init_oauth: dict[str, Any] | None = None,
        middleware: Sequence[Middleware] | None = None,
        exception_handlers: dict[
            int | type[Exception],
            Callable[[Request, Any], Coroutine[Any, Any, Response]],
        ]
        | None = None,
        on_startup: Sequence[Callable[[], Any]] | None = None,
        on_shutdown: Sequence[Callable[[], Any]] | None = None,
        lifespan: Lifespan[AppType] | None = None,
        terms_of_service: str | None = None,
        contact: dict[str, str | Any] | None = None,
        license_info: dict[str, str | Any] | None = None,
        root_path: str = "",
        root_path_in_servers: bool = True,
        responses: Responses | None = None,
        callbacks: list[BaseRoute] | None = None,
        webhooks: routing.APIRouter | None = None,
        deprecated: bool | None = None,
        include_in_schema: bool = True,
        swagger_ui_parameters: dict[str, Any] | None = None,
        generate_unique_id_function: Callable[[routing.APIRoute], str] = Default(
            generate_unique_id
        ),
        separate_input_output_schemas: bool = True,
        openapi_external_docs: dict[str, Any] | None = None,
        strict_content_type: bool = True,
        max_body_size: int | None = None,
        form_limits: FormLimits | None = None,
    ) -> None:
        """Make an application; FastAPI's documentation explains the options at length."""
        self.debug = debug
        self.title = title
        self.summary = summary
        self.description = description
        self.version = version
        self.terms_of_service = terms_of_service
        self.contact = contact
        self.license_info = license_info
        self.openapi_url = openapi_url
        self.openapi_tags = openapi_tags
        self.root_path_in_servers = root_path_in_servers
        self.docs_url = docs_url
        self.redoc_url = redoc_url
        self.swagger_ui_oauth2_redirect_url = swagger_ui_oauth2_redirect_url
        self.swagger_ui_init_oauth = swagger_ui_init_oauth
        self.swagger_ui_parameters = swagger_ui_parameters
        self.servers = servers or []
        self.separate_input_output_schemas = separate_input_output_schemas
        self.openapi_external_docs = openapi_external_docs
        self.openapi_version = "3.1.0"
        self.openapi_schema: dict[str, Any] | None = None
        self._openapi_routes_version: int | None = None
        if openapi_url:
            assert title, "A title must be provided for OpenAPI, e.g.: 'My API'"
            assert version, "A version must be provided for OpenAPI, e.g.: '2.1.0'"
        self.webhooks = webhooks or routing.APIRouter()
        if root_path:
            warnings.warn(
                "The `root_path` parameter is deprecated. Configure the server's root path "
                "instead, for example with `fastapi run --root-path /api/v1`.",
                category=FastAPIDeprecationWarning,
                stacklevel=2,
            )
        self.root_path = root_path
        self.state = State()
        self.max_body_size = checked_body_size(max_body_size)
        self.dependency_overrides: dict[Callable[..., Any], Callable[..., Any]] = {}
        self._app_dependencies = AppDependencies()
        self.router: routing.APIRouter = routing.APIRouter(
            routes=routes,
            redirect_slashes=redirect_slashes,
            dependency_overrides_provider=self,
            on_startup=on_startup,
            on_shutdown=on_shutdown,
            lifespan=lifespan,
            default_response_class=default_response_class,
            dependencies=dependencies,
            callbacks=callbacks,
            deprecated=deprecated,
            include_in_schema=include_in_schema,
            responses=responses,
            generate_unique_id_function=generate_unique_id_function,
            strict_content_type=strict_content_type,
            form_limits=form_limits,
        )
        self.exception_handlers: dict[Any, Callable[..., Any]] = {
            HTTPException: http_exception_handler,
            RequestValidationError: request_validation_exception_handler,
            WebSocketRequestValidationError: websocket_request_validation_exception_handler,
            **(exception_handlers or {}),
        }
        self._observation = Switch(telemetry)
        self._telemetry = self._observation.config
        self.user_middleware: list[Middleware] = list(middleware or [])
        self.middleware_stack: ASGIApp | None = None
        self.setup()

    def build_middleware_stack(self) -> ASGIApp:
        """The router with everything around it: errors, limits, middleware, handlers, files."""
        from jebi._body_limit import AppBodyLimitMiddleware
        from jebi.middleware.asyncexitstack import AsyncExitStackMiddleware
        from jebi.web.middleware.errors import ServerErrorMiddleware
        from jebi.web.middleware.exceptions import ExceptionMiddleware

        handlers = dict(self.exception_handlers)
        server_error: Any = None
        for key in [key for key in handlers if key in (500, Exception)]:
            server_error = handlers.pop(key)
        stack = [
            Middleware(ServerErrorMiddleware, handler=server_error, debug=self.debug),
            Middleware(AppBodyLimitMiddleware, max_body_size=self.max_body_size),
            *self.user_middleware,
            Middleware(ExceptionMiddleware, handlers=handlers, debug=self.debug),
            Middleware(AsyncExitStackMiddleware),
        ]
        app: ASGIApp = self.router
        for cls, args, kwargs in reversed(stack):
            app = cls(app, *args, **kwargs)
        return app

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document, made once and again whenever routes were added."""
        from jebi.openapi.utils import get_openapi

        version = self.router._routes_version
        if not self.openapi_schema or self._openapi_routes_version != version:
            self.openapi_schema = get_openapi(
                title=self.title,
                version=self.version,
                openapi_version=self.openapi_version,
                summary=self.summary,
                description=self.description,
                terms_of_service=self.terms_of_service,
                contact=self.contact,
                license_info=self.license_info,
                routes=self.routes,
                webhooks=self.webhooks.routes,
                tags=self.openapi_tags,
                servers=self.servers,
                separate_input_output_schemas=self.separate_input_output_schemas,
                external_docs=self.openapi_external_docs,
            )
            self._openapi_routes_version = version
        return self.openapi_schema

    def setup(self) -> None:
        """Add the routes of the OpenAPI document and of the pages that show it."""
        if self.openapi_url:
            from jebi.openapi.routes import add_docs_routes

            add_docs_routes(self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a connection."""
        if self.root_path:
            scope["root_path"] = self.root_path
        if scope["type"] == "lifespan":
            await self._observation.live(super().__call__, scope, receive, send)
            return
        observe = self._observation.active()
        if observe is None or OBSERVER_KEY in scope:
            is_plain = type(self) is FastAPI and Starlette.__call__ is _STARLETTE_CALL
            if is_plain and self.middleware_stack is not None:
                # All that the base would do, and no coroutine more.
                scope["app"] = self
                await self.middleware_stack(scope, receive, send)
            else:
                await super().__call__(scope, receive, send)
            return
        app = super().__call__
        if self.middleware_stack is None:
            self.middleware_stack = self.build_middleware_stack()
        scope["app"] = self
        await observe(
            app=app,
            scope=scope,
            receive=receive,
            send=send,
            legacy_otel=self._observation.is_instrumented(self.middleware_stack),
        )

    def add_api_route(
        self, path: str, endpoint: Callable[..., Any], **options: Unpack[AddRouteOptions]
    ) -> None:
        """Add a path operation; the decorators are the nicer way."""
        self.router.add_api_route(path, endpoint, **options)

    def api_route(
        self, path: str, **options: Unpack[RouteOptions]
    ) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Declare the decorated function as path operation for ``methods``."""
        return self.router.api_route(path, **options)

    def frontend(
        self,
        path: str,
        *,
        directory: Directory,
        fallback: Fallback = "auto",
        check_dir: bool | Literal["auto"] = "auto",
    ) -> None:
        """Serve a built frontend behind all path operations; see :meth:`APIRouter.frontend`."""
        from jebi.routing.frontend import resolve_check_dir

        check_dir = resolve_check_dir(directory, check_dir)
        self.router.frontend(path, directory=directory, fallback=fallback, check_dir=check_dir)

    def add_api_websocket_route(
        self,
        path: str,
        endpoint: Callable[..., Any],
        name: str | None = None,
        *,
        dependencies: Sequence[Depends] | None = None,
    ) -> None:
        """Add a WebSocket endpoint with dependencies."""
        self.router.add_api_websocket_route(path, endpoint, name, dependencies=dependencies)

    def websocket(
        self,
        path: str,
        name: str | None = None,
        *,
        dependencies: Sequence[Depends] | None = None,
    ) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Declare the decorated function as WebSocket endpoint."""
        return self.router.websocket(path, name, dependencies=dependencies)

    def websocket_route(
        self, path: str, name: str | None = None
    ) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Declare the decorated function as plain WebSocket endpoint, called with the session."""
        return self.router.websocket_route(path, name)

    def include_router(self, router: routing.APIRouter, **options: Unpack[IncludeOptions]) -> None:
        """Add the routes of ``router``, those it has and those it will have."""
        self.router.include_router(router, **options)

    def add_event_handler(self, event_type: str, func: Callable[[], Any]) -> None:
        """Call ``func`` at ``"startup"`` or ``"shutdown"``."""
        self.router.add_event_handler(event_type, func)

    @deprecated("on_event is deprecated, use lifespan event handlers instead.")
    def on_event(self, event_type: str) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Call the decorated function at ``"startup"`` or ``"shutdown"``."""
        decorator: Callable[[DecoratedCallable], DecoratedCallable]
        decorator = self.router.on_event(event_type)
        return decorator

    def middleware(self, middleware_type: str) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Put the decorated function around all requests; ``"http"`` is the only type."""
        del middleware_type
        from jebi.web.middleware.base import BaseHTTPMiddleware

        def decorator(func: DecoratedCallable) -> DecoratedCallable:
            self.add_middleware(BaseHTTPMiddleware, dispatch=func)
            return func

        return decorator

    def exception_handler(
        self, exc_class_or_status_code: int | type[Exception]
    ) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Answer a status, or a class of exceptions, with the decorated function."""

        def decorator(func: DecoratedCallable) -> DecoratedCallable:
            self.add_exception_handler(exc_class_or_status_code, func)
            return func

        return decorator


Jebi = FastAPI
