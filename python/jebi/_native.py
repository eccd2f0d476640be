"""An application as the engine serves it itself: its routes as plans."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from jebi import _engine, params
from jebi.exceptions import FastAPIError, ValidationException
from jebi.routing.api_route import APIRoute
from jebi.routing.handler import _NO_RESPONSE, locate
from jebi.web._exception_handler import call_handler, find_handler
from jebi.web.responses import PlainTextResponse, Response
from jebi.web.routing import Host, Mount, Route, Router, WebSocketRoute

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from jebi.applications import FastAPI
    from jebi.web.requests import Request
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
        entry = _entry(route)
        if entry is None:
            return None
        entries.append(entry)
    return _engine.Native(entries, app, exception_responder(app), Response)


def _is_plain(app: FastAPI) -> bool:
    from jebi.applications import FastAPI
    from jebi.routing import APIRouter

    cls, router = type(app), type(app.router)
    return (
        cls.__call__ is FastAPI.__call__
        and cls.build_middleware_stack is FastAPI.build_middleware_stack
        and router.__call__ is Router.__call__
        and router.app is APIRouter.app
        and not app.user_middleware
        and _is_own_stack(app)
        and not app.debug
        and not app.root_path
        and app.max_body_size is None
        and app.router.max_body_size is None
    )


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


def _entry(route: BaseRoute) -> tuple[str, list[str], _engine.Plan | None] | None:
    """Template, methods and plan of a route; ``None`` for one that no template describes."""
    if isinstance(route, Mount):
        return f"{route.path}/{{path:path}}", [], None
    if isinstance(route, Route):
        methods = sorted(route.methods or ())
        return route.path, methods, _plan(route)
    # WebSockets never come this way, and hosts are none of the router's business.
    if isinstance(route, WebSocketRoute) and not isinstance(route, Host):
        return route.path, ["GET"], None
    return None


def _plan(route: Route) -> _engine.Plan | None:
    if not isinstance(route, APIRoute):
        return None
    cls = type(route)
    reroutes = cls.matches is not APIRoute.matches or cls.handle is not Route.handle
    # A form is parsed in Python anyway, and its files outlive the exception handlers.
    body = route.body_field
    reads_form = body is not None and isinstance(body.field_info, params.Form)
    if route.plans is None or reroutes or reads_form or route.max_body_size is not None:
        return None
    return route.plans.plain()[1]


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
