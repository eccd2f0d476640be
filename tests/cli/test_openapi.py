"""``jebi openapi``: the document on standard output, mistakes as one line on standard error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from jebi.server.errors import CANNOT_START
from jebi.testclient import TestClient
from tests.cli.harness import jebi

if TYPE_CHECKING:
    from pathlib import Path

APPLICATION = """
from jebi import FastAPI
print("imported")
app = FastAPI(title="Grüße")

@app.get("/items/{item_id}")
async def read(item_id: int, q: str = "") -> dict[str, str]:
    return {}

def make():
    return app

number = 1
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(APPLICATION, encoding="utf-8")
    return tmp_path


def test_the_bytes_are_those_that_the_application_answers_with(here: Path) -> None:
    ended = jebi(here, "openapi", "shop:app")
    assert (ended.returncode, ended.stderr) == (0, "imported\n")
    names: dict[str, object] = {}
    exec(APPLICATION, names)
    with TestClient(names["app"]) as client:  # type: ignore[arg-type]  # a FastAPI
        assert ended.stdout.rstrip("\n") == client.get("/openapi.json").text


def test_indented(here: Path) -> None:
    ended = jebi(here, "openapi", "shop.py", "--app", "app", "--indent", "2")
    document = json.loads(ended.stdout)
    assert document["info"]["title"] == "Grüße"
    assert ended.stdout == json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def test_a_factory(here: Path) -> None:
    assert jebi(here, "openapi", "shop:make", "--factory").returncode == 0


def test_the_application_of_the_project(here: Path) -> None:
    (here / "pyproject.toml").write_text('[tool.jebi]\napp = "shop:app"\nworkers = 4\n')
    assert jebi(here, "openapi").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["shpo:app"], "Error: there is no module 'shpo' in {here}; did you mean 'shop'?"),
        (["shop:ap"], "Error: 'shop' has no attribute 'ap'; did you mean 'app'?"),
        (["shop:number"], "Error: 'shop:number' is no Jebi application, but a builtins.int"),
        (
            ["shop:make"],
            "Error: 'shop:make' is a function; add --factory if it makes the application",
        ),
        (
            ["shop:FastAPI"],
            "Error: 'shop:FastAPI' is the class jebi.applications.FastAPI and no application",
        ),
        (
            ["shop:app", "--app", "app"],
            "Error: --app app: APP names the attribute already, as 'shop:app'",
        ),
        (
            ["shop", "-e", "shop:app"],
            "Error: --entrypoint names the application; leave out APP and --app",
        ),
        (["-e", "shop"], "Error: --entrypoint: 'shop' is no \"module:attribute\""),
    ],
)
def test_mistakes_are_one_line(here: Path, arguments: list[str], said: str) -> None:
    ended = jebi(here, "openapi", *arguments)
    assert (ended.returncode, ended.stdout) == (CANNOT_START, "")
    assert ended.stderr.removeprefix("imported\n") == said.format(here=here) + "\n"


def test_a_broken_application_shows_where_it_broke(here: Path) -> None:
    (here / "broken.py").write_text("import jebi\n1 / 0\n")
    ended = jebi(here, "openapi", "broken:app")
    assert (ended.returncode, ended.stdout) == (CANNOT_START, "")
    lines = ended.stderr.splitlines()
    assert lines[1] == f'  File "{here}/broken.py", line 2, in <module>'
    assert lines[-1] == "Error: 'broken' cannot be imported: ZeroDivisionError: division by zero"
