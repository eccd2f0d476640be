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
    before = f"{prefix}:"
    return name[len(before) :] if name.startswith(before) else None


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
