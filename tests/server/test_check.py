"""``jebi check``: what would keep a server from starting is found without one."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING

import pytest

from tests.server.harness import Command

if TYPE_CHECKING:
    from pathlib import Path

APPLICATION = """
import os

async def app(scope, receive, send):
    assert scope["type"] == "lifespan"
    for kind in ("startup", "shutdown"):
        await receive()
        print("application", kind, flush=True)
        state = "failed" if os.environ.get("FAILS") == kind else "complete"
        await send({"type": f"lifespan.{kind}.{state}", "message": "no database"})

def wsgi(environ, start_response): ...
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "main.py").write_text(APPLICATION)
    return tmp_path


def check(here: Path, *arguments: str, env: dict[str, str] | None = None) -> tuple[int, list[str]]:
    with Command(here, "check", *arguments, env=env) as command:
        return command.wait(), command.lines


def test_all_is_well(here: Path) -> None:
    code, lines = check(here, "main:app", "--port", "0")
    assert code == 0
    assert lines.index("application startup") < lines.index("application shutdown")
    assert re.fullmatch(r"OK: main:app \(asgi3\) can be served on http://127.0.0.1:\d+", lines[-1])


def test_wsgi_in_several_workers(here: Path) -> None:
    code, lines = check(here, "main:wsgi", "--port", "0", "--workers", "4")
    assert code == 0
    assert lines[-1].startswith("OK: main:wsgi (wsgi) can be served on ")


@pytest.mark.parametrize("kind", ["startup", "shutdown"])
def test_the_lifespan_fails(here: Path, kind: str) -> None:
    code, lines = check(here, "main:app", "--port", "0", env={"FAILS": kind})
    assert code == 3
    assert "ERROR:    no database" in lines
    assert not any(line.startswith("OK") for line in lines)


MISTAKES = {
    ("main:aap",): "'main' has no attribute 'aap'; did you mean 'app'?",
    ("main:app", "--host", "198.51.100.7"): "this machine has no such address",
    ("main:app", "--ssl-certfile", "main.py"): "TLS cannot be set up: ",
    ("main:app", "--ssl-keyfile", "main.py"): "TLS needs a certificate",
    ("main:app", "--http", "h12"): "http='h12' is no protocol",
}


@pytest.mark.parametrize("arguments", MISTAKES, ids=" ".join)
def test_a_mistake_is_one_clear_line(here: Path, arguments: tuple[str, ...]) -> None:
    code, lines = check(here, *arguments, "--port", "0")
    assert code == 3
    (line,) = lines
    assert MISTAKES[arguments] in line


def test_a_port_in_use(here: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        code, (line,) = check(here, "main:app", "--port", port)
    assert code == 3
    assert "another program is using that port" in line


def test_a_mistake_in_the_project(here: Path) -> None:
    (here / "pyproject.toml").write_text("[tool.jebi]\nprot = 1\n")
    code, (line,) = check(here, "main:app")
    assert code == 3
    assert "has no setting 'prot'; did you mean 'port'?" in line


def test_an_error_in_the_application(here: Path) -> None:
    (here / "main.py").write_text("1 / 0\n")
    code, lines = check(here, "main:app", "--port", "0")
    assert code == 3
    assert lines[-1].startswith("ERROR:    'main' cannot be imported: ZeroDivisionError")
