"""Several workers on the same sockets, each replaced when it dies."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

from jebi.server.errors import CANNOT_START, STARTUP_FAILURE
from jebi.server.logging import get_logger
from jebi.server.supervisors.backoff import Backoff
from jebi.server.supervisors.base import Supervisor
from jebi.server.supervisors.board import Board

if TYPE_CHECKING:
    import socket

    from jebi.server.config import Config
    from jebi.server.supervisors.process import Process


class Multiprocess(Supervisor):
    """Keeps ``config.workers`` workers alive.

    SIGHUP replaces them one by one, each new one ready before an old one leaves; so is a worker
    replaced that asks for it. SIGTTIN adds a worker and SIGTTOU takes one away.

    What is to be done follows from what there is: :meth:`adjust` compares the workers with what is
    wanted, and takes one step.
    """

    signals = (signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU)

    def __init__(self, config: Config, sockets: list[socket.socket]) -> None:
        super().__init__(config, sockets)
        self.wanted = config.workers
        self.generation = 0
        self.board = Board()
        self._rolling = False
        self._backoff = Backoff()

    def begin(self) -> None:
        self._start(self.wanted)

    def due(self) -> float:
        return self._backoff.until if len(self._staying()) < self.wanted else float("inf")

    def adjust(self) -> None:
        staying = self._staying()
        missing = self.wanted - len(staying)
        if missing > 0:
            if time.monotonic() >= self._backoff.until:
                self._start(missing)
            return
        outdated = [worker for worker in staying if self._is_outdated(worker)]
        if missing < 0 and all(worker.ready for worker in staying):
            self._retire((outdated or staying[::-1])[0])
        elif missing == 0 and outdated and time.monotonic() >= self._backoff.until:
            self._start(1)
        elif self._rolling and not self._is_rolling():
            self._rolling = False
            self.notifier.ready()

    def on_end(self, worker: Process, code: int) -> None:
        logger = get_logger()
        logger.error("Worker [%d] %s%s", worker.pid, worker.end(), worker.where())
        serving = any(other.ready and not other.stopping for other in self.workers)
        cannot_start = not worker.ready and code in {CANNOT_START, STARTUP_FAILURE}
        if cannot_start and not self.announced:
            self.leave(code)
            return
        if not worker.ready and serving and self._is_rolling():
            logger.error("The new worker did not start: the old ones stay")
            for other in self.workers:
                other.generation = self.generation
            return
        if code == 0:  # told to, by somebody else
            return
        if not self._backoff.fail(time.monotonic(), worker.ready_at) and not serving:
            logger.error("%d workers died one after the other: leaving", self._backoff.failures)
            self.leave(CANNOT_START)

    def on_no_worker(self) -> None:
        goes_on = self._backoff.fail(time.monotonic(), float("inf"))
        if not goes_on and not self.workers:
            get_logger().error("No worker can be started: leaving")
            self.leave(CANNOT_START)

    def _start(self, count: int) -> None:
        """Start so many workers, or as many as the system lets in."""
        for _ in range(count):
            if not self.start_worker(self.generation):
                return

    def on_signal(self, number: int) -> None:
        logger = get_logger()
        if number == signal.SIGHUP:
            logger.info("Received SIGHUP, replacing the workers.")
            self.notifier.reloading()
            self._roll()
        elif number == signal.SIGTTIN:
            self.wanted += 1
            logger.info("Received SIGTTIN, now %d workers.", self.wanted)
        elif self.wanted > 1:
            self.wanted -= 1
            logger.info("Received SIGTTOU, now %d workers.", self.wanted)

    def _roll(self) -> None:
        """Let a new generation begin."""
        for worker in self._staying():
            # What is still starting has the old code, or half of the new.
            if not worker.ready:
                self.stop_worker(worker)
        self.generation += 1
        self._rolling = True

    def _retire(self, worker: Process) -> None:
        if worker.spent is not None:
            get_logger().info("Worker [%d] is replaced: %s", worker.pid, worker.spent)
        self.stop_worker(worker)

    def _staying(self) -> list[Process]:
        return [worker for worker in self.workers if not worker.stopping]

    def _is_outdated(self, worker: Process) -> bool:
        return worker.generation != self.generation or worker.spent is not None

    def _is_rolling(self) -> bool:
        return any(worker.generation != self.generation for worker in self._staying())
