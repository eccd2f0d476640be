"""Sockets that systemd has opened, and what it is told."""

from __future__ import annotations

import os
import re
import signal
import socket
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


class Activated(Command):
    """The command as systemd starts it: the sockets are its descriptors from 3 on."""

    program = ("-c", """
import fcntl, os, sys
out_of_the_way = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 50) for number in sys.argv[1:]]
for at, number in enumerate(out_of_the_way):
    os.dup2(number, 3 + at)
    os.close(number)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(out_of_the_way))}
os.execv(sys.executable, [sys.executable, "-m", "jebi", "run", "main:app"])
""")  # fmt: skip

    address = re.compile(r"Jebi running on http://127\.0\.0\.1:(\d+), ")

    def __init__(self, where: Path, *sockets: socket.socket) -> None:
        numbers = tuple(opened.fileno() for opened in sockets)
        super().__init__(where, *map(str, numbers), pass_fds=numbers)


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
        port = first.getsockname()[1]
        with Activated(tmp_path, first, second) as command:
            command.wait_for(f"http://127.0.0.1:{port}, unix socket {path} ")
            assert command.get("/") == (200, "here")
            command.stop()
        assert path.is_socket(), "it is systemd's"
        # It listens there still: a client waits for the next one to be started.
        socket.create_connection(first.getsockname()).close()
