"""The search for the first route that fits: a list of routes and the engine's table over it."""

from __future__ import annotations

import functools
import re
from operator import is_
from typing import TYPE_CHECKING, Any, Literal

from jebi._engine import RouteTable
from jebi.web.convertors import (
    FloatConvertor,
    IntegerConvertor,
    PathConvertor,
    StringConvertor,
    UUIDConvertor,
)
from jebi.web.routing.base import BaseRoute, Match
from jebi.web.routing.host import requested_host
from jebi.web.routing.paths import Template, parse_path
from jebi.web.routing.watched import watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from jebi._engine import Core
    from jebi.web.convertors import Convertor

    Described = tuple[str, str, list[tuple[str, Callable[[str], Any] | None]]]

#: What the engine matches by itself, and the expression that this is for.
_KINDS: dict[type[Convertor[Any]], tuple[str, str]] = {
    StringConvertor: ("str", "[^/]+"),
    PathConvertor: ("path", ".*"),
    IntegerConvertor: ("int", "[0-9]+"),
    FloatConvertor: ("float", r"[0-9]+(\.[0-9]+)?"),
    UUIDConvertor: ("uuid", "[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}"),
}
_TEXT = (StringConvertor, PathConvertor)


class Routes(list[BaseRoute]):
    """The routes of a router, in their order, which may change at any time."""

    #: Made when it is asked for; ``None`` after a change.
    table: RouteTable | None = None

    #: What answers by this table below middleware that the engine does not know, made when it is
    #: asked for; ``None`` after a change, and ``False`` if there can be none.
    core: Core | Literal[False] | None = None

    #: Called at each change.
    watchers: tuple[Callable[[], None], ...] = ()

    def change(self) -> None:
        """Forget what was made of the routes as they were."""
        self.table = self.core = None
        for watcher in self.watchers:
            watcher()

    def search(self) -> RouteTable:
        """The table of the routes as they are now."""
        table = self.table
        if table is None:
            described = []
            for route in self:
                described.append((route, describe(route)))
                watch(route, self)
            table = RouteTable(described, requested_host, Match.NONE, Match.FULL)
            self.table = table
        return table

    def are(self, routes: Iterable[BaseRoute]) -> bool:
        """Whether ``routes`` are the very same ones."""
        others = list(routes)
        return len(others) == len(self) and all(map(is_, self, others))

    def __getstate__(self) -> None:
        # A copy makes a table of its own, and nobody watches it.
        return None


def _changing(change: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(change)
    def changed(self: Routes, *args: Any, **options: Any) -> Any:
        self.change()
        return change(self, *args, **options)

    return changed


for _name in (
    "append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse",
    "__setitem__", "__delitem__", "__iadd__", "__imul__",
):  # fmt: skip
    setattr(Routes, _name, _changing(getattr(list, _name)))


def describe(route: BaseRoute) -> Described | None:
    """What the engine needs to know of ``route``; ``None`` where only the route itself knows.

    That is a route that has, or whose class has, another ``matches`` than the one that we wrote,
    one whose expression is not that of its path, and one with convertors of an application's.
    """
    cls = type(route)
    kind, matches = getattr(cls, "_by_template", ("", None))
    if matches is None or cls.matches is not matches or "matches" in getattr(route, "__dict__", ()):
        return None
    template = _template(route, kind)
    if template is None:
        return None
    known = [_KINDS.get(type(template.convertors[name])) for name in template.names]
    for name, found in zip(template.names, known, strict=True):
        if found is None or template.convertors[name].regex != found[1]:
            return None
    conversions = [(name, _conversion(template.convertors[name])) for name in template.names]
    if kind == "mount":
        # What lies under it is no parameter of its own.
        conversions.pop()
    return (
        kind,
        template.with_kinds([found[0] for found in known if found is not None]),
        conversions,
    )


def _template(route: Any, kind: str) -> Template | None:
    """What is written of ``route``, if its expression says the same."""
    try:
        known = vars(route).get("path_regex") if kind != "host" else None
        if isinstance(known, Template) and known.convertors is route.param_convertors:
            # Nobody has asked for the expression, nor put another in its place.
            return known
        path = route.host if kind == "host" else route.path
        written = parse_path(f"{path}/{{path:path}}" if kind == "mount" else path)
        template = written.replaced(convertors=route.param_convertors)
        regex = route.host_regex if kind == "host" else route.path_regex
        if regex.pattern != template.pattern or regex.flags & re.IGNORECASE != template.flags:
            return None
    except (AssertionError, AttributeError, KeyError, TypeError, ValueError):
        return None
    if kind != "host":
        return template
    # Hosts are asked for in lower case, and stand behind a slash, as if they were paths.
    first, *others = (literal.lower() for literal in template.literals)
    return template.replaced(literals=(f"/{first}", *others))


def _conversion(convertor: Convertor[Any]) -> Callable[[str], Any] | None:
    return None if type(convertor) in _TEXT else convertor.convert
