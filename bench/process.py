"""A server process: started on its core, measured from the outside."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from bench.peers import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from bench.peers import Peer

SOURCES = f"{ROOT}{os.pathsep}{ROOT / 'python'}"
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class ServerError(Exception):
    """A server that did not come up or answers wrongly."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """A running peer, pinned to one core."""

    def __init__(self, peer: Peer, core: int, log: Path) -> None:
        cores = os.sched_getaffinity(0) if peer.everywhere else {core}
        self.peer = peer
        self.port = free_port()
        command = [part.replace("{port}", str(self.port)) for part in peer.command]
        environment = os.environ | {"PORT": str(self.port), "PYTHONPATH": SOURCES}
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment | peer.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=lambda: os.sched_setaffinity(0, cores),
            )

    def wait_until_ready(self, seconds: float = 30) -> None:
        """Wait for the first accepted connection."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        tail = self._log.read_text(errors="replace")[-800:]
        self.stop()
        raise ServerError(f"{self.peer.title} did not start:\n{tail}")

    def ask(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        """One request, for the check before the timing."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body or None, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def cpu_seconds(self) -> float:
        """User and system time of the process and its children so far."""
        ticks = 0
        for pid in self._tree():
            with suppress(OSError), open(f"/proc/{pid}/stat", encoding="ascii") as stat:
                fields = stat.read().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
        return ticks / TICKS_PER_SECOND

    def peak_memory(self) -> int:
        """Largest resident memory of the process and its children together, in bytes."""
        total = 0
        for pid in self._tree():
            with suppress(OSError), open(f"/proc/{pid}/status", encoding="ascii") as status:
                for line in status:
                    if line.startswith("VmHWM:"):
                        total += int(line.split()[1]) * 1024
        return total

    def cpu_nanoseconds(self) -> int:
        """As :meth:`cpu_seconds`, without the coarse clock: for what lasts a moment."""
        total = 0
        for pid in self._tree():
            with suppress(OSError):
                for thread in os.listdir(f"/proc/{pid}/task"):
                    with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as stat:
                        total += int(stat.read().split()[0])
        return total

    def memory(self) -> dict[str, int]:
        """What the kernel says of its memory now, children's included: bytes by ``Rss``…"""
        found: dict[str, int] = {}
        for pid in self._tree():
            with suppress(OSError), open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
                for line in rollup:
                    name, _, value = line.partition(":")
                    if value.strip().endswith("kB"):
                        found[name] = found.get(name, 0) + int(value.split()[0]) * 1024
        return found

    def _tree(self) -> list[int]:
        tree, left = [], [self._process.pid]
        while left:
            pid = left.pop()
            tree.append(pid)
            with suppress(OSError):
                for thread in os.listdir(f"/proc/{pid}/task"):
                    with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as children:
                        left += map(int, children.read().split())
        return tree

    def stop(self) -> None:
        """End it, whatever it does."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, 15)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, 9)
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()
