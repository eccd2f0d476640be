"""One test in a process of its own, forked from one that has imported everything."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import tempfile
import time
from dataclasses import asdict, dataclass
from typing import IO, TYPE_CHECKING, NoReturn

from .outcome import run

if TYPE_CHECKING:
    import unittest
    from collections.abc import Iterator

    from .loops import Substitution

OUTPUT_LIMIT = 20_000


@dataclass
class Result:
    """What became of a test: the outcome is one of pytest's words."""

    outcome: str
    reason: str
    details: str = ""
    output: str = ""
    loops: int = 1
    """How many loops under test it made; of one that hangs nobody knows, so one is assumed."""


@dataclass
class Child:
    """A running test, with a folder to work in and a process group to end with."""

    name: str
    pid: int
    deadline: float
    answer: IO[str]
    output: IO[str]
    folder: tempfile.TemporaryDirectory[str]

    @classmethod
    def start(
        cls, name: str, test: unittest.TestCase, loops: Substitution, seconds: float
    ) -> Child:
        """Fork and run it for at most so many seconds."""
        folder = tempfile.TemporaryDirectory(prefix="jebi-conformance-", ignore_cleanup_errors=True)
        answer, output = _scratch(), _scratch()
        pid = os.fork()
        if pid == 0:
            _be_child(test, loops, answer, output, folder.name)
        return cls(name, pid, time.monotonic() + seconds, answer, output, folder)

    def poll(self) -> Iterator[int | None]:
        """Yields the status once it has ended, or ``None`` if it is to be ended."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid:
            yield status
        elif time.monotonic() > self.deadline:
            yield None

    def finish(self, status: int | None) -> Result:
        """What it said, after it has ended with ``status``; ``None`` ends it now."""
        with contextlib.suppress(ProcessLookupError):
            # Its own children too.
            os.killpg(self.pid, signal.SIGKILL)
        if status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        with self.answer, self.output, self.folder:
            self.answer.seek(0)
            said = self.answer.read()
            self.output.seek(0)
            output = self.output.read()[-OUTPUT_LIMIT:]
        if said and status == 0:
            return Result(**json.loads(said), output=output)
        return Result("failed", _death(status), output=output)


def _scratch() -> IO[str]:
    return tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")


def _death(status: int | None) -> str:
    if status is None:
        return "hangs"
    code = os.waitstatus_to_exitcode(status)
    return f"ended by {signal.Signals(-code).name}" if code < 0 else f"left with status {code}"


def _be_child(
    test: unittest.TestCase, loops: Substitution, answer: IO[str], output: IO[str], folder: str
) -> NoReturn:
    status = 70
    try:
        os.setsid()
        os.chdir(folder)
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
        outcome = run(test)
        answer.write(json.dumps({**asdict(outcome), "loops": loops.made}))
        answer.flush()
        status = 0
    finally:
        # The buffers and exit functions of the parent are none of its business.
        os._exit(status)
