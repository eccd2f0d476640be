"""An application of the toolkit as the engine serves it itself: its functions as plans."""

from __future__ import annotations

import logging
import re
import sys
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from jebi import _engine
from jebi._plan import Inject, PlanSpec, ResponseEncoder, Step
from jebi.web import applications
from jebi.web._exception_handler import call_handler, find_handler
from jebi.web._utils import is_async_callable, is_written_in
from jebi.web.concurrency import run_in_threadpool
from jebi.web.convertors import (
    FloatConvertor,
    IntegerConvertor,
    PathConvertor,
    StringConvertor,
    UUIDConvertor,
)
from jebi.web.middleware._layers import knows_all, layers_of
from jebi.web.middleware.exceptions import ExceptionMiddleware
from jebi.web.requests import Request
from jebi.web.responses import PlainTextResponse, Response
from jebi.web.routing import Host, Mount, Route, Router, WebSocketRoute
from jebi.web.routing import endpoints as route_endpoints
from jebi.web.routing import router as web_router
from jebi.web.routing.table import Routes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import ModuleType

    from jebi._plan import Kind
    from jebi.web.applications import Starlette
    from jebi.web.routing import BaseRoute

    Report = Callable[[Request, Exception], None]
    Answered = tuple[Response, bool]
    Respond = Callable[[Request, Exception, Any], Awaitable[Answered]]
    PlanOf = Callable[[Any, Route], _engine.Plan | None]
    Entry = tuple[str, list[str], Callable[[], _engine.Plan | None] | None]

_logger = logging.getLogger("jebi.error")


def log_error(request: Request, error: Exception) -> None:  # noqa: ARG001 - a Report takes it
    """Note in the log what nobody handled."""
    _logger.error("Exception in a path operation", exc_info=error)


def compile_native(app: Starlette, report: Report = log_error) -> _engine.Native | None:
    """The routing table of ``app`` over plans of its functions.

    ``None`` where only the ASGI form does all that the application asks for: something stands
    between server and router, or the router is not ours.

    Args:
        app: The application.
        report: Called with what no handler wanted.
    """
    if not is_untouched(app, applications, web_router) or not is_plain(app):
        return None
    return compile_table(app, function_plan, exception_responder(app, report))


def compile_table(app: Starlette, plan_of: PlanOf, respond: Respond) -> _engine.Native | None:
    """The routing table over the plans that ``plan_of`` makes; what has none goes the ASGI way.

    The plan of a route is made when the first request comes for it.
    """
    routes = app.router.routes
    if type(routes) is not Routes:
        return None  # a list that may change without a word
    stacked = layers_of(app)
    if stacked is None:
        return None
    entries = []
    for route in routes:
        entry = _entry(app, route, plan_of)
        if entry is None:
            return None
        entries.append(entry)
    native = _engine.Native(entries, app, respond, Response, late_handler(app), *stacked)
    routes.search()  # from here on routes say when they change
    routes.watchers = (*routes.watchers, native.retire)
    return native


def is_plain(app: Starlette) -> bool:
    """Whether nothing stands between server and router but middleware that the engine knows."""
    return knows_all(app) and _is_own_stack(app) and not app.debug and app.max_body_size is None


def is_untouched(app: Starlette, app_module: ModuleType, router_module: ModuleType) -> bool:
    """Whether everything between server and route does what we wrote, in these modules.

    Subclasses override methods; tools that trace applications replace them, in a class or in an
    instance. Comparing with the class would not find the latter kind: it is replaced there too.
    """
    router = app.router
    return (
        is_written_in(applications, applications.Starlette.__call__)
        and is_written_in(app_module, type(app).__call__)
        and is_written_in(app_module, getattr(app.build_middleware_stack, "__func__", None))
        and is_written_in(web_router, type(router).__call__)
        and is_written_in(router_module, type(router).app)
        and router.middleware_stack == router.app
        and _is_middleware_ours("errors", "ServerErrorMiddleware")
        and _is_middleware_ours("exceptions", "ExceptionMiddleware")
    )


def _is_middleware_ours(module: str, name: str) -> bool:
    # Nobody has replaced anything in a module that nobody has imported.
    found = sys.modules.get(f"jebi.web.middleware.{module}")
    return found is None or is_written_in(found, getattr(found, name).__call__)


def _is_own_stack(app: Starlette) -> bool:
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


def _entry(app: Starlette, route: BaseRoute, plan_of: PlanOf) -> Entry | None:
    """Template, methods and what makes the plan of a route; ``None`` for one without a template."""
    if isinstance(route, Mount):
        return f"{route.path}/{{path:path}}", [], None
    if isinstance(route, Route):
        return _template(route), sorted(route.methods or ()), partial(plan_of, app, route)
    # WebSockets never come this way, and hosts are none of the router's business.
    if isinstance(route, WebSocketRoute) and not isinstance(route, Host):
        return _template(route), ["GET"], None
    return None


#: Convertors that leave text as it is.
TEXT = (StringConvertor, PathConvertor)
#: What the engine's router knows beside them, and what they make of the text.
CONVERTED: dict[type[Any], type[Any]] = {
    IntegerConvertor: int,
    FloatConvertor: float,
    UUIDConvertor: UUID,
}


def _knows_convertors(route: Route | WebSocketRoute) -> bool:
    known = (*TEXT, *CONVERTED)
    return all(type(convertor) in known for convertor in route.param_convertors.values())


def _template(route: Route | WebSocketRoute) -> str:
    """The path for the engine; one with convertors of the application's is taken more widely.

    Such a route has no plan: what the template takes too much goes the ASGI way all the same.
    """
    if _knows_convertors(route):
        return route.path
    return re.sub(r"{(\w+):\w+}", r"{\1:path}", route.path)


def function_plan(app: Starlette, route: Route) -> _engine.Plan | None:
    """The plan of a route to a function of the request; ``None`` where there is more to it."""
    return plan_of_function(route, request_maker(app, route)) if _knows_convertors(route) else None


def plan_of_function(
    route: Route, new_request: Callable[[Any, Any, Any], Request]
) -> _engine.Plan | None:
    """The plan of a route to a function of what ``new_request`` makes; ``None`` of another one."""
    cls = type(route)
    if (
        cls.matches is not Route.matches
        or cls.handle is not Route.handle
        # Limits and middleware of the route, or an application in the place of its own.
        or not is_written_in(route_endpoints, route.app)
    ):
        return None
    function: Callable[[Request], Any] | None = getattr(route.app, "function", None)
    if function is None:
        return None

    def call(request: Request) -> Any:
        return function(request)

    kind: Kind = "coroutine" if is_async_callable(function) else "function"
    step = Step(call, kind, (Inject("request", "request"),))
    return _engine.Plan(
        PlanSpec(
            steps=(step,),
            slots=0,
            reads="nothing",
            form_slot=None,
            strict_content_type=False,
            parse_body=_unasked,
            encoder=ResponseEncoder(_itself),
            status_code=None,
            invalid=_unasked,
            new_request=new_request,
            new_response=_unasked,
            new_background_tasks=_unasked,
            new_exits=_unasked,
            enter=_unasked,
            begin=_unasked,
            join=_unasked,
            run_in_thread=_in_thread,
            background=_run,
            is_response=Response,
            json_response=_unasked,
        )
    )


def _unasked(*_: Any) -> Any:
    raise AssertionError("a function of the request asks for nothing else")


def _itself(result: Any, *_: Any) -> Any:
    # Whatever is called with scope, receive and send is a response.
    return result


def _in_thread(call: Callable[..., Any], values: dict[str, Any]) -> Awaitable[Any]:
    return run_in_threadpool(call, **values)


async def _run(tasks: Any) -> None:
    await tasks()


def request_maker(app: Starlette, route: Route) -> Callable[[Any, Any, Any], Request]:
    """What makes the request of a route, with all in its scope that the routers would leave."""
    found = {"app": app, "router": app.router, "route": route, "endpoint": route.endpoint}
    convertors = {
        name: convertor.convert
        for name, convertor in route.param_convertors.items()
        if type(convertor) not in TEXT
    }

    def new_request(scope: Any, receive: Any, send: Any) -> Request:
        scope.update(found)
        path_params = scope["path_params"]
        for name, convert in convertors.items():
            path_params[name] = convert(path_params[name])
        return Request(scope, receive, send)

    return new_request


def exception_responder(app: Starlette, report: Report = log_error) -> Respond:
    """What makes the response to an exception, as the middleware would in the ASGI form.

    Beside the response it says whether the application's middleware would see that, or would see
    the exception.
    """
    answer = handlers_of(app, report)

    async def respond(request: Request, error: Exception, exits: Any) -> Answered:  # noqa: ARG001 - the engine passes it
        return await answer(request, error)

    return respond


def _handlers(app: Starlette) -> tuple[Any, dict[Any, Any], dict[int, Any]]:
    """The handler of what is no other's, and the others by class and by status."""
    server_error = None
    others = {}
    for key, handler in app.exception_handlers.items():
        if key in {500, Exception}:
            server_error = handler
        else:
            others[key] = handler
    middleware = ExceptionMiddleware(app.router, handlers=others)
    return server_error, middleware._exception_handlers, middleware._status_handlers


def late_handler(app: Starlette) -> Callable[[Request, Exception], Awaitable[Exception]] | None:
    """What tells the application of exceptions after an answer has begun, as the middleware would.

    ``None`` where ``app`` has no handler for what is no other's. What a handler answers goes
    nowhere; what it raises is reported in the place of the exception.
    """
    server_error, by_class, by_status = _handlers(app)
    if server_error is None:
        return None

    async def handle(request: Request, error: Exception) -> Exception:
        if find_handler(error, by_class, by_status) is not None:
            late = RuntimeError("Caught handled exception, but response already started.")
            late.__cause__ = error
            error = late
        await call_handler(server_error, request, error)
        return error

    return handle


def handlers_of(
    app: Starlette, report: Report = log_error
) -> Callable[[Request, Exception], Awaitable[Answered]]:
    """What answers exceptions with the handlers that ``app`` has now, and whether one was for it.

    What a handler raises gets one of its own: in the ASGI form exceptions are handled in the route,
    and once more around the router. What is left then is answered with 500, and reported.
    """
    server_error, by_class, by_status = _handlers(app)

    async def answer(request: Request, error: Exception) -> Answered:
        for _ in range(2):
            handler = find_handler(error, by_class, by_status)
            if handler is None:
                break
            try:
                handled = await call_handler(handler, request, error)
            except Exception as raised:
                error = raised
            else:
                return handled, True
        report(request, error)
        if server_error is None:
            return PlainTextResponse("Internal Server Error", status_code=500), False
        return await call_handler(server_error, request, error), False

    return answer
