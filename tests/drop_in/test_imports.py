"""What an import of a foreign name gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jebi import drop_in

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import RunPython

INSTALL = "import jebi.drop_in; jebi.drop_in.install()\n"


def test_both_names_are_one_module_executed_once(python: RunPython) -> None:
    lines = python(
        INSTALL
        + "import fastapi, fastapi.security.oauth2, jebi.security.oauth2, starlette.routing\n"
        + "import builtins, jebi.web.routing, uvicorn, uvloop, jebi\n"
        + "print(fastapi is jebi, fastapi.security.oauth2 is jebi.security.oauth2)\n"
        + "print(starlette.routing is jebi.web.routing)\n"
        + "print(uvicorn is jebi.server, uvloop is jebi.loop)\n"
        + "print(len(builtins.ran) == len(set(builtins.ran)))\n"
    )
    assert lines == ["True True", "True", "True True", "True"]


def test_foreign_name_first_then_ours(python: RunPython) -> None:
    lines = python(
        INSTALL
        + "from fastapi.routing import Route as Foreign\n"
        + "from jebi.routing import Route as Ours\n"
        + "print(Foreign is Ours, Foreign.__module__)\n"
    )
    assert lines == ["True jebi.routing"]


def test_the_twin_keeps_its_name_and_spec(python: RunPython) -> None:
    lines = python(
        INSTALL
        + "import fastapi.routing as r, fastapi as f\n"
        + "print(r.__name__, r.__spec__.name, r.__package__, f.__name__, f.__spec__.name)\n"
        + "print(type(r.__loader__).__name__)\n"
    )
    assert lines == ["jebi.routing jebi.routing jebi jebi jebi", "SourceFileLoader"]


def test_a_cycle_through_the_foreign_name_finds_the_half_made_twin(python: RunPython) -> None:
    lines = python(
        INSTALL + "import fastapi.cycle, jebi.cycle\nprint(fastapi.cycle.itself is jebi.cycle)\n"
    )
    assert lines == ["True"]


def test_a_missing_submodule_is_missing_under_the_foreign_name(python: RunPython) -> None:
    lines = python(INSTALL + "import fastapi.nowhere\n", fails=True)
    assert lines[-1] == "ModuleNotFoundError: No module named 'fastapi.nowhere'"


def test_find_spec_answers_without_importing(python: RunPython) -> None:
    lines = python(
        INSTALL
        + "import sys; from importlib.util import find_spec as find\n"
        + "print(find('fastapi.nowhere'), find('fastapi.routing').name)\n"
        + "print('jebi.routing' in sys.modules, find('starlette').submodule_search_locations)\n"
    )
    assert lines[0] == "None fastapi.routing"
    assert lines[1].startswith("False ['/")


def test_an_error_inside_the_twin_passes_through(python: RunPython) -> None:
    lines = python(
        INSTALL
        + "import sys\n"
        + "try: import fastapi.broken\n"
        + "except RuntimeError as error: print(error, 'fastapi.broken' in sys.modules)\n"
    )
    assert lines == ["broken inside False"]


def test_an_installed_original_is_not_looked_at(python: RunPython, tree: Path) -> None:
    (tree / "fastapi.py").write_text("raise SystemExit('the original ran')\n")
    assert python(INSTALL + "import fastapi; print(fastapi.__name__)\n") == ["jebi"]


def test_versions_are_those_of_the_interfaces(python: RunPython) -> None:
    lines = python(
        "import jebi; print(jebi.__version__)\n"
        + INSTALL
        + "import fastapi, starlette, uvicorn, uvloop\n"
        + "print(*(m.__version__ for m in (fastapi, starlette, uvicorn, uvloop)))\n"
        + "jebi.drop_in.uninstall(); print(jebi.__version__, hasattr(jebi.loop, '__version__'))\n"
    )
    assert lines == ["0.1.0", "0.165.0 1.10.0 0.54.0 0.23.0", "0.1.0 False"]


def test_uninstall_gives_the_names_back(python: RunPython, tree: Path) -> None:
    (tree / "fastapi.py").write_text("name = 'the original'\n")
    lines = python(
        "import sys; before = list(sys.meta_path)\n"
        + INSTALL
        + "import fastapi.routing\n"
        + "jebi.drop_in.uninstall(); jebi.drop_in.uninstall()\n"
        + "import fastapi; print(fastapi.name, jebi.drop_in.is_installed())\n"
        + "print(sys.meta_path == before)\n"
    )
    assert lines == ["the original False", "True"]


def test_installing_twice_changes_nothing(python: RunPython) -> None:
    lines = python(
        INSTALL
        + "import sys; before = list(sys.meta_path)\n"
        + "import fastapi; jebi.drop_in.install(); print(sys.meta_path == before)\n"
    )
    assert lines == ["True"]


def test_an_original_in_use_is_refused_in_one_clear_line(python: RunPython, tree: Path) -> None:
    (tree / "starlette").mkdir()
    (tree / "starlette" / "__init__.py").write_text("__version__ = '1.9.0'\n")
    lines = python("import starlette\n" + INSTALL, fails=True)
    assert lines[-1].startswith(
        "jebi.drop_in.DropInError: starlette 1.9.0 is already imported, from "
        f"{tree}/starlette/__init__.py, so it can no longer resolve to jebi.web. "
    )
    assert "before the first import of starlette" in lines[-1]


@pytest.mark.parametrize(
    ("ours", "original"),
    [
        ("jebi.exceptions", "fastapi.exceptions"),
        ("jebi.web.exceptions", "starlette.exceptions"),
        ("jebi.web", "starlette"),
        ("jebi", "fastapi"),
        ("jebi.websockets", "fastapi.websockets"),
        ("jebinar", "jebinar"),
        ("json", "json"),
    ],
)
def test_our_modules_have_a_name_that_applications_know(ours: str, original: str) -> None:
    assert drop_in.original_name(ours) == original


# What libraries for post-import hooks do: ask the finders behind, and chain the loader.
HOOKS = """
import sys
from importlib.util import find_spec
told = []

class Chained:
    def __init__(self, loader): self.loader = loader
    def create_module(self, spec): return self.loader.create_module(spec)
    def exec_module(self, module):
        self.loader.exec_module(module)
        told.append(module.__name__)
        if module.__name__.endswith("routing"):
            module.Route.patched = True
            module.added = "replaced"

class Hook:
    busy = set()
    def find_spec(self, name, path=None, target=None):
        if name in self.busy or name.partition(".")[0] not in ("fastapi", "starlette"):
            return None
        self.busy.add(name)
        try:
            spec = find_spec(name)
        finally:
            self.busy.discard(name)
        spec.loader = Chained(spec.loader)
        return spec

sys.meta_path.insert(0, Hook())
"""


def test_hooks_for_imports_are_handed_our_modules(python: RunPython, tree: Path) -> None:
    (tree / "jebi" / "web" / "routing.py").write_text("class Route: ...\n")
    lines = python(
        HOOKS
        + INSTALL
        + "import starlette.routing, jebi.web.routing as ours\n"
        + "print(told, ours.Route.patched, ours.added)\n"
        + "print(starlette.routing is ours, ours.__name__, ours.__spec__.name)\n"
    )
    assert lines[0] == "['starlette', 'starlette.routing'] True replaced"
    assert lines[1] == "True jebi.web.routing jebi.web.routing"


def test_what_an_import_brings_along_is_imported_by_its_foreign_name(
    python: RunPython, tree: Path
) -> None:
    (tree / "jebi" / "__init__.py").write_text("import jebi.web.routing, jebi.server\n")
    (tree / "jebi" / "web" / "routing.py").write_text("class Route: ...\n")
    (tree / "jebi" / "web" / "_private.py").write_text("")
    lines = python(
        HOOKS
        + INSTALL
        + "import jebi.web._private, fastapi, jebi.web.routing as ours\n"
        + "print(sorted(name for name in told if 'drop_in' not in name), ours.Route.patched)\n"
        + "print('uvicorn' in sys.modules, sys.modules['starlette.routing'] is ours)\n"
    )
    assert lines[0] == "['fastapi', 'starlette', 'starlette.routing'] True"
    assert lines[1] == "False True"
