"""Run code written for FastAPI, Starlette, uvicorn and uvloop on Jebi, unchanged.

Once :func:`install` has run, ``import fastapi.x`` gives the very module that ``import jebi.x``
gives: one object under two names, executed once, so that a class is the same class whichever name
it was imported by. There are four ways to switch it on:

* ``jebi run --drop-in main:app``;
* ``JEBI_DROP_IN=1`` in the environment, which the ``jebi`` command and its workers honour, and any
  other Python once ``python -m jebi.drop_in --write-pth`` has put a ``.pth`` file into its
  site-packages (or a ``sitecustomize.py`` calls :func:`install_if_asked`);
* ``python -m jebi.drop_in -m module …`` or ``python -m jebi.drop_in script.py …``;
* ``pytest -p jebi.drop_in`` for a test suite.

uvicorn serves on any event loop, Jebi's server on Jebi's. So that ``asyncio.run(server.serve())``
goes on working, the first import of a foreign name makes Jebi's loop the one that asyncio makes, as
:func:`jebi.loop.install` does; a policy that the program has set stays. Under pytest asyncio's own
stay: which loop a test runs on is for the suite and its plugins to say.

The modules' ``__version__`` becomes that of the interface they stand for (``fastapi.__version__``
is ``"0.165.0"``), so that checks for features work; ``importlib.metadata`` is left alone, because
it tells what is installed.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from importlib.machinery import BuiltinImporter, FrozenImporter, ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import MutableSequence, Sequence
    from importlib.abc import InspectLoader, MetaPathFinder
    from types import CodeType

    import pytest
else:
    # The interfaces alone: their module imports what every command would pay for.
    InspectLoader = MetaPathFinder = object

__all__ = ["ENVIRONMENT", "TWINS", "VERSIONS", "DropInError", "install", "install_if_asked"]
__all__ += ["is_asked", "is_installed", "original_name", "twin_name"]
__all__ += ["uninstall"]

ENVIRONMENT = "JEBI_DROP_IN"
"""The environment variable that asks for the drop-in, for this process and its children."""

TWINS = {
    "fastapi": "jebi",
    "starlette": "jebi.web",
    "uvicorn": "jebi.server",
    "uvloop": "jebi.loop",
}
"""Which of our packages stands in for which top-level name."""

VERSIONS = {
    "fastapi": "0.165.0",
    "starlette": "1.10.0",
    "uvicorn": "0.54.0",
    "uvloop": "0.23.0",
}
"""The version of the interface that each package stands in for."""

_ABSENT = object()


class DropInError(ImportError):
    """The drop-in cannot be installed, because an original is in use already."""


def twin_name(name: str) -> str | None:
    """Our name of a foreign module: ``jebi.web.routing`` for ``starlette.routing``.

    ``None`` for a module that is none of ours.
    """
    top, dot, rest = name.partition(".")
    twin = TWINS.get(top)
    return None if twin is None else twin + dot + rest


def original_name(name: str) -> str:
    """What applications call a module of ours: ``starlette.routing`` for ``jebi.web.routing``.

    Names that are not ours stay.
    """
    for top, twin in sorted(TWINS.items(), key=lambda pair: -len(pair[1])):
        if name == twin or name.startswith(f"{twin}."):
            return top + name.removeprefix(twin)
    return name


class _Front(ModuleType):
    """A module of ours under its foreign name, for the import system and its hooks.

    What hooks find and replace in it is the module's; only what the import system writes into every
    module is its own, so that the module keeps its spec, and hooks go by the name they know.
    """

    _OWN = frozenset({"__loader__", "__name__", "__package__", "__path__", "__spec__", "_twin"})

    def __init__(self, name: str, twin: ModuleType) -> None:
        super().__init__(name)
        self._twin = twin

    def __getattr__(self, name: str) -> Any:
        return getattr(self._twin, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._OWN:
            super().__setattr__(name, value)
        else:
            setattr(self._twin, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._twin, name)


class _Loader(InspectLoader):
    """Loads a foreign name by importing its twin and putting that into ``sys.modules``."""

    def __init__(self, twin: ModuleSpec, finder: _Finder) -> None:
        self.twin = twin
        self.finder = finder

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        # Import now, while the foreign name is still missing from sys.modules: an import of it
        # from inside the twin (a cycle) then finds the half-made twin, as it would anywhere.
        module = importlib.import_module(self.twin.name)
        _adopt_version(spec.name, module)
        if self.finder.makes_loops and spec.name in TWINS:
            _make_loop_default()
        return _Front(spec.name, module)

    def exec_module(self, module: ModuleType) -> None:
        # The import system takes whatever stands in sys.modules now, and leaves it alone.
        twin = sys.modules[module.__name__] = sys.modules[self.twin.name]
        self.finder.import_loaded(twin)

    def get_code(self, fullname: str) -> CodeType | None:
        """For ``python -m``: the twin's code, to be run as ``__main__``."""
        return self._inspect().get_code(twin_name(fullname) or fullname)

    def get_source(self, fullname: str) -> str | None:
        return self._inspect().get_source(twin_name(fullname) or fullname)

    def is_package(self, fullname: str) -> bool:  # noqa: ARG002 - the interface's signature
        return self.twin.submodule_search_locations is not None

    def _inspect(self) -> InspectLoader:
        loader: Any = self.twin.loader
        if not hasattr(loader, "get_code"):
            raise ImportError(f"{self.twin.name} has no code to look at", name=self.twin.name)
        found: InspectLoader = loader
        return found


class _Finder(MetaPathFinder):
    """Answers for the foreign names, before any finder that would find the originals."""

    def __init__(self) -> None:
        #: Whether asyncio is to make Jebi's loops from the first foreign import on.
        self.makes_loops = True
        self._importing = False

    def import_loaded(self, imported: ModuleType) -> None:
        """Import by their foreign names the modules that came with ``imported``.

        Whoever waits for imports, as agents for monitoring do, sees those that an import of the
        original would make: ours import each other by our names.
        """
        if self._importing or not _is_complete(imported):
            return
        self._importing = True
        try:
            # The package puts off what an application needs until it is asked for.
            getattr(imported, "FastAPI", None)
            for name in [name for name in sys.modules if name.startswith("jebi.")]:
                foreign = original_name(name)
                is_in_use = foreign.partition(".")[0] in sys.modules or _is_of_toolkit(name)
                is_new = foreign not in sys.modules and "._" not in foreign
                if is_in_use and is_new and _is_complete(sys.modules[name]):
                    importlib.import_module(foreign)
        finally:
            self._importing = False

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - a finder's signature
        target: ModuleType | None = None,  # noqa: ARG002 - a finder's signature
    ) -> ModuleSpec | None:
        name = twin_name(fullname)
        if name is None:
            return None
        twin = importlib.util.find_spec(name)
        if twin is None:
            if fullname in TWINS:  # never fall through to an original that may be installed
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
            return None
        loader = _Loader(twin, self)
        spec = ModuleSpec(fullname, loader, origin=twin.origin)
        if twin.submodule_search_locations is not None:
            spec.submodule_search_locations = list(twin.submodule_search_locations)
        spec.has_location = twin.has_location
        return spec


def _is_of_toolkit(name: str) -> bool:
    toolkit = TWINS["starlette"]
    return name == toolkit or name.startswith(f"{toolkit}.")


def _is_complete(module: ModuleType) -> bool:
    return not getattr(module.__spec__, "_initializing", False)


_own_versions: dict[str, Any] = {}


def _adopt_version(name: str, module: ModuleType) -> None:
    version = VERSIONS.get(name)
    if version is not None and name not in _own_versions:
        _own_versions[name] = getattr(module, "__version__", _ABSENT)
        module.__dict__["__version__"] = version


def _restore_versions() -> None:
    for name, version in _own_versions.items():
        module = sys.modules.get(TWINS[name])
        if module is None:
            continue
        if version is _ABSENT:
            module.__dict__.pop("__version__", None)
        else:
            module.__dict__["__version__"] = version
    _own_versions.clear()


def _make_loop_default() -> None:
    """Have asyncio make Jebi's loops, unless the program has chosen others or set one."""
    policy = getattr(importlib.import_module("asyncio.events"), "_event_loop_policy", None)
    if policy is not None:
        kept = getattr(getattr(policy, "_local", None), "_loop", None)
        if not type(policy).__module__.startswith("asyncio.") or kept is not None:
            return
    if sys.version_info < (3, 16):  # which has no policies
        importlib.import_module("jebi.loop.policy").install()


def _foreign_modules() -> list[str]:
    return [name for name in sys.modules if twin_name(name) is not None]


def _refuse_originals() -> None:
    for name in _foreign_modules():
        module = sys.modules[name]
        ours = sys.modules.get(twin_name(name) or "")
        if module is None or module is ours:
            continue
        top = name.partition(".")[0]
        original = sys.modules.get(top, module)
        where = getattr(original, "__file__", None) or "an unknown place"
        version = getattr(original, "__version__", None)
        raise DropInError(
            f"{top}{f' {version}' if version else ''} is already imported, from {where}, so it can "
            f"no longer resolve to {TWINS[top]}. Call jebi.drop_in.install() before the first "
            f"import of {top}, or start with `jebi run --drop-in` or {ENVIRONMENT}=1.",
            name=top,
        )


def is_installed() -> bool:
    """Whether the foreign names resolve to Jebi in this process."""
    return any(isinstance(finder, _Finder) for finder in sys.meta_path)


def install() -> None:
    """Make ``fastapi``, ``starlette``, ``uvicorn`` and ``uvloop`` resolve to Jebi.

    Calling it again changes nothing.

    Raises:
        DropInError: One of the originals was imported before.
    """
    if is_installed():
        return
    _refuse_originals()
    # Behind the hooks of tools that wait for imports: those ask whoever comes after them.
    ordinary = (BuiltinImporter, FrozenImporter, PathFinder)
    places = (place for place, finder in enumerate(sys.meta_path) if finder in ordinary)
    sys.meta_path.insert(next(places, 0), _Finder())


def uninstall() -> None:
    """Undo :func:`install`. Names that were imported already keep pointing at Jebi's modules."""
    if not is_installed():
        return
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Finder)]
    for name in _foreign_modules():
        del sys.modules[name]
    _restore_versions()


def is_asked() -> bool:
    """Whether the environment asks for the drop-in (``JEBI_DROP_IN=1``)."""
    answer = os.environ.get(ENVIRONMENT, "")
    return answer.strip().lower() not in {"", "0", "no", "off", "false"}


def install_if_asked() -> bool:
    """Install when the environment asks for it, as a ``sitecustomize.py`` would; tell whether."""
    if is_asked():
        install()
    return is_installed()


# The plugin, for `pytest -p jebi.drop_in`.


def _twin_filter(line: str) -> str | None:
    """The twin of a warning filter whose module field names a foreign module."""
    fields = line.split(":")
    if len(fields) < 4:
        return None
    twin = twin_name(fields[3].strip())
    return None if twin is None else ":".join([*fields[:3], twin, *fields[4:]])


def _add_twin_filters(lines: MutableSequence[str]) -> None:
    """Put each filter's twin right behind it, which keeps their order of precedence."""
    for index in reversed(range(len(lines))):
        twin = _twin_filter(lines[index])
        if twin is not None and twin not in lines:
            lines.insert(index + 1, twin)


def pytest_addoption() -> None:
    """Install. This hook runs when pytest registers the plugin, before it loads any other."""
    install()
    for finder in sys.meta_path:
        if isinstance(finder, _Finder):
            finder.makes_loops = False


def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Translate the settings' and the command line's warning filters."""
    _add_twin_filters(early_config.getini("filterwarnings"))
    _add_twin_filters(early_config.known_args_namespace.pythonwarnings or [])


def pytest_itemcollected(item: pytest.Item) -> None:
    """Translate the warning filters of a test's marks."""
    for mark in list(item.iter_markers("filterwarnings")):
        for line in mark.args:
            twin = _twin_filter(line)
            if twin is not None:
                item.add_marker(importlib.import_module("pytest").mark.filterwarnings(twin))


if __name__ == "__main__":
    from jebi._drop_in_command import main

    main(sys.argv[1:])
