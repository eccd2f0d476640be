"""``--static``: directories that the server answers from by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jebi.server import Config
from jebi.server.errors import CannotStart
from tests.server.harness import Command

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = """
async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"application"})
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "main.py").write_text(PLAIN)
    for name in ("dist", "docs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "page.txt").write_text(name)
    return tmp_path


RUN = ("run", "main:app", "--port", "0", "--lifespan", "off")


def test_directories_from_the_command_line(here: Path) -> None:
    arguments = ("--static", "/assets=dist", "--static", "/docs/=./docs")
    with Command(here, *RUN, *arguments, "--static-cache-control", "no-cache") as command:
        assert command.get("/assets/page.txt") == (200, "dist")
        assert command.get("/docs/page.txt") == (200, "docs")
        assert command.get("/page.txt") == (200, "application")
        command.wait_for(r'"GET /assets/page.txt HTTP/1.1" 200 OK')


def test_directories_from_the_project(here: Path) -> None:
    (here / "pyproject.toml").write_text('[tool.jebi.static]\n"/assets" = "dist"\n')
    inner = here / "inner"
    inner.mkdir()
    (inner / "main.py").write_text(PLAIN)
    with Command(inner, *RUN) as command:
        assert command.get("/assets/page.txt") == (200, "dist")


def test_a_worker_serves_them_too(here: Path) -> None:
    with Command(here, *RUN, "--workers", "2", "--static", "/assets=dist") as command:
        assert command.get("/assets/page.txt") == (200, "dist")


@pytest.mark.parametrize(
    ("given", "said"),
    [("/a/../b=dist", "a mount is a plain path"), ("/assets", "is not PATH=DIRECTORY")],
)
def test_mistakes_end_the_start(here: Path, given: str, said: str) -> None:
    with Command(here, *RUN, "--static", given) as command:
        assert command.wait() != 0
        assert said in " ".join(command.output.split())
        assert "Traceback" not in command.output


@pytest.mark.parametrize(
    ("path", "directory", "said"),
    [
        ("/assets", "missing", "there is no such directory"),
        ("/assets", "main.py", "there is no such directory"),
        ("assets", "dist", "the path must begin with /"),
    ],
)
def test_directories_have_to_be_there(here: Path, path: str, directory: str, said: str) -> None:
    with pytest.raises(CannotStart, match=said):
        Config("main:app", static=[(path, str(here / directory))])


def test_one_path_has_one_directory(here: Path) -> None:
    mounts = [("/a", str(here / "dist")), ("/a/", str(here / "docs"))]
    with pytest.raises(CannotStart, match="two directories are to be served at /a"):
        Config("main:app", static=mounts)
    config = Config("main:app", static=mounts[:1])
    assert config.static == mounts[:1]
