"""Routes as schemas and tools look at them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jebi.routing.api_route import APIRoute
from jebi.web.routing import BaseRoute

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jebi.web.routing import Match
    from jebi.web.types import Scope


class RouteContext:
    """A route with all that the routers around it say; attributes are those of the route."""

    def __init__(self, route: BaseRoute) -> None:
        """Show ``route``."""
        self.route = route

    @property
    def original_route(self) -> BaseRoute:
        """The route itself: inclusion merges the options into a route of its own."""
        return self.route

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """How well path and method fit, whatever a subclass of ours adds to that.

        Tools ask outside of a request's way, where the scope lacks what a subclass looks for.
        """
        route: Any = self.route
        if isinstance(route, APIRoute):
            return APIRoute.matches(route, scope)
        fits: tuple[Match, Scope] = route.matches(scope)
        return fits

    def __getattr__(self, name: str) -> Any:
        """Any attribute of the route."""
        return getattr(self.route, name)


class _IncludedRouter(BaseRoute):
    """What FastAPI keeps for an included router. Packages look for them; here are none to find."""


def iter_route_contexts(routes: Sequence[BaseRoute | RouteContext]) -> Iterator[RouteContext]:
    """Each route in its context."""
    for route in routes:
        yield route if isinstance(route, RouteContext) else RouteContext(route)
