"""A server of somebody else's as a child process: found, started, ready when it says so."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ATTEMPTS = 5


class NotReadyError(Exception):
    """The server ended before it was ready; the message is what it printed."""


class Child:
    """A server program, from the line that says it is ready until it is stopped."""

    def __init__(self, command: Sequence[str], ready: str, user: str | None = None) -> None:
        self._process = subprocess.Popen(
            command,
            cwd="/",
            user=user,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._process.stdout is not None
        self._output = self._process.stdout
        printed = []
        for line in self._output:
            printed.append(line)
            if re.search(ready, line):
                break
        else:
            self._process.wait()
            self._output.close()
            raise NotReadyError("".join(printed))
        self._drain = threading.Thread(target=self._output.read, daemon=True)
        self._drain.start()

    def stop(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Ends it by a signal and waits until it has ended."""
        self._process.send_signal(how)
        self._process.wait()
        self._drain.join()
        self._output.close()


def program(name: str) -> str | None:
    """Where a program is: on the path, or where Debian puts PostgreSQL's."""
    places = [os.environ.get("PATH", ""), *map(str, Path("/usr/lib/postgresql").glob("*/bin"))]
    return shutil.which(name, path=os.pathsep.join(places))


def free_ports(count: int) -> list[int]:
    """Ports that nobody has at the moment."""
    with contextlib.ExitStack() as stack:
        listeners = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)
        ]
        return [listener.getsockname()[1] for listener in listeners]


def on_free_ports(start: Callable[..., Child], count: int) -> tuple[Child, list[int]]:
    """Calls ``start`` with free ports, again if somebody else took one meanwhile."""
    for attempt in range(ATTEMPTS):
        ports = free_ports(count)
        try:
            return start(*ports), ports
        except NotReadyError:
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("not reached")


@contextlib.contextmanager
def directory(owner: str | None = None) -> Iterator[Path]:
    """A directory with a short path, because those of Unix sockets are bounded."""
    with tempfile.TemporaryDirectory(prefix="jebi-") as name:
        place = Path(name)
        if owner is not None:
            shutil.chown(place, owner)
        yield place
