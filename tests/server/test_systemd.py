"""Sockets that systemd has opened, and what it is told."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from jebi.server.systemd import Notifier, passed_descriptors
from tests.server.harness import Command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# Processes are slow to start on a machine that is busy.
pytestmark = pytest.mark.timeout(120)

ME = str(os.getpid())

APPLICATION = """
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"here"})
"""


# What systemd does before it runs a service.
ACTIVATE = """
import os, sys
kept = [os.dup2(int(number), 50 + at) for at, number in enumerate(sys.argv[1:])]
for at, number in enumerate(kept):
    os.dup2(number, 3 + at)
    os.close(number)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(kept))}
os.execv(sys.executable, [sys.executable, "-m", "jebi", "run", "main:app"])
"""


def test_passed_descriptors_and_their_names() -> None:
    environ = {"LISTEN_PID": ME, "LISTEN_FDS": "3", "LISTEN_FDNAMES": "web:admin", "HOME": "/"}
    assert passed_descriptors(environ) == {3: "web", 4: "admin", 5: ""}
    assert environ == {"HOME": "/"}, "children have to do without"


@pytest.mark.parametrize(
    "environ",
    [{}, {"LISTEN_FDS": "1"}, {"LISTEN_PID": "1", "LISTEN_FDS": "1"}, {"LISTEN_PID": ME},
     {"LISTEN_PID": ME, "LISTEN_FDS": "-1"}],
)  # fmt: skip
def test_nothing_was_passed_to_this_process(environ: dict[str, str]) -> None:
    assert passed_descriptors(environ) == {}


class Listening:
    """systemd's end of the notifications."""

    def __init__(self, directory: Path) -> None:
        self.path = str(directory / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(20)

    def hear(self) -> dict[str, str]:
        lines = self.socket.recv(4096).decode().split("\n")
        return dict(line.split("=", 1) for line in lines)


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Listening]:
    listening = Listening(tmp_path)
    with listening.socket:
        yield listening


def test_what_is_told(systemd: Listening) -> None:
    environ = {"NOTIFY_SOCKET": systemd.path, "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": ME}
    notifier = Notifier(environ)
    assert (environ, notifier.alive_every) == ({}, 1.5)
    told: list[tuple[Callable[[], None], str]] = [
        (notifier.ready, "READY"),
        (notifier.reloading, "RELOADING"),
        (notifier.stopping, "STOPPING"),
        (notifier.alive, "WATCHDOG"),
    ]
    for tell, word in told:
        tell()
        assert systemd.hear()[word] == "1"


def test_nobody_listens() -> None:
    for environ in ({}, {"NOTIFY_SOCKET": "/nowhere"}, {"NOTIFY_SOCKET": "@nobody"}):
        notifier = Notifier(environ)
        notifier.ready()
        assert notifier.alive_every == float("inf")


def test_somebody_elses_watchdog() -> None:
    environ = {"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}
    assert Notifier(environ).alive_every == float("inf")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_service(workers: str, tmp_path: Path, systemd: Listening) -> None:
    (tmp_path / "main.py").write_text(APPLICATION)
    tells = {"NOTIFY_SOCKET": systemd.path, "WATCHDOG_USEC": "200000"}
    arguments = ("run", "main:app", "--port", "0", "--workers", workers)
    with Command(tmp_path, *arguments, env=tells) as command:
        said = [systemd.hear()]
        while "READY" not in said[-1]:
            said.append(systemd.hear())
        assert said[-1] == {"READY": "1", "MAINPID": str(command.process.pid)}
        while "WATCHDOG" not in said[-1]:
            said.append(systemd.hear())
        assert command.get("/")[0] == 200
        if workers == "2":
            command.signal(signal.SIGHUP)
            while "RELOADING" not in said[-1]:
                said.append(systemd.hear())
            while "READY" not in said[-1]:
                said.append(systemd.hear())
        command.signal(signal.SIGTERM)
        while "STOPPING" not in said[-1]:
            said.append(systemd.hear())


def test_activation_by_a_socket(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(APPLICATION)
    path = tmp_path / "web"
    with socket.create_server(("127.0.0.1", 0)) as first, socket.socket(socket.AF_UNIX) as second:
        second.bind(str(path))
        second.listen()
        numbers = (first.fileno(), second.fileno())
        process = subprocess.Popen(
            [sys.executable, "-c", ACTIVATE, *map(str, numbers)],
            cwd=tmp_path,
            pass_fds=numbers,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            assert process.stderr is not None
            port = first.getsockname()[1]
            expected = f"Jebi running on http://127.0.0.1:{port}, unix socket {path} "
            said = []
            for line in process.stderr:
                said.append(line)
                if expected in line:
                    break
            else:
                pytest.fail("".join(said))
            with socket.create_connection(first.getsockname()) as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                assert client.makefile("rb").read().endswith(b"here\r\n0\r\n\r\n")
            process.terminate()
            process.stderr.read()
        assert path.is_socket(), "it is systemd's"
        # It listens there still: a client waits for the next one to be started.
        socket.create_connection(first.getsockname()).close()
