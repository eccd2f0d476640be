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


def add_site(tree: Path) -> str:
    """Write the .pth file into a site-packages; returns the code that makes Python read it."""
    (tree / "site").mkdir()
    return (
        "import pathlib, site, sys; from jebi import _drop_in_command as command\n"
        "command.write_pth(pathlib.Path('site'))\n"
        "for name in [n for n in sys.modules if n.startswith('jebi')]: del sys.modules[name]\n"
        "site.addsitedir('site')\n"
    )


def test_pth_file(python: RunPython, tree: Path) -> None:
    code = add_site(tree) + (
        "print('jebi' in sys.modules)\n"
        "import fastapi.routing, jebi; print(fastapi is jebi, fastapi.routing.__name__)\n"
        "print([f for f in sys.meta_path if 'Trigger' in repr(f)])\n"
    )
    assert python(code, env=ASKED) == ["False", "True jebi.routing", "[]"]


def test_pth_file_when_the_environment_says_no(python: RunPython, tree: Path) -> None:
    (tree / "fastapi.py").write_text("name = 'the original'\n")
    code = add_site(tree) + "import fastapi; print(fastapi.name)\n"
    assert python(code) == ["the original"]
    (tree / "site").rename(tree / "before")
    code = add_site(tree) + "import fastapi; print(fastapi.name)\n"
    assert python(code, env={"JEBI_DROP_IN": "0"}) == ["the original"]


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
