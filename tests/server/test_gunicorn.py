"""Under gunicorn: real processes, started and signalled as in production."""

from __future__ import annotations

import contextlib
import http.client
import re
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from tests.server.harness import SECONDS, Command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# Seconds without a sign of life until gunicorn kills a worker: enough to start on a busy machine.
PATIENCE = "3"

APPLICATION = """
import asyncio, os, time

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        for kind in ("startup", "shutdown"):
            await receive()
            print("application", kind, os.getpid(), flush=True)
            await send({"type": f"lifespan.{kind}.complete"})
        return
    if scope["path"] == "/slow":
        print("slow begins", flush=True)
        while not os.path.exists("release"):
            await asyncio.sleep(0.01)
    if scope["path"] == "/waits":  # for longer than gunicorn waits for a sign of life
        await asyncio.sleep(4)
    if scope["path"] == "/blocked":
        print("blocked begins", flush=True)
        time.sleep(3600)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})


def wsgi(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"wsgi"]
"""


class Gunicorn(Command):
    """``gunicorn -k jebi.server.GunicornWorker`` in a directory."""

    program = (
        *("-m", "gunicorn", "--worker-class", "jebi.server.GunicornWorker"),
        *("--bind", "127.0.0.1:0", "--no-control-socket"),
    )
    address = re.compile(r"Listening at: http://127\.0\.0\.1:(\d+) ")

    def fetch(self, path: str = "/") -> str:
        status, text = self.get(path)
        assert status == 200
        return text


@pytest.fixture
def gunicorn(tmp_path: Path) -> Iterator[Callable[..., Gunicorn]]:
    (tmp_path / "main.py").write_text(APPLICATION)
    started: list[Gunicorn] = []

    def start(*arguments: str, app: str = "main:app") -> Gunicorn:
        started.append(Gunicorn(tmp_path, *arguments, app))
        return started[-1]

    yield start
    for command in started:
        if command.process.poll() is None:
            command.stop()
        command.__exit__()


def test_serves_with_the_settings_of_gunicorn(gunicorn: Callable[..., Gunicorn]) -> None:
    command = gunicorn("--access-logfile", "-")
    worker = command.fetch("/hello")
    assert int(worker) != command.process.pid
    command.wait_for('127.0.0.1:[0-9]+ - "GET /hello HTTP/1.1" 200')
    assert command.stop() == 0
    assert f"application shutdown {worker}" in command.lines
    assert "SIGTERM!" not in command.output  # gunicorn's word for a worker that a signal ended


def test_serves_wsgi_applications(gunicorn: Callable[..., Gunicorn]) -> None:
    assert gunicorn(app="main:wsgi").fetch() == "wsgi"


def test_what_is_in_flight_finishes(gunicorn: Callable[..., Gunicorn], tmp_path: Path) -> None:
    command = gunicorn()
    answers: list[str] = []
    client = threading.Thread(target=lambda: answers.append(command.fetch("/slow")))
    client.start()
    command.wait_for("slow begins")
    command.signal(signal.SIGTERM)
    command.wait_for("Waiting for connections to close")
    (tmp_path / "release").touch()
    client.join(SECONDS)
    assert len(answers) == 1
    assert command.wait() == 0


def test_a_hangup_replaces_the_workers(gunicorn: Callable[..., Gunicorn]) -> None:
    command = gunicorn()
    before = command.fetch()
    command.signal(signal.SIGHUP)
    command.wait_for("^application startup", times=2)
    command.wait_for(f"application shutdown {before}")
    assert command.fetch() != before


def test_a_worker_is_replaced_after_so_many_requests(gunicorn: Callable[..., Gunicorn]) -> None:
    command = gunicorn("--max-requests", "2")
    before = command.fetch()
    assert command.fetch() == before
    command.wait_for("Maximum request limit of 2 exceeded")
    command.wait_for("^application startup", times=2)
    assert command.fetch() != before


def test_a_blocked_loop_is_killed(gunicorn: Callable[..., Gunicorn]) -> None:
    command = gunicorn("--timeout", PATIENCE)
    before = command.fetch()

    with contextlib.suppress(http.client.HTTPException, OSError):  # or 500, if there is time
        assert command.get("/blocked")[0] == 500
    command.wait_for("WORKER TIMEOUT")
    command.wait_for("^application startup", times=2)
    assert command.fetch() != before


def test_a_loop_that_waits_is_alive(gunicorn: Callable[..., Gunicorn]) -> None:
    command = gunicorn("--timeout", PATIENCE)
    before = command.fetch()
    assert command.fetch("/waits") == before


def test_what_cannot_start_ends_gunicorn(gunicorn: Callable[..., Gunicorn]) -> None:
    command = gunicorn(app="main:nothing")
    assert command.wait() != 0
    assert "nothing" in command.output
