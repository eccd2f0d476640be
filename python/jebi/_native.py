"""An application as the engine serves it itself: its routes as plans."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from types import FunctionType
from typing import TYPE_CHECKING, Any
from uuid import UUID

from jebi import _engine, params
from jebi.dependencies.fields import get_flat_params, get_validation_alias
from jebi.exceptions import FastAPIError, ValidationException
from jebi.routing.api_route import APIRoute
from jebi.routing.handler import _NO_RESPONSE, locate
from jebi.web import applications as web_applications
from jebi.web._exception_handler import call_handler, find_handler
from jebi.web.applications import Starlette
from jebi.web.convertors import (
    FloatConvertor,
    IntegerConvertor,
    PathConvertor,
    StringConvertor,
    UUIDConvertor,
)
from jebi.web.middleware import errors as middleware_errors
from jebi.web.middleware import exceptions as middleware_exceptions
from jebi.web.middleware.errors import ServerErrorMiddleware
from jebi.web.middleware.exceptions import ExceptionMiddleware
from jebi.web.requests import Request
from jebi.web.responses import PlainTextResponse, Response
from jebi.web.routing import Host, Mount, Route, Router, WebSocketRoute
from jebi.web.routing import router as web_router

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import ModuleType

    from jebi.applications import FastAPI
    from jebi.web.routing import BaseRoute

_logger = logging.getLogger("jebi.error")


def compile_native(app: FastAPI) -> _engine.Native | None:
    """The routing table of ``app`` over its plans.

    ``None`` where only the ASGI form does all that the application asks for: something stands
    between server and router, or the router is not ours.
    """
    if not _is_plain(app):
        return None
    entries: list[tuple[str, list[str], _engine.Plan | None]] = []
    for route in app.router.routes:
        entry = _entry(app, route)
        if entry is None:
            return None
        entries.append(entry)
    return _engine.Native(entries, app, exception_responder(app), Response)


def _is_plain(app: FastAPI) -> bool:
    return (
        _is_untouched(app)
        and not app.user_middleware
        and _is_own_stack(app)
        and not app.debug
        and not app.root_path
        and app.max_body_size is None
        and app.router.max_body_size is None
    )


def _is_untouched(app: FastAPI) -> bool:
    """Whether everything between server and route does what we wrote.

    Subclasses override methods; tools that trace applications replace them, in a class or in an
    instance. Comparing with the class would not find the latter kind: it is replaced there too.
    """
    from jebi import applications
    from jebi.routing import api_router

    router = app.router
    return (
        _is_written_in(web_applications, Starlette.__call__)
        and _is_written_in(applications, type(app).__call__)
        and _is_written_in(applications, getattr(app.build_middleware_stack, "__func__", None))
        and _is_written_in(web_router, type(router).__call__)
        and _is_written_in(api_router, type(router).app)
        and router.middleware_stack == router.app
        and _is_written_in(middleware_errors, ServerErrorMiddleware.__call__)
        and _is_written_in(middleware_exceptions, ExceptionMiddleware.__call__)
    )


def _is_written_in(module: ModuleType, function: Any) -> bool:
    # The type itself: proxies say that they are functions when asked through isinstance.
    return type(function) is FunctionType and function.__code__.co_filename == module.__file__


def _is_own_stack(app: FastAPI) -> bool:
    """Whether nobody put anything around or into the stack that the application builds."""
    built = app.middleware_stack
    return built is None or _layers(built) == _layers(app.build_middleware_stack())


def _layers(stack: Any) -> list[Any]:
    layers = []
    while not isinstance(stack, Router):
        layers.append(type(stack))
        stack = getattr(stack, "app", None)
        if stack is None:
            return layers
    return [*layers, stack]


def _entry(app: FastAPI, route: BaseRoute) -> tuple[str, list[str], _engine.Plan | None] | None:
    """Template, methods and plan of a route; ``None`` for one that no template describes."""
    if isinstance(route, Mount):
        return f"{route.path}/{{path:path}}", [], None
    if isinstance(route, Route):
        return _template(route), sorted(route.methods or ()), _plan(app, route)
    # WebSockets never come this way, and hosts are none of the router's business.
    if isinstance(route, WebSocketRoute) and not isinstance(route, Host):
        return _template(route), ["GET"], None
    return None


# What the engine's router knows; converting by these is what their fields do as well.
_TEXT = (StringConvertor, PathConvertor)
_CONVERTED: dict[type[Any], type[Any]] = {
    IntegerConvertor: int,
    FloatConvertor: float,
    UUIDConvertor: UUID,
}


def _template(route: Route | WebSocketRoute) -> str:
    """The path for the engine; one with convertors of the application's is taken more widely.

    Such a route has no plan: what the template takes too much goes the ASGI way all the same.
    """
    known = (*_TEXT, *_CONVERTED)
    if all(type(convertor) in known for convertor in route.param_convertors.values()):
        return route.path
    return re.sub(r"{(\w+):\w+}", r"{\1:path}", route.path)


def _converts_alike(route: APIRoute) -> bool:
    """Whether each parameter in the path is what its field makes of the text in any case."""
    declared = {
        get_validation_alias(field): field.field_info.annotation
        for field in get_flat_params(route.dependant)
        if getattr(field.field_info, "in_", None) is params.ParamTypes.path
    }
    return all(
        type(convertor) in _TEXT
        or declared.get(name, _CONVERTED.get(type(convertor))) is _CONVERTED.get(type(convertor), 0)
        for name, convertor in route.param_convertors.items()
    )


def _request_maker(app: FastAPI, route: APIRoute) -> Callable[[Any, Any, Any], Request]:
    """What makes the request of a route, with all in its scope that the routers would leave."""
    found = {"app": app, "router": app.router, "route": route, "endpoint": route.endpoint}
    convertors = {
        name: convertor.convert
        for name, convertor in route.param_convertors.items()
        if type(convertor) not in _TEXT
    }

    def new_request(scope: Any, receive: Any, send: Any) -> Request:
        scope.update(found)
        path_params = scope["path_params"]
        for name, convert in convertors.items():
            path_params[name] = convert(path_params[name])
        return Request(scope, receive, send)

    return new_request


def _plan(app: FastAPI, route: Route) -> _engine.Plan | None:
    if not isinstance(route, APIRoute) or not _converts_alike(route):
        return None
    cls = type(route)
    reroutes = cls.matches is not APIRoute.matches or cls.handle is not Route.handle
    # A form is parsed in Python anyway, and its files outlive the exception handlers.
    body = route.body_field
    reads_form = body is not None and isinstance(body.field_info, params.Form)
    if route.app is not route._planned_app:
        return None  # somebody put another application in its place
    if route.plans is None or reroutes or reads_form or route.max_body_size is not None:
        return None
    spec = replace(route.plans.describe(), new_request=_request_maker(app, route))
    return _engine.Plan(spec)


def exception_responder(
    app: FastAPI,
) -> Callable[[Request, Exception, Any], Awaitable[Response]]:
    """What makes the response to an exception, as the middleware would in the ASGI form."""

    async def respond(request: Request, error: Exception, exits: Any) -> Response:
        left = await _close(exits, error)
        if not isinstance(left, Exception):
            raise left
        route = request.scope.get("route")
        if isinstance(left, ValidationException):
            locate(left, request, getattr(route, "path_format", request.scope.get("path")))
        handlers = app.exception_handlers
        by_status = {key: value for key, value in handlers.items() if isinstance(key, int)}
        by_class = {key: value for key, value in handlers.items() if isinstance(key, type)}
        server_error = by_status.pop(500, None) or by_class.pop(Exception, None)
        handler = find_handler(left, by_class, by_status)
        if handler is not None:
            handled: Response = await call_handler(handler, request, left)
            return handled
        _logger.error("Exception in a path operation", exc_info=left)
        if server_error is None:
            return PlainTextResponse("Internal Server Error", status_code=500)
        answer: Response = await call_handler(server_error, request, left)
        return answer

    return respond


async def _close(exits: Any, error: Exception) -> BaseException:
    if exits is None:
        return error
    left = await exits.close("function", error)
    left = await exits.close("request", left)
    return FastAPIError(_NO_RESPONSE) if left is None else left
