"""SIGTERM and SIGINT in a server without supervisor: nothing that was accepted is lost."""

from __future__ import annotations

import contextlib
import signal
import socket
from typing import TYPE_CHECKING

import pytest

from tests.server.harness import SECONDS, Command
from tests.server.streaming import ENDLESS, HANDSHAKE, HELLO, RESTARTS, rest, until

if TYPE_CHECKING:
    from pathlib import Path

# Processes are slow to start on a machine that is busy.
pytestmark = pytest.mark.timeout(120)

GET = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"

APPLICATION = """
import os, sys, time, asyncio
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        for kind in ("startup", "shutdown"):
            await receive()
            print(kind, flush=True)
            await send({"type": f"lifespan.{kind}.complete"})
        return
    if scope["path"] == "/block":
        print("blocked", flush=True)
        sys.stdin.read(1)  # the loop with it
    if scope["path"] == "/hold":
        print("holding", flush=True)
        while not os.path.exists("release"):
            await asyncio.sleep(0.01)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"here"})
"""

RUN = ("run", "main:app", "--port", "0")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "main.py").write_text(APPLICATION)
    return tmp_path


def test_a_request_in_flight_is_answered(here: Path) -> None:
    with Command(here, *RUN) as command, command.ask("/hold") as client:
        command.wait_for("^holding$")
        command.signal(signal.SIGTERM)
        command.wait_for("Waiting for connections to close")
        (here / "release").touch()
        answer = rest(client)
        assert b"connection: close" in answer
        assert answer.endswith(b"4\r\nhere\r\n0\r\n\r\n")
        assert command.wait() == -signal.SIGTERM
    assert command.lines.index("shutdown") > command.lines.index("holding")


def test_interrupted(here: Path) -> None:
    with Command(here, *RUN) as command:
        assert command.get("/")[0] == 200
        command.signal(signal.SIGINT)
        assert command.wait() == 0
    assert "Traceback" not in command.output


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_who_waits_to_be_accepted_is_served(kind: str, here: Path) -> None:
    path = here / "s"
    listen = ("--uds", str(path)) if kind == "unix" else ()
    with contextlib.ExitStack() as stack:
        command = stack.enter_context(Command(here, *RUN, *listen, stdin=True))
        command.wait_for("Jebi running on")

        def connect() -> socket.socket:
            if kind == "tcp":
                return stack.enter_context(command.connect())
            client = stack.enter_context(socket.socket(socket.AF_UNIX))
            client.settimeout(SECONDS)
            client.connect(str(path))
            return client

        first = connect()
        first.sendall(GET.replace(b" / ", b" /block "))
        command.wait_for("^blocked$")
        waiting = [connect() for _ in range(50)]
        for client in waiting[::2]:
            client.sendall(GET)
        command.signal(signal.SIGTERM)
        command.give("x")
        for client in waiting[1::2]:
            client.sendall(GET)
        for client in [first, *waiting]:
            assert rest(client).endswith(b"here\r\n0\r\n\r\n")
        assert command.wait() == -signal.SIGTERM
        assert not path.exists()


def test_nobody_is_let_in_once_it_has_begun(here: Path) -> None:
    with Command(here, *RUN, "--timeout-graceful-shutdown", "20") as command:
        with command.ask("/hold"):
            command.wait_for("^holding$")
            command.signal(signal.SIGTERM)
            command.wait_for("Waiting for connections to close")
            with pytest.raises(ConnectionRefusedError):
                command.connect()
            (here / "release").touch()
        command.wait()


def test_the_second_signal_waits_for_nobody(here: Path) -> None:
    (here / "main.py").write_text(ENDLESS.replace("await asyncio.Event().wait()", FOREVER))
    with Command(here, *RUN) as command, command.ask("/events") as client:
        until(client, b"first")
        command.signal(signal.SIGTERM)
        command.wait_for("Waiting for connections to close")
        command.signal(signal.SIGTERM)
        rest(client)
        assert command.wait() == -signal.SIGTERM


FOREVER = """
        for _ in range(1000):
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if _ > 1: raise
"""


def test_streams_and_sockets_are_told_and_background_tasks_finish(here: Path) -> None:
    (here / "main.py").write_text(ENDLESS)
    with contextlib.ExitStack() as stack:
        command = stack.enter_context(Command(here, *RUN))
        stream = stack.enter_context(command.ask("/events"))
        until(stream, b"first")
        client = stack.enter_context(command.connect())
        client.sendall(HANDSHAKE)
        until(client, HELLO)
        assert command.get("/background")[1] == '"first"'
        command.signal(signal.SIGTERM)
        assert rest(client) == RESTARTS
        assert b"0\r\n\r\n" not in rest(stream), "it was not whole"
        (here / "release").touch()
        assert command.wait() == -signal.SIGTERM
    command.wait_for("^stream ended$")
    command.wait_for("^background done$")
    assert "Cancel" not in command.output
    assert "ERROR" not in command.output


def test_what_takes_too_long_is_cut_off(here: Path) -> None:
    (here / "main.py").write_text(ENDLESS)
    with Command(here, *RUN, "--timeout-graceful-shutdown", "1") as command:
        assert command.get("/background")[1] == '"first"'
        command.signal(signal.SIGTERM)
        assert command.wait() == -signal.SIGTERM
    assert "Cancel 1 running task(s), timeout graceful shutdown exceeded" in command.output
    assert "background done" not in command.output
