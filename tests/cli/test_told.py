"""What ``jebi routes`` warns of is told where an application is written, and nowhere else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from jebi.server.doubts import MOST, Told
from tests.cli.harness import jebi
from tests.server.harness import Command

if TYPE_CHECKING:
    from pathlib import Path

# Processes are slow to start on a machine that is busy.
pytestmark = pytest.mark.timeout(120)

APPLICATION = """\
import time

from jebi import FastAPI

app = FastAPI()


@app.get("/sleeps")
async def sleeps():
    time.sleep(0)
"""
SLEEPS = "main.py:10: async def sleeps calls time.sleep() and never awaits: "
ANOTHER = """

@app.get("/length")
def length(text: str):
    return len(text)
"""
NEEDS_NO_THREAD = "main.py:15: def length calls nothing that could wait; "
AWAITS = APPLICATION.replace("import time", "import asyncio").replace(
    "time.sleep", "await asyncio.sleep"
)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "main.py").write_text(APPLICATION)
    return tmp_path


def test_while_developing_each_is_told_once(here: Path) -> None:
    with Command(here, "dev", "--port", "0") as command:
        command.wait_for(re.escape(f"WARNING:  {SLEEPS}"))
        (here / "main.py").write_text(f'"""One line more."""\n{APPLICATION}{ANOTHER}')
        command.wait_for(re.escape(f"WARNING:  {NEEDS_NO_THREAD}"))
        assert command.stop() == 0
    assert command.output.count("async def sleeps") == 1


def test_without_reload(here: Path) -> None:
    with Command(here, "dev", "--no-reload", "--port", "0") as command:
        command.wait_for(re.escape(f"WARNING:  {SLEEPS}"))


@pytest.mark.parametrize("arguments", [(), ("--workers", "2")], ids=["alone", "workers"])
def test_production_hears_nothing_of_it(here: Path, arguments: tuple[str, ...]) -> None:
    with Command(here, "run", "--port", "0", *arguments) as command:
        assert command.get("/sleeps")[0] == 200
        command.stop()
    assert "async def" not in command.output


def test_a_check_prints_them(here: Path) -> None:
    ended = jebi(here, "check", "--port", "0")
    assert ended.returncode == 0
    assert ended.stdout.startswith("OK: main (asgi3) can be served on ")
    assert f"warning: {SLEEPS}" in ended.stderr


def test_a_strict_check_fails(here: Path) -> None:
    assert jebi(here, "check", "--strict", "--port", "0").returncode == 1
    (here / "main.py").write_text(AWAITS)
    ended = jebi(here, "check", "--strict", "--port", "0")
    assert (ended.returncode, "warning" in ended.stderr) == (0, False)


def test_strictness_may_be_a_setting_of_the_project(here: Path) -> None:
    (here / "pyproject.toml").write_text("[tool.jebi]\nstrict = true\n")
    assert jebi(here, "check", "--port", "0").returncode == 1
    assert jebi(here, "routes").returncode == 0


def test_a_check_of_any_other_application(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("async def app(scope, receive, send): ...")
    assert jebi(tmp_path, "check", "main:app", "--strict", "--port", "0").returncode == 0


def test_many_are_cut_short(caplog: pytest.LogCaptureFixture) -> None:
    told = Told()
    told.tell(f"main.py:{n}: def f{n} is odd" for n in range(MOST + 3))
    assert len(caplog.messages) == MOST + 1
    assert caplog.messages[-1] == "3 more like these: `jebi routes` prints all of them"
    caplog.clear()
    told.tell(["main.py:99: def f1 is odd"])
    assert not caplog.messages
