"""The core of an application of path operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jebi._native import close_exits, plans_of
from jebi.dependencies.bodies import read_body
from jebi.exceptions import ValidationException
from jebi.routing import api_router
from jebi.routing.api_route import APIRoute
from jebi.routing.handler import locate
from jebi.web._core import answer_failure, core_of, function_plan

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from jebi import _engine
    from jebi.web._exception_handler import Handlers
    from jebi.web.requests import Request
    from jebi.web.routing.table import Routes
    from jebi.web.types import Send


def compile_core(router: api_router.APIRouter, routes: Routes) -> _engine.Core | None:
    """The core of ``router``, whose routes these are.

    ``None`` where only its ASGI form does all that it does.
    """
    if router.form_limits:
        return None  # applications that are mounted below look for them in the scope
    return core_of(router, routes, api_router, _plan, _read, _fail)


def _plan(route: Any) -> _engine.Plan | None:
    if not isinstance(route, APIRoute):
        return function_plan(route)
    plans = plans_of(route)
    return None if plans is None else plans.plain()[1]


def _read(request: Request) -> Awaitable[bytes]:
    return read_body(request.body)


async def _fail(
    request: Request, send: Send, handlers: Handlers, error: BaseException, exits: Any
) -> None:
    if isinstance(error, ValidationException):
        locate(error, request, request.scope["route"].path_format)
    await answer_failure(request, send, handlers, await close_exits(exits, error))
