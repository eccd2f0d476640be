"""``pytest -p jebi.drop_in``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import RunPython

PYTEST: tuple[str, ...] = ("-m", "pytest", "-p", "no:asyncio", "-p", "jebi.drop_in")
PYTEST += ("-q", "--rootdir=.", "-c", "pytest.ini")


def test_filters_that_name_foreign_modules_hold_for_ours(python: RunPython, tree: Path) -> None:
    (tree / "pytest.ini").write_text(
        "[pytest]\nfilterwarnings =\n  error\n  ignore:old:DeprecationWarning:starlette.routing\n"
    )
    (tree / "test_it.py").write_text(
        "import fastapi, jebi, pytest, starlette.routing\n"
        "def test_same(): assert fastapi is jebi\n"
        "def test_ignored(): starlette.routing.warn()\n"
        "@pytest.mark.filterwarnings('error::DeprecationWarning:starlette.routing')\n"
        "def test_mark():\n"
        "    with pytest.raises(DeprecationWarning): starlette.routing.warn()\n"
    )
    assert "3 passed" in python("", *PYTEST)[-1]


def test_filters_of_the_command_line(python: RunPython, tree: Path) -> None:
    (tree / "pytest.ini").write_text("[pytest]\n")
    (tree / "test_it.py").write_text(
        "import pytest, starlette.routing\n"
        "def test_error():\n"
        "    with pytest.raises(DeprecationWarning): starlette.routing.warn()\n"
    )
    arguments = [*PYTEST, "-W", "error::DeprecationWarning:starlette.routing"]
    assert "1 passed" in python("", *arguments)[-1]


def test_it_reaches_the_workers_of_xdist(python: RunPython, tree: Path) -> None:
    (tree / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    (tree / "test_it.py").write_text(
        "import fastapi.routing\ndef test_it(): assert fastapi.__name__ == 'jebi'\n"
    )
    assert "1 passed" in python("", *PYTEST, "-n", "1")[-1]


def test_a_module_imported_before_the_plugin_is_no_problem(python: RunPython, tree: Path) -> None:
    (tree / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    (tree / "sitecustomize.py").write_text("import jebi.drop_in\njebi.drop_in.install_if_asked()\n")
    (tree / "test_it.py").write_text("import fastapi\ndef test_it(): assert fastapi.__file__\n")
    assert "1 passed" in python("", *PYTEST, env={"JEBI_DROP_IN": "1"})[-1]


def test_asyncio_goes_on_making_its_own_loops(python: RunPython, tree: Path) -> None:
    (tree / "pytest.ini").write_text("[pytest]\n")
    (tree / "sitecustomize.py").write_text("import jebi.drop_in\njebi.drop_in.install_if_asked()\n")
    (tree / "test_it.py").write_text(
        "import asyncio, fastapi\n"
        "async def kind(): return type(asyncio.get_running_loop()).__module__\n"
        "def test_it(): assert asyncio.run(kind()).startswith('asyncio.')\n"
    )
    assert "1 passed" in python("", *PYTEST)[-1]
    assert "1 passed" in python("", *PYTEST, env={"JEBI_DROP_IN": "1"})[-1]
