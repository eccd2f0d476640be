"""From the command line's target to the application, and what is said when there is none."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from jebi.server.application import load
from jebi.server.errors import BrokenApplication, CannotStart, ImportString
from jebi.server.importer import import_from_string, locate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty directory to import from; what was imported from it is forgotten again."""
    before = set(sys.modules)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


APPLICATION = "async def app(scope, receive, send): ...\n"


def test_locate_takes_modules_as_they_are() -> None:
    assert locate("pack.mod:thing.app", "src") == ("pack.mod:thing.app", "src")


def test_locate_finds_the_package_around_a_file(here: Path) -> None:
    (here / "pack" / "sub").mkdir(parents=True)
    for name in ("pack/__init__.py", "pack/sub/__init__.py", "pack/sub/main.py"):
        (here / name).touch()
    assert locate("pack/sub/main.py:api", "") == ("pack.sub.main:api", str(here))
    assert locate(f"{here}/pack/", "") == ("pack", str(here))


def test_locate_without_a_target_takes_the_usual_file(here: Path) -> None:
    (here / "api.py").touch()
    assert locate(None, "") == ("api", str(here))


def test_locate_says_what_it_looked_for(here: Path) -> None:
    with pytest.raises(ImportString, match=r"there is no main\.py, app\.py"):
        locate(None, "")
    (here / "main.py").touch()
    with pytest.raises(ImportString, match=r"no file .*mian\.py; did you mean 'main\.py'\?"):
        locate("mian.py", "")


def test_the_usual_attribute(here: Path) -> None:
    (here / "one.py").write_text("api = 1\n")
    (here / "none.py").write_text("other = 1\n")
    assert import_from_string("one") == 1
    with pytest.raises(ImportString, match="'none' has none of app, api, application"):
        import_from_string("none")


def test_attribute_paths(here: Path) -> None:
    (here / "deep.py").write_text("class A:\n    class B:\n        app = 3\n")
    assert import_from_string("deep:A.B.app") == 3
    with pytest.raises(ImportString, match="'deep:A' has no attribute 'C'"):
        import_from_string("deep:A.C.app")


def test_a_missing_module_names_what_is_near(here: Path) -> None:
    (here / "main.py").touch()
    with pytest.raises(ImportString) as caught:
        import_from_string("mian:app")
    assert str(caught.value) == f"there is no module 'mian' in {here}; did you mean 'main'?"


def test_a_missing_attribute_names_what_is_near(here: Path) -> None:
    (here / "main.py").write_text("app = 1\n_apx = 2\n")
    with pytest.raises(ImportString) as caught:
        import_from_string("main:aap")
    assert str(caught.value) == "'main' has no attribute 'aap'; did you mean 'app'?"


@pytest.mark.parametrize("code", ["import nowhere_at_all\n", "1 / 0\n", "def (\n", "exit(4)\n"])
def test_an_error_inside_the_module_shows_its_traceback_from_there(
    here: Path, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    (here / "broken.py").write_text(code)
    with pytest.raises(BrokenApplication, match="'broken' cannot be imported: "):
        import_from_string("broken:app")
    printed = capsys.readouterr().err
    assert "broken.py" in printed
    assert "importlib" not in printed
    assert "jebi" not in printed


def test_factories(here: Path) -> None:
    (here / "made.py").write_text(
        APPLICATION + "def make(): return app\ndef fail(): raise KeyError('x')\nvalue = 1\n"
    )
    assert load("made:make", factory=True) == load("made:app", factory=False)
    assert load("made:make", factory=False) == load("made:app", factory=False)
    with pytest.raises(BrokenApplication, match="the factory 'made:fail' failed: KeyError: 'x'"):
        load("made:fail", factory=True)
    with pytest.raises(CannotStart, match="'made:value' is not a factory"):
        load("made:value", factory=True)


@pytest.mark.parametrize(
    "value", ["1", "'text'", "lambda a, b, c, d: None", "object()", "__import__('os')"]
)
def test_not_an_application(here: Path, value: str) -> None:
    (here / "wrong.py").write_text(f"app = {value}\n")
    with pytest.raises(CannotStart, match="'wrong:app' is no ASGI or WSGI application but of type"):
        load("wrong:app", factory=False)
