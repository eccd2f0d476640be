"""All frontends of a router: which of them answers a request that no other route fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jebi.web._observer import OBSERVER_KEY, Observer
from jebi.web.exceptions import HTTPException
from jebi.web.routing import BaseRoute, Match, NoMatchFound

if TYPE_CHECKING:
    from jebi.routing.frontend import FrontendRoute
    from jebi.web.datastructures import URLPath
    from jebi.web.types import ASGIApp, Receive, Scope, Send


class FrontendRoutes(BaseRoute):
    """The frontends of a router; of those that fit, the one with the longest path answers."""

    def __init__(self, last_resort: ASGIApp) -> None:
        """Have none; ``last_resort`` answers what none of them fits."""
        self.routes: list[FrontendRoute] = []
        self._last_resort = last_resort

    def choose(self, scope: Scope) -> tuple[Match, FrontendRoute | None, Scope]:
        """The frontend for a request, how well it fits, and what the scope gets."""
        chosen: tuple[Match, FrontendRoute | None, Scope] = (Match.NONE, None, {})
        for route in self.routes:
            match, child_scope = route.matches(scope)
            best, known, _ = chosen
            if match is Match.NONE or match.value < best.value:
                continue
            if match is best and known is not None and route.specificity <= known.specificity:
                continue
            chosen = (match, route, child_scope)
        return chosen

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """How well the best of them fits."""
        match, _, child_scope = self.choose(scope)
        return match, child_scope

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a file of the frontend that fits."""
        if not await self._answer(scope, receive, send):
            raise HTTPException(status_code=404)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the last of a router's routes."""
        if not await self._answer(scope, receive, send):
            await self._last_resort(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> bool:
        _, route, child_scope = self.choose(scope)
        if route is None:
            return False
        scope.update(child_scope)
        observer: Observer | None = scope.get(OBSERVER_KEY)
        if observer is not None:
            observer.route_chosen(route)
        await route.handle(scope, receive, send)
        return True

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """Frontends have no names."""
        raise NoMatchFound(name, path_params)
