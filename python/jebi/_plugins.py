"""Whether there are plugins for pydantic, found out at less cost than by pydantic.

It asks ``importlib.metadata`` for the entry points of everything installed when the first model is
made: with what that imports, a twentieth of a start and 1.5 MiB, and there is hardly ever a plugin.
The files are looked through for the word here, and pydantic's own function is asked where one has
it, or where there may be packages in other places than directories.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any

from jebi._put_off import put_off_with

if TYPE_CHECKING:
    from collections.abc import Iterable

_LOADER = "pydantic.plugin._loader"
_GROUP = b"[pydantic]"
_METADATA = (".dist-info", ".egg-info")


def look_quickly() -> None:
    """Have pydantic ask here first. Changes nothing where pydantic was imported before."""
    put_off_with(_LOADER, get_plugins=_get_plugins)


def _get_plugins() -> Iterable[Any]:
    module = sys.modules[_LOADER]
    # As it would be, had it been imported.
    setattr(sys.modules["pydantic.plugin"], "_loader", module)  # noqa: B010 - a private name
    if "entry_points" not in vars(module) and _none_installed():
        return ()
    module.entry_points  # noqa: B018 - executes it, and so replaces this function
    plugins: Iterable[Any] = module.get_plugins()
    return plugins


_seen: dict[tuple[str, ...], bool] = {}


def _none_installed() -> bool:
    """Whether no package that can be imported has plugins for pydantic."""
    places = tuple(sys.path)
    known = _seen.get(places)
    if known is None:
        known = _seen[places] = not any(map(_may_have_one, places)) and not any(
            hasattr(finder, "find_distributions")
            for finder in sys.meta_path
            if finder is not PathFinder
        )
    return known


def _may_have_one(place: str) -> bool:
    place = str(place)
    if place.lower().endswith(".egg"):
        return True
    try:
        names = os.listdir(place or ".")
    except FileNotFoundError:
        return False
    except OSError:
        return True  # a zip archive, or what only importlib.metadata can read
    return any(
        _names_group(os.path.join(place, name))
        for name in names
        if name.lower().endswith(_METADATA)
    )


def _names_group(directory: str) -> bool:
    try:
        with open(os.path.join(directory, "entry_points.txt"), "rb") as file:
            return _GROUP in file.read()
    except OSError:
        return False
