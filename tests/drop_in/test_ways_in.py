"""The ways to switch the drop-in on: environment, ``.pth`` file, ``python -m``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import RunPython

ASKED = {"JEBI_DROP_IN": "1"}
SITECUSTOMIZE = "import jebi.drop_in; jebi.drop_in.install_if_asked()\n"


def test_sitecustomize_and_python_m(python: RunPython, tree: Path) -> None:
    (tree / "sitecustomize.py").write_text(SITECUSTOMIZE)
    assert python("", "-m", "fastapi", env=ASKED) == ["__main__ fastapi", "the command"]
    assert python("", "-m", "uvicorn", env=ASKED) == ["server __main__"]


@pytest.mark.parametrize("answer", ["", "0", "off", "False"])
def test_the_environment_can_say_no(python: RunPython, tree: Path, answer: str) -> None:
    (tree / "sitecustomize.py").write_text(SITECUSTOMIZE)
    lines = python(
        "import jebi.drop_in; print(jebi.drop_in.is_installed())", env={"JEBI_DROP_IN": answer}
    )
    assert lines == ["False"]


def test_pth_file(python: RunPython, tree: Path) -> None:
    lines = python(
        "from jebi import _drop_in_command as c\n"
        "import pathlib, site; d = pathlib.Path('site'); d.mkdir()\n"
        "(d / c.PTH_NAME).write_text(c.PTH_TEXT); site.addsitedir('site')\n"
        "import fastapi; print(fastapi.__name__)\n",
        env=ASKED,
    )
    assert lines == ["jebi"]
    assert (tree / "site").is_dir()


def test_running_a_module_passes_it_on_to_children(python: RunPython, tree: Path) -> None:
    (tree / "tool.py").write_text(
        "import os, sys, fastapi\n"
        "print(__name__, fastapi.__name__, sys.argv[1:], os.environ['JEBI_DROP_IN'])\n"
    )
    expected = ["__main__ jebi ['-x'] 1"]
    assert python("", "-m", "jebi.drop_in", "-m", "tool", "-x") == expected
    assert python("", "-m", "jebi.drop_in", "tool.py", "-x") == expected


def test_unknown_arguments_print_the_usage(python: RunPython) -> None:
    lines = python("", "-m", "jebi.drop_in", "--nonsense", fails=True)
    assert lines[0].startswith("usage: python -m jebi.drop_in")
