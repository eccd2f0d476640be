"""What was promised to run, and what became of it."""

from __future__ import annotations

import itertools
import threading
from typing import Any


class Ledger:
    """Callbacks that have to run once or be cancelled, and everything that went wrong."""

    def __init__(self) -> None:
        self.wrongs: list[str] = []
        self.kept = 0
        self._open: dict[int, Promise] = {}
        self._numbers = itertools.count()
        self._lock = threading.RLock()

    def expect(self, what: str) -> Promise:
        """A callback that has to run; any thread may ask for it."""
        with self._lock:
            promise = Promise(self, next(self._numbers), what)
            self._open[promise.number] = promise
        return promise

    def settle(self, promise: Promise, how: str) -> None:
        with self._lock:
            self.kept += 1
            if self._open.pop(promise.number, None) is None:
                self.wrongs.append(f"{promise.what} {how} though it was {promise.state} before")
            promise.state = how

    def wrong(self, text: str) -> None:
        self.wrongs.append(text)

    def broken(self) -> list[str]:
        """What neither ran nor was cancelled."""
        with self._lock:
            return [f"{promise.what} never ran" for promise in self._open.values()]


class Promise:
    """One callback."""

    def __init__(self, ledger: Ledger, number: int, what: str) -> None:
        self.number = number
        self.what = what
        self.state = "open"
        self._ledger = ledger

    def __call__(self, *_: Any) -> None:
        self._ledger.settle(self, "ran")

    def cancel(self) -> None:
        """It will not run, and must not."""
        self._ledger.settle(self, "cancelled")

    @property
    def is_open(self) -> bool:
        return self.state == "open"
