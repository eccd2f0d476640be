"""Modules of Python's own that others import and seldom use, loaded when they are used.

asyncio imports ``ssl`` for connections that many servers never make, pydantic ``secrets`` for one
function. Both bring OpenSSL along: more than four megabytes, and a twentieth of the time to the
first answer.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import threading
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

_SELDOM_USED = ("ssl", "secrets", "asyncio.sslproto")
"""What others import by its name alone, which is why they do not notice."""

_MARK = "__put_off__"
_loading = threading.RLock()


class _PutOff(ModuleType):
    """A module that is executed, in place, when an attribute of it is asked for.

    Not ``importlib.util.LazyLoader``'s: that takes a second ``import`` for a use.
    """

    def __getattr__(self, name: str) -> Any:
        if name != "__path__":  # by which every import asks whether this is a package
            _load(self)
        return ModuleType.__getattribute__(self, name)

    def __dir__(self) -> list[str]:
        _load(self)
        return list(ModuleType.__dir__(self))


def _load(module: ModuleType) -> None:
    with _loading:  # other threads wait for who loads it; that one finds what there is by then
        if module.__dict__.pop(_MARK, None) is None:
            return
        spec = module.__spec__
        assert spec is not None
        assert spec.loader is not None
        spec.loader.exec_module(module)
        module.__class__ = ModuleType


def put_off_seldom_used() -> None:
    """Put off what a server seldom uses."""
    # A Python without OpenSSL has to say so when ssl is imported.
    if importlib.util.find_spec("_ssl") is not None:
        put_off(*_SELDOM_USED)


def put_off(*names: str) -> None:
    """Have the next ``import`` of each module find one that is yet to be executed.

    Only those are put off that nobody has imported; for others nothing changes. The package that a
    module is in is imported here and now.
    """
    for name in names:
        module = _registered(name, {})
        package, _, rest = name.rpartition(".")
        if module is not None and package:
            setattr(importlib.import_module(package), rest, module)


def put_off_with(name: str, **known: Any) -> None:
    """As :func:`put_off`, with attributes that are there before the module is executed.

    They do until then in the place of its own. Its package is not imported for it.
    """
    _registered(name, known)


def _registered(name: str, known: dict[str, Any]) -> ModuleType | None:
    spec = None if name in sys.modules else _spec(name)
    if spec is None or spec.loader is None:
        return None
    made = importlib.util.module_from_spec(spec)
    module = _PutOff(name)
    module.__dict__.update(vars(made), **known, **{_MARK: True})
    sys.modules[name] = module
    return module


def _spec(name: str) -> ModuleSpec | None:
    """Where the module is, found without importing the package that it is in."""
    top, *inner = name.split(".")
    found = importlib.util.find_spec(top)
    if found is None or not inner:
        return found
    if name.rpartition(".")[0] in sys.modules:
        return None  # it has looked for it
    for place in found.submodule_search_locations or ():
        path = f"{os.path.join(place, *inner)}.py"
        if os.path.exists(path):
            return importlib.util.spec_from_file_location(name, path)
    return None
