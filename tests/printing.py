"""A child process that prints, and is listened to."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess


class Printing:
    """A process whose output is read by a thread, line by line, into ``lines``.

    :meth:`wait_for` is how a test waits for it.
    """

    patience = 60.0
    """Seconds after which what did not come will not come."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._has_ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        """Everything printed so far."""
        return "\n".join(self.lines)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self.lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._has_ended = True
            self._news.notify_all()

    def wait_for(
        self, pattern: str, *, times: int = 1, seconds: float | None = None
    ) -> re.Match[str]:
        """The match of the ``times``-th line that the pattern is found in, once it is printed."""

        def found() -> list[re.Match[str]]:
            return [match for line in self.lines if (match := re.search(pattern, line))]

        with self._news:
            arrived = self._news.wait_for(
                lambda: len(found()) >= times or self._has_ended, seconds or self.patience
            )
            matches = found()
        assert len(matches) >= times, f"{pattern!r} was not printed ({arrived=}):\n{self.output}"
        return matches[times - 1]

    def heard(self) -> None:
        """Waits until everything was read."""
        self._reader.join(self.patience)

    def close(self) -> None:
        """Hears the rest of a process that has ended, and listens no more."""
        self.heard()
        assert self.process.stdout is not None
        self.process.stdout.close()
