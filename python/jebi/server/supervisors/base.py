"""What both supervisors do: hear signals and workers, and end in good order."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import time
from typing import TYPE_CHECKING, Any

import click

from jebi.server.logging import get_logger
from jebi.server.sockets import describe
from jebi.server.supervisors.process import Process

if TYPE_CHECKING:
    from collections.abc import Generator

    from jebi.server.config import Config

# What a worker gets beyond the time for requests, for the application's own shutdown.
SHUTDOWN_SECONDS = 10.0


class Supervisor:
    """Waits in one place for signals, for words of the workers, and for deadlines.

    Invariant: ``workers`` holds exactly the processes whose end has not been seen.
    """

    def __init__(self, config: Config, sockets: list[socket.socket]) -> None:
        self.config = config
        self.sockets = sockets
        self.workers: list[Process] = []
        self.leaving = False
        self.exit_code = 0
        self.announced = False
        self._signals: list[int] = []
        self._selector = selectors.DefaultSelector()
        self._wake_reader, self._wake_writer = socket.socketpair()

    # What the two kinds differ in.

    def begin(self) -> None:
        """Start the first workers."""
        raise NotImplementedError

    def on_ready(self, worker: Process) -> None:
        """A worker serves."""

    def on_end(self, worker: Process, code: int) -> None:
        """A worker has ended that nobody told to."""
        raise NotImplementedError

    def on_stopped(self, worker: Process) -> None:
        """A worker has ended that was told to."""

    def on_wake(self) -> None:
        """:meth:`wake` was called."""

    def on_signal(self, number: int) -> None:
        """A signal other than those that ask to leave."""

    signals: tuple[signal.Signals, ...] = ()

    # What they share.

    def run(self) -> int:
        """Supervise until told to leave; returns the exit status."""
        with self._listening():
            get_logger().info("Started supervisor process [%d]", os.getpid())
            self.begin()
            while self.workers or not self.leaving:
                self._turn()
            get_logger().info("Stopped supervisor process [%d]", os.getpid())
        return self.exit_code

    def start_worker(self) -> Process:
        """Start one more worker."""
        worker = Process(self.config, self.sockets)
        self.workers.append(worker)
        self._selector.register(worker.channel, selectors.EVENT_READ, worker)
        return worker

    def stop_worker(self, worker: Process) -> None:
        """Let a worker finish and leave."""
        worker.stop(self.config.graceful_seconds + SHUTDOWN_SECONDS)

    def leave(self, code: int = 0) -> None:
        """Stop everything; the second call does not wait any more."""
        if self.leaving and code == 0:
            for worker in self.workers:
                worker.kill()
            return
        self.leaving = True
        self.exit_code = self.exit_code or code
        for worker in self.workers:
            self.stop_worker(worker)

    def wake(self) -> None:
        """Have :meth:`on_wake` called soon; from any thread."""
        with contextlib.suppress(BlockingIOError, OSError):
            self._wake_writer.send(b"\0")

    def _turn(self) -> None:
        next_kill = min((worker.kill_at for worker in self.workers), default=float("inf"))
        timeout = None if next_kill == float("inf") else max(0.0, next_kill - time.monotonic())
        for key, _ in self._selector.select(timeout):
            if key.data is None:
                self._hear_wake()
            else:
                self._hear_worker(key.data)
        now = time.monotonic()
        for worker in self.workers:
            if worker.kill_at <= now:
                get_logger().error("Worker [%d] did not stop in time: killed", worker.pid)
                worker.kill_at = float("inf")
                worker.kill()

    def _hear_wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wake_reader.recv(4096)
        self.on_wake()
        while self._signals:
            number = self._signals.pop(0)
            if number in {signal.SIGINT, signal.SIGTERM}:
                get_logger().info("Received %s, leaving.", signal.Signals(number).name)
                self.leave()
            elif not self.leaving:
                self.on_signal(number)

    def _hear_worker(self, worker: Process) -> None:
        was_ready = worker.ready
        alive = worker.hear()
        if worker.ready and not was_ready:
            self._announce()
            if not self.leaving:
                self.on_ready(worker)
        if alive:
            return
        self._selector.unregister(worker.channel)
        code = worker.reap()
        self.workers.remove(worker)
        if self.leaving:
            return
        if worker.stopping:
            self.on_stopped(worker)
        else:
            self.on_end(worker, code)

    def _announce(self) -> None:
        """Say where to go, once there is somebody who answers."""
        if self.announced:
            return
        self.announced = True
        address = describe(self.config, self.sockets)
        text = "Jebi running on {} (Press CTRL+C to quit)"
        colour = {"color_message": text.format(click.style(address, bold=True))}
        get_logger().info(text.format(address), extra=colour)

    @contextlib.contextmanager
    def _listening(self) -> Generator[None]:
        self._wake_reader.setblocking(False)
        self._wake_writer.setblocking(False)
        self._selector.register(self._wake_reader, selectors.EVENT_READ, None)
        handlers: dict[signal.Signals, Any] = {}
        descriptor = signal.set_wakeup_fd(self._wake_writer.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, *self.signals):
            handlers[number] = signal.signal(number, lambda n, _: self._signals.append(n))
        try:
            yield
        finally:
            for worker in self.workers:  # only after an error of our own
                worker.kill()
            for number, handler in handlers.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(descriptor)
            self._selector.close()
            self._wake_reader.close()
            self._wake_writer.close()
