"""The core of an application: router and routes as one callable of the engine's.

It stands below middleware that the engine does not know, in the place of what is Python's there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jebi._engine import Core
from jebi.web import routing as web_routing
from jebi.web._exception_handler import answer_exception
from jebi.web._native import plan_of_function
from jebi.web._utils import is_written_in
from jebi.web.requests import Request
from jebi.web.routing import router as web_router

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import ModuleType

    from jebi import _engine
    from jebi.web._exception_handler import Handlers
    from jebi.web.routing.table import Routes
    from jebi.web.types import Send

    PlanOf = Callable[[Any], _engine.Plan | None]
    Fail = Callable[[Request, Send, Handlers, BaseException, Any], Awaitable[None]]
    Read = Callable[[Request], Awaitable[bytes]]


def core_of(
    router: web_routing.Router,
    routes: Routes,
    module: ModuleType,
    plan_of: PlanOf,
    read: Read,
    fail: Fail,
) -> Core | None:
    """The core of ``router``, whose routes these are, and whose class is written in ``module``.

    ``None`` where the router is not ours, or something of its own stands around its routes. The
    other arguments are those of the engine's class.
    """
    cls = type(router)
    is_ours = (
        cls.routes is web_routing.Router.routes
        and is_written_in(web_router, cls.__call__)
        and is_written_in(module, cls.app)
        and router.middleware_stack == router.app
    )
    return Core(routes.search(), router, plan_of, read, fail) if is_ours else None


def compile_core(router: web_routing.Router, routes: Routes) -> Core | None:
    """The core of a router of the toolkit; ``None`` where it does more."""
    return core_of(router, routes, web_router, function_plan, Request.body, _fail)


def function_plan(route: Any) -> _engine.Plan | None:
    """The plan of a route to a function of the request."""
    return plan_of_function(route, Request) if isinstance(route, web_routing.Route) else None


async def _fail(
    request: Request, send: Send, handlers: Handlers, error: BaseException, exits: Any
) -> None:
    del exits  # functions of the request have none
    await answer_failure(request, send, handlers, error)


async def answer_failure(
    request: Request, send: Send, handlers: Handlers, error: BaseException
) -> None:
    """Answer ``error`` as routes do; what is nobody's goes on up."""
    try:
        raise error
    except Exception as raised:
        if not await answer_exception(raised, handlers, request, request.receive, send):
            raise
