"""The core of an application: router and routes as one callable of the engine's.

It stands below middleware that the engine does not know, in the place of what is Python's there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jebi._engine import Core
from jebi.web import routing as web_routing
from jebi.web._exception_handler import answer_exception
from jebi.web._utils import is_written_in
from jebi.web.routing import router as web_router

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import ModuleType

    from jebi import _engine
    from jebi.web._exception_handler import Handlers
    from jebi.web.requests import Request
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


async def answer_failure(
    request: Request, send: Send, handlers: Handlers, error: BaseException
) -> None:
    """Answer ``error`` as routes do; what is nobody's goes on up."""
    try:
        raise error
    except Exception as raised:
        if not await answer_exception(raised, handlers, request, request.receive, send):
            raise
