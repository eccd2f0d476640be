"""Which application ``jebi run`` and ``jebi dev`` serve, and the defaults of ``fastapi``'s."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from jebi.server.errors import CANNOT_START
from tests.cli.harness import jebi
from tests.server.harness import Command

if TYPE_CHECKING:
    from pathlib import Path

APPLICATION = """
import os
from fastapi import FastAPI
{name} = FastAPI()

@{name}.get("/")
async def root():
    return ["{name}", os.environ.get("FASTAPI_ENV")]
"""


def _write(path: Path, name: str = "app") -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(APPLICATION.format(name=name))


class _OnThisMachine(Command):
    program = ("-m", "jebi.drop_in", "-m", "fastapi")


class _Fastapi(_OnThisMachine):
    address = re.compile(r"Jebi running on http://0\.0\.0\.0:(\d+) ")


@pytest.mark.parametrize(
    ("file", "name", "arguments"),
    [
        ("main.py", "app", []),
        ("api.py", "api", []),
        ("app/main.py", "app", []),
        ("app/api.py", "shop", []),
        ("other.py", "shop", ["other.py"]),
        ("other.py", "shop", ["other.py", "--app", "shop"]),
        ("main.py", "shop", ["--app", "shop"]),
        ("other.py", "shop", ["-e", "other:shop"]),
    ],
)
def test_run_finds(tmp_path: Path, file: str, name: str, arguments: list[str]) -> None:
    _write(tmp_path / file, name)
    with Command(tmp_path, "run", "--drop-in", "--port", "0", *arguments) as command:
        assert command.get("/") == (200, f'["{name}",null]')
        command.stop()


def test_the_entrypoint_of_the_project(tmp_path: Path) -> None:
    _write(tmp_path / "main.py")
    _write(tmp_path / "shop.py", "made")
    (tmp_path / "pyproject.toml").write_text('[tool.fastapi]\nentrypoint = "shop:made"\n')
    with Command(tmp_path, "run", "--drop-in", "--port", "0", "-v") as command:
        assert command.get("/") == (200, '["made",null]')
        command.stop()
    assert f"shop:made, imported from {tmp_path}" in command.lines


def test_dev_says_that_it_is_development(tmp_path: Path) -> None:
    _write(tmp_path / "main.py")
    with Command(tmp_path, "dev", "--drop-in", "--port", "0") as command:
        assert command.get("/") == (200, '["app","development"]')
        command.stop()


def test_fastapi_run_listens_where_fastapis_does(tmp_path: Path) -> None:
    _write(tmp_path / "main.py")
    with _Fastapi(tmp_path, "run", env={"PORT": "0"}) as command:
        assert command.get("/") == (200, '["app",null]')
        command.stop()


def test_fastapi_dev_stays_on_this_machine(tmp_path: Path) -> None:
    _write(tmp_path / "main.py")
    with _OnThisMachine(tmp_path, "dev", env={"PORT": "0"}) as command:
        assert command.get("/") == (200, '["app","development"]')
        command.stop()


def test_a_port_that_is_none(tmp_path: Path) -> None:
    with _Fastapi(tmp_path, "run", env={"PORT": "http"}) as command:
        assert command.wait() == 2
    assert "(PORT in the environment)" in command.output


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, 'write entrypoint = "module:attribute" into [tool.fastapi] of pyproject.toml'),
        (
            {"shop/server.py": "from fastapi import FastAPI\nit = FastAPI()\n"},
            "name one, perhaps shop/server.py",
        ),
        (
            {"pyproject.toml": '[tool.fastapi]\nentrypoint = "shop"\n'},
            "pyproject.toml: [tool.fastapi] entrypoint: 'shop' is no \"module:attribute\"",
        ),
        ({"pyproject.toml": "[tool"}, "pyproject.toml"),
    ],
)
def test_nothing_is_found(tmp_path: Path, files: dict[str, str], said: str) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    ended = jebi(tmp_path, "run")
    assert ended.returncode == CANNOT_START
    (line,) = ended.stderr.splitlines()
    assert line.startswith("Error: ")
    assert said in line
    assert os.linesep not in line


def test_an_attribute_that_is_a_module_is_no_application(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "settings.py").touch()
    _write(tmp_path / "main.py", "shop")
    text = (tmp_path / "main.py").read_text()
    (tmp_path / "main.py").write_text(f"import app.settings\n{text}")
    assert jebi(tmp_path, "openapi", "--drop-in").returncode == 0
