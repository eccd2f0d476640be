"""Puts the loop under test where CPython's tests take theirs from."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
import signal
import sys
from types import ModuleType
from typing import Any

from .. import default_policy, loop_class

# The modules that the tests put mocks into, and what they replace there.
PATCHED_MODULES = ("asyncio.base_events", "asyncio.unix_events")
PATCHED_NAMES = ("logger", "socket", "sys")


class Substitution:
    """The loop under test under asyncio's names, and a count of how many were made."""

    def __init__(self, name: str) -> None:
        self.made = 0
        self._name = name
        self._loop = self._counted(loop_class(name))
        # The tests of the base class say what every loop does. Stock asyncio stands for itself.
        is_stock = name == "asyncio"
        self._base = self._counted(asyncio.BaseEventLoop) if is_stock else self._loop

    def install(self) -> None:
        """Replace the names in the package; the modules that asyncio consists of keep theirs."""
        policy_name, policy = default_policy()
        ours = type(policy.__name__, (policy,), {"_loop_factory": self._loop})
        setattr(asyncio, policy_name, ours)
        for name in ("SelectorEventLoop", "EventLoop"):
            if hasattr(asyncio, name):
                setattr(asyncio, name, self._loop)
        asyncio.BaseEventLoop = self._base  # type: ignore[misc]  # a name of classes is replaced
        if self._name == "jebi":
            _see_mocks()

    def install_in(self, module: ModuleType) -> None:
        """Replace the base class, in the module that is about it only.

        Others reach for it to call asyncio's own implementation of something.
        """
        if module.__name__.endswith(".test_base_events"):
            module.__dict__["base_events"] = _Overlay(
                asyncio.base_events,
                BaseEventLoop=self._base,
            )

    def _counted(self, loop: Any) -> Any:
        """The class, which counts, and takes a selector whether it has use for one or not."""
        substitution = self
        takes_selector = self._name == "asyncio"

        def make(cls: Any, *_selector: Any) -> Any:
            return loop.__new__(cls)

        def initialise(self: Any, *selector: Any) -> None:
            substitution.made += 1
            loop.__init__(self, *(selector if takes_selector else ()))

        def run_once(self: Any) -> None:
            self.stop()
            self.run_forever()

        members: dict[str, Any] = {"__new__": make, "__init__": initialise}
        members["__module__"] = loop.__module__
        if not hasattr(loop, "_run_once"):
            members["_run_once"] = run_once
        if not hasattr(loop, "_default_executor"):
            # The suite's own cleaning up looks there.
            members["_default_executor"] = None
        return type(loop.__name__, (loop,), members)


class _Overlay(ModuleType):
    """A module with some of its names replaced, for one importer."""

    def __init__(self, module: ModuleType, **names: Any) -> None:
        super().__init__(module.__name__)
        self.__dict__.update(names)
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


class _Patched:
    """What stands under a name in asyncio's modules at the moment: the original or a mock."""

    def __init__(self, name: str, original: Any) -> None:
        self._name = name
        self._original = original

    def __getattr__(self, attribute: str) -> Any:
        found = (getattr(sys.modules[module], self._name, None) for module in PATCHED_MODULES)
        mocks = (it for it in found if it not in (None, self._original))
        return getattr(next(mocks, self._original), attribute)


def _see_mocks() -> None:
    """Let a mock that a test puts into asyncio's modules reach the modules of Jebi's loop."""
    import jebi.loop

    originals: dict[str, Any] = {"signal": signal}
    for name in PATCHED_NAMES:
        originals[name] = getattr(sys.modules["asyncio.base_events"], name)
    for info in pkgutil.iter_modules(jebi.loop.__path__, "jebi.loop."):
        module = importlib.import_module(info.name)
        for name, original in originals.items():
            if getattr(module, name, None) is original:
                setattr(module, name, _Patched(name, original))
