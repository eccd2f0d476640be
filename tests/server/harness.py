"""Starts the real command as a child process and listens to it."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING

from tests.printing import Printing

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

ADDRESS = re.compile(r"Jebi running on http://127\.0\.0\.1:(\d+) ")
SECONDS = Printing.patience


class Command(Printing):
    """``python -m jebi ARGUMENTS`` in a directory; use it as a context manager.

    Both streams are listened to.
    """

    program: tuple[str, ...] = ("-m", "jebi")
    """What Python runs, with the arguments that come first."""
    address = ADDRESS
    """Where the port is found in what it prints."""

    def __init__(
        self,
        where: Path,
        *arguments: str,
        env: dict[str, str] | None = None,
        stdin: bool = False,
        pass_fds: tuple[int, ...] = (),
    ) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("JEBI_")}
        environment |= {"PYTHONUNBUFFERED": "1"} | (env or {})
        process = subprocess.Popen(
            [sys.executable, *self.program, *arguments],
            cwd=where,
            env=environment,
            pass_fds=pass_fds,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        super().__init__(process)

    def __enter__(self) -> Command:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.close()

    @property
    def port(self) -> int:
        """The port, once the server is ready."""
        return int(self.wait_for(self.address.pattern)[1])

    def give(self, text: str) -> None:
        """Write to its standard input, which was asked for with ``stdin``."""
        assert self.process.stdin is not None
        self.process.stdin.write(text)
        self.process.stdin.close()

    def signal(self, number: int) -> None:
        """Send a signal to the command's own process."""
        self.process.send_signal(number)

    def wait(self) -> int:
        """The exit status, all output being read."""
        code = self.process.wait(SECONDS)
        self.heard()
        return code

    def stop(self) -> int:
        """Ask it to stop."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
        """Ask for a path on a new connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            connection.request("GET", path, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def connect(self) -> socket.socket:
        """A new connection, for what is no plain request."""
        return socket.create_connection(("127.0.0.1", self.port), SECONDS)

    @contextlib.contextmanager
    def ask(self, path: str) -> Generator[socket.socket]:
        """Ask for a path, and leave the answer to the test."""
        with self.connect() as client:
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: test\r\n\r\n".encode())
            yield client

    def get_many(self, paths: list[str]) -> list[tuple[str, str]]:
        """Ask for all paths at once: path and answer, in the order in which answers arrived."""
        answers: deque[tuple[str, str]] = deque()

        def ask(path: str) -> None:
            answers.append((path, self.get(path)[1]))

        threads = [threading.Thread(target=ask, args=(path,), daemon=True) for path in paths]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(SECONDS)
        return list(answers)
