"""Finding the path to an endpoint that lies behind another route."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jebi.web.routing.base import NoMatchFound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jebi.web.datastructures import URLPath
    from jebi.web.routing.base import BaseRoute


def child_name(prefix: str | None, name: str) -> str | None:
    """What is left of ``prefix:child``; ``None`` when ``name`` is not behind this prefix."""
    if prefix is None:
        return name
    before, colon, child = name[: len(prefix)], name[len(prefix) : len(prefix) + 1], None
    if before == prefix and colon == ":":
        child = name[len(prefix) + 1 :]
    return child


def first_url_path(
    routes: Iterable[BaseRoute], name: str, path_params: dict[str, Any]
) -> URLPath | None:
    """The path from the first of ``routes`` that knows ``name`` with these parameters."""
    for route in routes:
        try:
            return route.url_path_for(name, **path_params)
        except NoMatchFound:
            continue
    return None
