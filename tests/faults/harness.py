"""Real servers in child processes, and what ``/proc`` says about them."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import jebi
from jebi import _engine
from tests.printing import Printing

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 25.0
"""How long anything may take that should come at once, in seconds."""

GET = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"
MIB = 1 << 20

_ADDRESS = re.compile(r"running on https?://127\.0\.0\.1:(\d+)")
_TICKS = os.sysconf("SC_CLK_TCK")


def engine_profile() -> str:
    """Whether the engine is a ``release`` or a ``debug`` build."""
    return _engine.PROFILE


def allow_descriptors() -> int:
    """Raises this process's limit of open descriptors as far as it goes, and returns it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Figures:
    """What the system knows about one process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def _read(self, name: str) -> str:
        return Path(f"/proc/{self.pid}/{name}").read_text(encoding="ascii")

    def is_alive(self) -> bool:
        """Whether there is such a process, and it is more than a status to be collected."""
        try:
            return self._read("stat").rpartition(")")[2].split()[0] != "Z"
        except (FileNotFoundError, ProcessLookupError):
            return False

    def state(self) -> str:
        """The letter for what it does, such as ``S`` for sleeping and ``T`` for stopped."""
        return self._read("stat").rpartition(")")[2].split()[0]

    def rss(self) -> int:
        """Its resident memory, in bytes."""
        return int(self._read("statm").split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def peak_rss(self) -> int:
        """The most that was resident since the start or :meth:`forget_peak`, in bytes."""
        line = next(line for line in self._read("status").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024

    def forget_peak(self) -> None:
        """Makes the present resident memory the peak."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5", encoding="ascii")

    def cpu_seconds(self) -> float:
        """User and system time so far, in seconds."""
        fields = self._read("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def descriptors(self) -> int:
        """How many descriptors it has open."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def children(self) -> list[int]:
        """Its child processes, in the order of their start."""
        found: list[int] = []
        for task in os.listdir(f"/proc/{self.pid}/task"):
            found += map(int, self._read(f"task/{task}/children").split())
        return sorted(found)


class Server(Printing):
    """``python -m jebi run`` on a free port of 127.0.0.1; use it as a context manager.

    ``application`` is ``module:attribute`` and ``options`` are more of the command's.
    ``descriptors`` bounds how many the server and its workers may open. Everything it prints is
    kept in ``lines``. Leaving the block ends it and all of its children.
    """

    def __init__(
        self,
        application: str = "tests.faults.applications:hello",
        *options: str,
        descriptors: int | None = None,
        env: dict[str, str] | None = None,
    ) -> None:
        package = Path(jebi.__file__).resolve().parents[1]
        path = os.pathsep.join([str(package), str(ROOT)])
        arguments = ["run", application, "--port", "0", "--no-access-log", *options]
        process = subprocess.Popen(
            [sys.executable, "-m", "jebi", *arguments],
            env=os.environ | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"} | (env or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        if descriptors is not None:
            resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (descriptors, descriptors))
        super().__init__(process)

    def __enter__(self) -> Self:
        self.port = int(self.wait_for(_ADDRESS.pattern)[1])
        return self

    def __exit__(self, *exception: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.close()

    @property
    def figures(self) -> Figures:
        """What is known about the process that was started: the supervisor, if there is one."""
        return Figures(self.process.pid)

    @property
    def workers(self) -> list[Figures]:
        """The processes under the supervisor."""
        return [Figures(pid) for pid in self.figures.children()]

    def connect(
        self, receive_buffer: int | None = None, segment: int | None = None
    ) -> socket.socket:
        """A new connection.

        ``receive_buffer`` bounds what the kernel takes in for it, and ``segment`` makes TCP's
        segments as small as those of a network, which decides on the buffers at the other end;
        both in bytes.
        """
        client = socket.socket()
        if segment is not None:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment)
        if receive_buffer is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.settimeout(PATIENCE)
        client.connect(("127.0.0.1", self.port))
        return client

    def ask(self, request: bytes = GET) -> bytes:
        """What a new connection is answered, up to its end or the end of the body."""
        with self.connect() as client:
            client.sendall(request)
            return answer(client)

    def signal(self, number: int) -> None:
        """Send a signal to the process that was started."""
        self.process.send_signal(number)

    def probe(self, path: str = "/", every: float = 0.005) -> Probe:
        """A second client in a process of its own, which keeps asking and watches the time."""
        return Probe(self.port, path, every)


def answer(client: socket.socket) -> bytes:
    """One answer with a ``content-length``, or whatever comes before the connection ends."""
    received = b""
    while True:
        head, end, body = received.partition(b"\r\n\r\n")
        length = re.search(rb"\r\ncontent-length: (\d+)", head)
        if end and length and len(body) >= int(length[1]):
            return received
        more = client.recv(1 << 16)
        if not more:
            return received
        received += more


class Assistant:
    """A client in a process of its own, so that it has the time that it needs.

    A context manager: it has begun when the block does, and is told to end with it.
    """

    program: str
    """The file beside this one that it runs."""

    def __init__(self, *arguments: object) -> None:
        self._arguments = [str(argument) for argument in arguments]

    def __enter__(self) -> Self:
        client = Path(__file__).with_name(self.program)
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(client), *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *exception: object) -> None:
        said, _ = self.process.communicate("", PATIENCE)
        self.conclude(said)

    def conclude(self, said: str) -> None:
        """Make figures of what it said at its end."""
        raise NotImplementedError


class Probe(Assistant):
    """What a second client sees meanwhile; its figures are set at the end of the block.

    It asks on one connection, one request after the other, and opens a new one when it loses it.
    """

    program = "probing.py"

    def __init__(self, port: int, path: str, every: float) -> None:
        super().__init__(port, path, every)
        self.worst = 0.0
        """The longest time from a request to its whole answer, in seconds."""
        self.answers = 0
        self.failures = 0
        """How many requests were not answered with 200."""

    def conclude(self, said: str) -> None:
        worst, answers, failures = said.split()
        self.worst, self.answers, self.failures = float(worst), int(answers), int(failures)


def until(what: Callable[[], Any], seconds: float = PATIENCE, every: float = 0.02) -> float:
    """Waits until ``what()`` is true, looking now and then; returns how long that took.

    The system tells nobody when another process's memory or descriptors change, so looking is the
    way. Raises ``AssertionError`` when the time is over.
    """
    began = time.monotonic()
    while not what():
        waited = time.monotonic() - began
        assert waited < seconds, f"it did not come to pass within {seconds:g} s"
        time.sleep(every)
    return time.monotonic() - began


def settled_rss(figures: Figures, seconds: float = 1.5) -> int:
    """The resident memory once it stands still, in bytes."""
    lowest, since = figures.rss(), time.monotonic()
    while time.monotonic() - since < seconds:
        time.sleep(0.1)
        if (now := figures.rss()) != lowest:
            lowest, since = now, time.monotonic()
    return lowest
