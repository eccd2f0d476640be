"""The access log of the command: where it goes, and when its file is opened anew."""

from __future__ import annotations

import json
import re
import signal
from typing import TYPE_CHECKING

import pytest

from jebi.server.config import Config
from jebi.server.errors import CannotStart
from tests.server.harness import Command

if TYPE_CHECKING:
    from pathlib import Path

STOPPED = {0, -signal.SIGTERM}
"""A server without workers passes the signal on that it was stopped with, as uvicorn does."""

APPLICATION = """
async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})
"""


def serve(where: Path, *options: str) -> Command:
    (where / "main.py").write_text(APPLICATION)
    arguments = ["run", "main:app", "--port", "0", "--lifespan", "off", *options]
    return Command(where, *arguments)


def test_standard_output(tmp_path: Path) -> None:
    with serve(tmp_path, "--access-log-format", "json") as command:
        command.get("/x")
        line = command.wait_for('"uri":"/x"').string
        assert json.loads(line)["status"] == 200
        assert command.stop() in STOPPED
        assert "GET /x" not in command.output


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_file_that_is_rotated(tmp_path: Path, workers: str) -> None:
    options = ["--access-log-format", "$uri", "--access-log-file", "log", "--workers", workers]
    log, old = tmp_path / "log", tmp_path / "log.1"
    with serve(tmp_path, *options) as command:
        command.get("/1")
        if workers == "2":
            command.wait_for(r"Worker .* ready|Started server process", times=2)
        log.rename(old)
        command.signal(signal.SIGUSR1)
        # Each process opens the file at its own time; until then lines go to the old one.
        while not log.exists() or not log.read_text():
            command.get("/2")
        assert command.stop() in STOPPED
    assert set(old.read_text().split()) >= {"/1"}
    assert set(log.read_text().split()) == {"/2"}


def test_all_lines_are_there_at_the_end(tmp_path: Path) -> None:
    with serve(tmp_path, "--access-log-format", "$uri", "--access-log-file", "log") as command:
        for number in range(20):
            command.get(f"/{number}")
        assert command.stop() in STOPPED
    assert (tmp_path / "log").read_text().split() == [f"/{number}" for number in range(20)]


@pytest.mark.parametrize(
    ("form", "file", "advice"),
    [
        ("jsn", None, '--access-log-format: "jsn" is none of uvicorn, common, combined, json'),
        ("$x", None, "--access-log-format: there is no variable $x"),
        ("json", "no/where", "--access-log-file: no/where cannot be opened: No such file"),
    ],
)
def test_what_cannot_be_is_said_at_the_start(form: str, file: str | None, advice: str) -> None:
    with pytest.raises(CannotStart, match=re.escape(advice)):
        Config("main:app", log_config=None, access_log_format=form, access_log_file=file)
