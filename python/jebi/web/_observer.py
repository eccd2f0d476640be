"""Who wants to know what becomes of a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from jebi.web.routing import BaseRoute

OBSERVER_KEY = "fastapi.telemetry"
"""Where a scope holds its :class:`Observer`; ``None`` there forbids to put one there."""


class Observer(Protocol):
    """Is told by those who answer a connection."""

    def route_chosen(self, route: BaseRoute) -> None:
        """A router leads the connection to ``route``, or redirects it to where that is."""

    def exception_raised(self, error: BaseException) -> None:
        """No handler has answered ``error``; what answers now is the handler of server errors."""
