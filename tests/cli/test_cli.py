"""The command's face: help, version, and the names it has under the drop-in."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

import pytest
from click.testing import CliRunner

from jebi.cli.commands import main
from jebi.server import main as server_main
from jebi.server.errors import CANNOT_START

OPTIONS = (
    "--host",
    "--port",
    "--uds",
    "--fd",
    "--workers",
    "--reload",
    "--no-reload",
    "--reload-dir",
    "--app-dir",
    "--factory",
    "--root-path",
    "--lifespan",
    "--log-level",
    "--log-config",
    "--access-log",
    "--no-access-log",
    "--limit-max-requests",
    "--timeout-keep-alive",
    "--timeout-graceful-shutdown",
)


def test_the_group_lists_its_commands() -> None:
    answer = CliRunner().invoke(main, ["--help"])
    assert answer.exit_code == 0
    assert "run " in answer.output
    assert "dev " in answer.output


@pytest.mark.parametrize("command", ["run", "dev"])
def test_help_names_every_option(command: str) -> None:
    answer = CliRunner().invoke(main, [command, "--help"])
    assert answer.exit_code == 0
    missing = [option for option in (*OPTIONS, "--drop-in") if option not in answer.output]
    assert missing == []


def test_the_servers_own_command_has_the_same_options() -> None:
    answer = CliRunner().invoke(server_main, ["--help"])
    assert [option for option in OPTIONS if option not in answer.output] == []
    assert "--drop-in" not in answer.output


def test_version() -> None:
    try:
        own = version("jebi")
    except PackageNotFoundError:
        own = "(source tree)"
    assert CliRunner().invoke(main, ["--version"]).output.startswith(f"jebi {own} (CPython 3.")


def test_a_port_out_of_range_is_refused() -> None:
    answer = CliRunner().invoke(main, ["run", "main:app", "--port", "65536"])
    assert answer.exit_code == 2
    assert "a whole number, from 0 to 65535, is wanted, and not 65536" in answer.output


@pytest.mark.parametrize("name", ["jebi", "fastapi", "uvicorn"])
def test_python_m(name: str) -> None:
    command = [sys.executable, "-m", "jebi.drop_in", "-m", name, "--help"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=25)
    assert ended.returncode == 0, ended.stderr
    assert ("module:attribute" if name == "uvicorn" else "Serve FastAPI") in ended.stdout


def test_options_of_uvicorn_that_change_nothing_are_accepted() -> None:
    arguments = ["nowhere_at_all:app", "--loop", "uvloop", "--http", "httptools"]
    answer = CliRunner().invoke(server_main, [*arguments, "--port", "0"])
    assert answer.exit_code == CANNOT_START  # because there is no such module
    assert isinstance(answer.exception, SystemExit)
