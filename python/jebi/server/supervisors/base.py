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

from jebi.server.doubts import Told
from jebi.server.listener import shut_doors
from jebi.server.logging import get_logger
from jebi.server.metrics.exporter import exported
from jebi.server.sockets import describe
from jebi.server.supervisors.process import Process
from jebi.server.systemd import Notifier

if TYPE_CHECKING:
    from collections.abc import Generator

    from jebi.server.config import Config
    from jebi.server.metrics.exporter import Metrics
    from jebi.server.supervisors.board import Board

# What a worker gets beyond the time for requests, for the application's own shutdown.
SHUTDOWN_SECONDS = 10.0

# The longest wait, in seconds: what is due in years is not to be more than a poll can be told.
_LONGEST = 3600.0

# Waking up later than this means that the supervisor itself was stopped, or the machine.
_OVERSLEPT = 1.0


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
        self.notifier = Notifier()
        self.metrics: Metrics | None = None
        self.board: Board | None = None
        self._told = Told()
        self._alive_at = 0.0
        self._signals: list[int] = []
        self._selector = selectors.DefaultSelector()
        # Made when it runs, so that a supervisor that never does leaves nothing open.
        self._bell: tuple[socket.socket, socket.socket] | None = None

    # What the two kinds differ in.

    def begin(self) -> None:
        """Start the first workers."""
        raise NotImplementedError

    def on_end(self, worker: Process, code: int) -> None:
        """A worker has ended that nobody told to."""
        raise NotImplementedError

    def on_no_worker(self) -> None:
        """A worker could not be started; the log says why."""
        raise NotImplementedError

    def on_stopped(self, worker: Process) -> None:
        """A worker has ended that was told to."""

    def on_wake(self) -> None:
        """:meth:`wake` was called."""

    def on_signal(self, number: int) -> None:
        """A signal other than those that ask to leave."""

    def due(self) -> float:
        """When :meth:`adjust` has something to do if nothing happens before."""
        return float("inf")

    def adjust(self) -> None:
        """Something may have changed: start and stop workers as it takes. Not while leaving."""

    signals: tuple[signal.Signals, ...] = ()

    # What they share.

    def run(self) -> int:
        """Supervise until told to leave; returns the exit status."""
        with exported(self.config.metrics) as self.metrics, self._listening():
            get_logger().info("Started supervisor process [%d]", os.getpid())
            self.begin()
            while self.workers or not self.leaving:
                self._turn()
            get_logger().info("Stopped supervisor process [%d]", os.getpid())
        return self.exit_code

    def start_worker(self, generation: int = 0) -> bool:
        """Start one more worker; false if the system does not let it, which passes as a rule."""
        page = None if self.metrics is None else self.metrics.new_page()
        try:
            worker = Process(self.config, self.sockets, generation, page, self.board)
        except OSError as error:
            if self.metrics is not None and page is not None:
                self.metrics.forget(page)
            get_logger().error("Cannot start a worker: %s", error.strerror or error)
            self.on_no_worker()
            return False
        self.workers.append(worker)
        self._selector.register(worker.channel, selectors.EVENT_READ, worker)
        return True

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
        self.notifier.stopping()
        # The workers accept who has connected already, and the last one closes what they share.
        shut_doors(self.sockets)
        for worker in self.workers:
            self.stop_worker(worker)
        for listener in self.sockets:
            listener.close()

    def wake(self) -> None:
        """Have :meth:`on_wake` called soon; from any thread."""
        if self._bell is not None:
            with contextlib.suppress(BlockingIOError, OSError):
                self._bell[1].send(b"\0")

    def _turn(self) -> None:
        due = min((worker.due for worker in self.workers), default=float("inf"))
        due = due if self.leaving else min(due, self.due())
        due = min(due, self._keep_watchdog_quiet())
        timeout = None if due == float("inf") else due - time.monotonic()
        if timeout is not None:
            timeout = min(max(0.0, timeout), _LONGEST)
        for key, _ in self._selector.select(timeout):
            if key.data is None:
                self._hear_wake()
            else:
                self._hear_worker(key.data)
        self._bury()
        self._look_after(due)
        if not self.leaving:
            self.adjust()

    def _keep_watchdog_quiet(self) -> float:
        """Tell systemd that this process lives; returns when to do so again."""
        now = time.monotonic()
        if now >= self._alive_at:
            self.notifier.alive()
            self._alive_at = now + self.notifier.alive_every
        return self._alive_at

    def _look_after(self, due: float) -> None:
        """See to the workers that are late."""
        now = time.monotonic()
        if now > due + _OVERSLEPT:
            # Whoever stopped this process may have stopped the workers too: they get their time.
            for worker in self.workers:
                worker.heard_at = now
            return
        for worker in self.workers:
            if worker.due > now:
                continue
            if not worker.stopping:
                get_logger().error(
                    "Worker [%d] has not answered for %g s: replacing it",
                    worker.pid,
                    now - worker.heard_at,
                )
                worker.give_up()
            else:
                self._end(worker)

    def _end(self, worker: Process) -> None:
        if worker.ready and not worker.asked:
            get_logger().error("Worker [%d] did not stop in time", worker.pid)
            worker.give_up()
            return
        get_logger().error("Worker [%d] is killed%s", worker.pid, worker.where())
        worker.kill()

    def _hear_wake(self) -> None:
        if self._bell is not None:
            with contextlib.suppress(BlockingIOError):
                self._bell[0].recv(4096)
        self.on_wake()
        while self._signals:
            number = self._signals.pop(0)
            if number in {signal.SIGINT, signal.SIGTERM}:
                get_logger().info("Received %s, leaving.", signal.Signals(number).name)
                self.leave()
            elif number == signal.SIGUSR1:
                self._pass_on(number)
            elif number != signal.SIGCHLD and not self.leaving:
                self.on_signal(number)

    def _pass_on(self, number: int) -> None:
        for worker in self.workers:
            # One that is still starting has no handler so far, and has yet to open its log.
            if worker.ready:
                worker.process.send_signal(number)

    def _hear_worker(self, worker: Process) -> None:
        worker.hear()
        if not worker.channel.is_open:
            # Its end is told by SIGCHLD: whatever the application forked may keep this open.
            self._selector.unregister(worker.channel)
        if worker.ready:
            self._announce()
        if worker.doubts:
            self._told.tell(worker.doubts)

    def _bury(self) -> None:
        """Take note of the workers that have ended."""
        for worker in [worker for worker in self.workers if worker.has_ended()]:
            self.workers.remove(worker)
            if worker.channel.is_open:
                self._selector.unregister(worker.channel)
            code = worker.process.returncode
            if not self.leaving and worker.stopping:
                self.on_stopped(worker)
            elif not self.leaving:
                self.on_end(worker, code)
            worker.close()
            if self.metrics is not None and worker.page is not None:
                self.metrics.retire(worker.page)

    def _announce(self) -> None:
        """Say where to go, once there is somebody who answers."""
        if self.announced:
            return
        self.announced = True
        self.notifier.ready()
        address = describe(self.config, self.sockets)
        text = "Jebi running on {} (Press CTRL+C to quit)"
        colour = {"color_message": text.format(click.style(address, bold=True))}
        get_logger().info(text.format(address), extra=colour)

    @contextlib.contextmanager
    def _listening(self) -> Generator[None]:
        reader, writer = self._bell = socket.socketpair()
        reader.setblocking(False)
        writer.setblocking(False)
        self._selector.register(reader, selectors.EVENT_READ, None)
        self.wake()  # for what happened before somebody listened
        handlers: dict[signal.Signals, Any] = {}
        descriptor = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        heard = [signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, *self.signals]
        if self.config.access_log_file is not None:
            heard.append(signal.SIGUSR1)
        for number in heard:
            handlers[number] = signal.signal(number, lambda n, _: self._signals.append(n))
        try:
            yield
        finally:
            for worker in self.workers:  # only after an error of our own
                worker.kill()
            for number, handler in handlers.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(descriptor)
            self.close()

    def close(self) -> None:
        """Let go of what it waits with."""
        if self.board is not None:
            self.board.close()
        self._selector.close()
        for end in self._bell or ():
            end.close()
