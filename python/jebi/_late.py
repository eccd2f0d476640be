"""Names that a module has, and whose modules are imported when somebody asks for them.

A small application uses few of the parts; what it does not name costs it neither time nor memory.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def late(
    module: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The ``__getattr__`` and the ``__dir__`` of a module (PEP 562).

    To be assigned where type checkers do not look, with ordinary imports where only they do.

    Args:
        module: Its ``__name__``.
        homes: By name, the module that it is imported from.
    """

    def look_up(name: str) -> Any:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        value = getattr(import_module(home), name)
        setattr(sys.modules[module], name, value)
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[module]), *homes})

    return look_up, names
