"""What a command says to somebody who has not used it before, or mistyped."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from jebi.cli.commands import main
from jebi.server.errors import CannotStart
from jebi.server.importer import import_from_string, locate
from tests.cli.harness import on_terminal

if TYPE_CHECKING:
    from pathlib import Path

APPLICATION = "from jebi import FastAPI\napp = FastAPI()\n"


def said(*arguments: str, env: dict[str, str] | None = None) -> str:
    """The last line of a command that is refused before anything is imported."""
    answer = CliRunner().invoke(main, arguments, env=env, prog_name="jebi")
    assert answer.exit_code == 2, answer.output
    return answer.output.splitlines()[-1]


@pytest.mark.parametrize("app", ["main.py", "main:app"])
def test_a_command_is_left_out(app: str) -> None:
    assert said(app) == (
        f"Error: {app!r} is an application and no command; write jebi dev {app} while you work on "
        f"it, or jebi run {app} to serve it."
    )


def test_a_command_is_mistyped() -> None:
    assert said("rnu") == "Error: No such command 'rnu'. Did you mean 'run'?"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            ("--port", "web"),
            "'--port': a whole number, from 0 to 65535, is wanted, and 'web' is none",
        ),
        (("--workers", "0"), "'--workers': a whole number, at least 1, is wanted, and not 0"),
        (
            ("--reload-delay", "-1"),
            "'--reload-delay': a number, at least 0, is wanted, and not -1",
        ),
    ],
)
def test_a_number_that_is_none(arguments: tuple[str, ...], text: str) -> None:
    assert said("run", "main:app", *arguments) == f"Error: Invalid value for {text}"


def test_a_variable_is_named() -> None:
    line = said("run", "main:app", env={"UVICORN_PORT": "web"})
    assert line.startswith("Error: Invalid value for UVICORN_PORT in the environment: ")


def test_bounds_stand_in_the_help() -> None:
    text = " ".join(CliRunner().invoke(main, ["run", "--help"]).output.split())
    assert "Listen on this port; 0 takes a free one. [default: 8000] [from 0 to 65535]" in text


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory to import from, with a name of its own for each test's module."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def refused(target: str) -> str:
    with pytest.raises(CannotStart) as refusal:
        import_from_string(target)
    return str(refusal.value)


def test_an_application_with_another_name(here: Path) -> None:
    (here / "named_app.py").write_text(APPLICATION)
    text = "'named_app' has no attribute 'service'; its application is 'app'"
    assert refused("named_app:service") == text


def test_a_module_without_any(here: Path) -> None:
    file = here / "without_any.py"
    file.write_text("x = 1\n")
    assert refused("without_any:service") == (
        f"'without_any' has no attribute 'service', nor any of app, api, application ({file})"
    )
    assert refused("without_any") == (
        f"'without_any' has none of app, api, application ({file}); if the application has another "
        "name there, write without_any:NAME"
    )


def test_a_package_that_is_not_installed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "needs_more.py").write_text("import no_such_package\n")
    assert refused("needs_more") == (
        "'needs_more' cannot be imported: No module named 'no_such_package'; if that is a package, "
        f"install it for {sys.executable}"
    )
    assert "import no_such_package" in capsys.readouterr().err


def test_a_directory(here: Path) -> None:
    (here / "service.py").write_text(APPLICATION)
    with pytest.raises(CannotStart) as refusal:
        locate(f"{here}/", "")
    assert str(refusal.value) == f"{here} is a directory; name a file in it, perhaps service.py"


@pytest.mark.parametrize("arguments", [("dev", "--port", "0"), ("routes",)], ids=" ".join)
def test_errors_have_colours_on_a_terminal_only(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """What cannot be found is said by the command itself, what cannot be imported by the log."""
    (tmp_path / "main.py").write_text("x = 1\n")
    command = [sys.executable, "-m", "jebi", *arguments]
    environment = {k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "FORCE_COLOR"}}
    piped = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, timeout=25)
    assert piped.returncode == 3
    assert b"\x1b" not in piped.stdout + piped.stderr
    if arguments[0] == "dev":
        assert b"\x1b[31mERROR\x1b[0m" in on_terminal(tmp_path, *arguments)[1]
