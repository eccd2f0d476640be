"""Command lines that are read without click: they mean what click makes of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import jebi
from jebi.cli import plain
from jebi.cli.commands import main
from jebi.server.config import Config
from jebi.server.project import may_say_something

PLAIN = [
    "main:app",
    "main:app --port 9000 --host 0.0.0.0 --no-access-log --log-level warning",
    "--port 0 main.py --workers 2 --limit-concurrency 10 --root-path /api",
    "main:app --drop-in --lifespan off --http2-max-streams 10 --no-http2",
    "main:app --timeout-header 2.5 --timeout-body 3 --backlog 100 --factory --reuse-port",
    "main:app --ws-max-size 1000 --ws-ping-interval 1.5 --proxy-headers --no-server-header",
    "main:app --metrics 127.0.0.1:9100 --use-colors --reload --reload-delay 1",
]
CLICKS = [
    "",
    "main:app other:app",
    "main:app --port",
    "main:app --port many",
    "main:app --port=9000",
    "main:app --port -1",
    "main:app --port 70000 --port 2",
    "main:app --no-such-option",
    "main:app --help",
    "main:app --log-level loud",
    "main:app --timeout-header 0",
    "main:app --header X:Y",
    "main:app --env-file .env",
    "main:app --app-dir .",
    "main:app --no-port 1",
    "-- main:app",
]


@pytest.fixture(autouse=True)
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is served, each as its name and all of its settings."""
    told: list[Any] = []

    def run(app: str, **settings: Any) -> None:
        told.append((app, Config(app, **settings).given))

    (tmp_path / "main.py").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys.modules["jebi.server.main"], "run", run)
    monkeypatch.setenv("JEBI_DROP_IN", "0")
    monkeypatch.setattr(jebi.drop_in, "install_if_asked", lambda: False)
    return told


@pytest.mark.parametrize("line", PLAIN)
def test_a_plain_line_is_what_click_makes_of_it(line: str, served: list[Any]) -> None:
    options = plain.options_of(line.split(), {})
    assert options is not None
    plain.serve_plain(options)
    result = CliRunner().invoke(main, ["run", *line.split()])
    assert result.exit_code == 0, result.output
    assert served[0] == served[1]


@pytest.mark.parametrize("line", CLICKS)
def test_what_is_to_be_judged_is_left_to_click(line: str) -> None:
    assert plain.options_of(line.split(), {}) is None


@pytest.mark.parametrize(
    "name", ["JEBI_PORT", "UVICORN_HOST", "FORWARDED_ALLOW_IPS", "_X_COMPLETE"]
)
def test_so_are_variables_that_stand_for_options(name: str) -> None:
    assert plain.options_of(["main:app"], {"PATH": "/bin"}) is not None
    assert plain.options_of(["main:app"], {name: "1"}) is None


@pytest.mark.parametrize(
    "text",
    [
        "[tool.jebi]\nport = 1",
        "[ tool . 'jebi' ]\nport = 1",
        "[tool] # ours\njebi = {port = 1}",
        "[tool]\nx = [\n['a']\n]\njebi.port = 1",
        "tool.jebi.port = 1",
        'tool = {"jebi" = {port = 1}}',
        '["\\u0074ool".jebi]\nport = 1',
    ],
)
def test_a_project_that_says_something(text: str, tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(text)
    assert may_say_something(path)


def test_a_project_that_says_nothing_is_not_parsed(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text('[project]\ndependencies = ["jebi>=0.1"]\n[tool.ruff]\nline-length = 100\n')
    assert not may_say_something(path)


@pytest.mark.timeout(30)
def test_a_server_starts_without_click() -> None:
    code = """
import sys
sys.argv = ["jebi", "run", "no_such_module:app"]
from jebi.cli import main
try:
    main()
except SystemExit as left:
    print(left.code, "click" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(Path(jebi.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=25,
        check=False,
    )
    assert done.stdout == "3 False\n", done.stderr
