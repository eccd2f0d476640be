"""An application as the engine serves it itself: its routes as plans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jebi.exception_handlers import request_validation_exception_handler
from jebi.exceptions import FastAPIError, RequestValidationError, ValidationException
from jebi.routing.api_route import APIRoute
from jebi.routing.handler import _NO_RESPONSE, are_replaced, locate
from jebi.web._native import (
    CONVERTED,
    TEXT,
    compile_table,
    function_plan,
    handlers_of,
    is_plain,
    is_untouched,
    log_error,
    request_maker,
)
from jebi.web.routing import Route

if TYPE_CHECKING:
    from jebi import _engine
    from jebi._compat import ModelField
    from jebi._plan import PlanSpec
    from jebi.applications import FastAPI
    from jebi.dependencies.overrides import Plans
    from jebi.web._native import Answered, Report, Respond
    from jebi.web.requests import Request


def compile_native(app: FastAPI, report: Report = log_error) -> _engine.Native | None:
    """The routing table of ``app`` over its plans.

    ``None`` where only the ASGI form does all that the application asks for: something stands
    between server and router, or the router is not ours. The arguments are those of the toolkit's
    :func:`jebi.web._native.compile_native`.
    """
    from jebi import applications
    from jebi.routing import api_router

    if (
        not is_untouched(app, applications, api_router)
        or not is_plain(app)
        or app.root_path
        or app.router.max_body_size is not None
        or app._observation.needs_asgi()
    ):
        return None
    return compile_table(app, _plan, exception_responder(app, report))


def _converts_alike(route: APIRoute) -> bool:
    """Whether each parameter in the path is what its field makes of the text in any case."""
    if not route.param_convertors:
        return True
    from jebi import params
    from jebi.dependencies.fields import get_flat_params, get_validation_alias

    declared = {
        get_validation_alias(field): field.field_info.annotation
        for field in get_flat_params(route.dependant)
        if getattr(field.field_info, "in_", None) is params.ParamTypes.path
    }
    return all(
        type(convertor) in TEXT
        or declared.get(name, CONVERTED.get(type(convertor))) is CONVERTED.get(type(convertor), 0)
        for name, convertor in route.param_convertors.items()
    )


def _is_form(field: ModelField) -> bool:
    from jebi import params

    return isinstance(field.field_info, params.Form)


def plans_of(route: APIRoute) -> Plans | None:
    """The plans of ``route``, if they are all that it does."""
    cls = type(route)
    reroutes = cls.matches is not APIRoute.matches or cls.handle is not Route.handle
    # A form is parsed in Python anyway, and its files outlive the exception handlers.
    body = route.body_field
    reads_form = body is not None and _is_form(body)
    if not route._is_as_planned:
        return None  # somebody put another application in its place
    # Tools that want to be called in the middle of a plan find none here.
    if route.plans is None or reroutes or reads_form or are_replaced():
        return None
    return route.plans if route.max_body_size is None else None


def _plan(app: FastAPI, route: Route) -> _engine.Plan | None:
    if not isinstance(route, APIRoute):
        return function_plan(app, route)
    plans = plans_of(route) if _converts_alike(route) else None
    if plans is None:
        return None
    handler = app.exception_handlers.get(RequestValidationError)
    new_request = request_maker(app, route)
    answers_invalid = handler is request_validation_exception_handler

    def change(spec: PlanSpec) -> PlanSpec:
        return spec.replaced(new_request=new_request, answers_invalid=answers_invalid)

    _, plan = plans.changed(change).plain()
    return plan


def exception_responder(app: FastAPI, report: Report = log_error) -> Respond:
    """What makes the response to an exception, as the toolkit's would, and closes what is left."""

    answer = handlers_of(app, report)

    async def respond(request: Request, error: Exception, exits: Any) -> Answered:
        left = await close_exits(exits, error)
        if not isinstance(left, Exception):
            raise left
        route = request.scope.get("route")
        if isinstance(left, ValidationException):
            locate(left, request, getattr(route, "path_format", request.scope.get("path")))
        return await answer(request, left)

    return respond


async def close_exits(exits: Any, error: BaseException) -> BaseException:
    """Leave all that is open, ``error`` thrown in; what to answer then."""
    if exits is None:
        return error
    left = await exits.close("function", error)
    left = await exits.close("request", left)
    return FastAPIError(_NO_RESPONSE) if left is None else left
