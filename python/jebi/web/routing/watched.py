"""Attributes of routes that tables of routes depend on."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from jebi.web.routing.paths import Template

if TYPE_CHECKING:
    from jebi.web.routing.base import BaseRoute
    from jebi.web.routing.table import Routes


class Watched:
    """The attribute that decides what a route matches: tables learn of another value.

    A template stands for its regular expression, which is compiled when it is asked for.
    """

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self.name = name

    def __get__(self, route: Any, owner: type[Any]) -> Any:
        if route is None:
            return self
        try:
            value = route.__dict__[self.name]
        except KeyError:
            raise AttributeError(self.name) from None
        if type(value) is Template:
            # Tables look routes up by their templates: most expressions are never asked for.
            value = route.__dict__[self.name] = value.compiled()
        return value

    def __set__(self, route: Any, value: Any) -> None:
        route.__dict__[self.name] = value
        for watching in route.__dict__.get("_watched_by", ()):
            routes = watching()
            if routes is not None:
                routes.change()


def watch(route: BaseRoute, routes: Routes) -> None:
    """Let ``routes`` know when a watched attribute of ``route`` gets another value."""
    known = getattr(route, "__dict__", {}).setdefault("_watched_by", [])
    if not any(watching() is routes for watching in known):
        known[:] = [watching for watching in known if watching() is not None]
        known.append(weakref.ref(routes))
