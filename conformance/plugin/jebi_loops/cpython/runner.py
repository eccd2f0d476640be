"""Runs tests, a few at a time, and says what became of each."""

from __future__ import annotations

import json
import sys
import time
from typing import IO, TYPE_CHECKING

from .children import Child

if TYPE_CHECKING:
    import unittest
    from collections.abc import Mapping

    from .children import Result
    from .loops import Substitution

POLL_SECONDS = 0.005
PROGRESS_EVERY = 100


class Runner:
    """Starts children, waits for them and writes their results."""

    def __init__(
        self, loops: Substitution, lines: IO[str], seconds: float, *, verbose: bool
    ) -> None:
        self._loops = loops
        self._lines = lines
        self._seconds = seconds
        self._verbose = verbose
        self._running: list[Child] = []
        self._done = self._failed = 0

    def run(self, tests: Mapping[str, unittest.TestCase], at_once: int) -> int:
        """Run them all; answers how many failed. However it ends, it leaves no child behind."""
        try:
            for name, test in tests.items():
                self._wait_for_less_than(at_once, len(tests))
                self._running.append(Child.start(name, test, self._loops, self._seconds))
            self._wait_for_less_than(1, len(tests))
        finally:
            for child in self._running:
                child.finish(None)
        return self._failed

    def _wait_for_less_than(self, count: int, of: int) -> None:
        while len(self._running) >= count:
            ended = [(child, status) for child in self._running for status in child.poll()]
            for child, status in ended:
                self._running.remove(child)
                self._tell(child.name, child.finish(status), of)
            if not ended:
                time.sleep(POLL_SECONDS)

    def _tell(self, name: str, result: Result, of: int) -> None:
        outcome, reason = result.outcome, result.reason
        if not result.loops and outcome != "skipped":
            outcome, reason = "skipped", "makes no loop of the kind under test"
        self._lines.write(json.dumps({"test": name, "outcome": outcome, "reason": reason}) + "\n")
        self._lines.flush()
        self._done += 1
        if outcome in {"failed", "xpassed"}:
            self._failed += 1
            if self._verbose:
                print(f"\n===== {name}: {reason}\n{result.details}{result.output}")
        if self._done % PROGRESS_EVERY == 0 or self._done == of:
            print(f"{self._done} of {of} tests, {self._failed} failed", flush=True)
        sys.stdout.flush()
