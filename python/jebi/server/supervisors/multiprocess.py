"""Several workers on the same sockets, each replaced when it dies."""

from __future__ import annotations

import signal
import time
from collections import deque
from typing import TYPE_CHECKING

from jebi.server.errors import CANNOT_START, STARTUP_FAILURE
from jebi.server.logging import get_logger
from jebi.server.supervisors.base import Supervisor

if TYPE_CHECKING:
    import socket

    from jebi.server.config import Config
    from jebi.server.supervisors.process import Process

# More deaths than this within the window is a crash loop: replacing goes nowhere.
CRASHES = 5
CRASH_SECONDS = 30.0


class Multiprocess(Supervisor):
    """Keeps ``config.workers`` workers alive.

    SIGHUP replaces them one by one, each new one ready before an old one leaves; SIGTTIN adds a
    worker and SIGTTOU takes one away.
    """

    signals = (signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU)

    def __init__(self, config: Config, sockets: list[socket.socket]) -> None:
        super().__init__(config, sockets)
        self.wanted = config.workers
        self._crashes: deque[float] = deque(maxlen=CRASHES)
        self._old: list[Process] = []  # still to be replaced
        self._new: Process | None = None  # the replacement on its way

    def begin(self) -> None:
        for _ in range(self.wanted):
            self.start_worker()

    def on_ready(self, worker: Process) -> None:
        if worker is self._new:
            self._new = None
            self.stop_worker(self._old.pop(0))
            self._replace_next()

    def on_end(self, worker: Process, code: int) -> None:
        logger = get_logger()
        if worker in self._old:
            self._old.remove(worker)
        if not worker.ready and code in {CANNOT_START, STARTUP_FAILURE}:
            if worker is self._new:
                self._new, self._old = None, []
                logger.error("The new worker did not start: the old ones stay")
                return
            logger.error("Worker [%d] failed to start: leaving", worker.pid)
            self.leave(code)
            return
        logger.error("Worker [%d] %s", worker.pid, worker.end())
        if code != 0:  # status 0 is a worker that has served its number of requests
            self._crashes.append(time.monotonic())
        if len(self._crashes) == CRASHES and time.monotonic() - self._crashes[0] < CRASH_SECONDS:
            logger.error("%d workers died within %g s: leaving", CRASHES, CRASH_SECONDS)
            self.leave(CANNOT_START)
            return
        replacement = self.start_worker()
        if worker is self._new:
            self._new = replacement

    def on_signal(self, number: int) -> None:
        logger = get_logger()
        if number == signal.SIGHUP:
            logger.info("Received SIGHUP, replacing the workers.")
            self._old = [worker for worker in self.workers if not worker.stopping]
            if self._new is None:
                self._replace_next()
        elif number == signal.SIGTTIN:
            self.wanted += 1
            logger.info("Received SIGTTIN, now %d workers.", self.wanted)
            self.start_worker()
        elif self.wanted > 1:
            self.wanted -= 1
            logger.info("Received SIGTTOU, now %d workers.", self.wanted)
            self.stop_worker(next(w for w in reversed(self.workers) if not w.stopping))

    def _replace_next(self) -> None:
        if self._old:
            self._new = self.start_worker()
