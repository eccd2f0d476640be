"""A worker process as its supervisor sees it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING

from jebi import drop_in
from jebi.server.channel import Channel, Word
from jebi.server.worker import WHERE_ARE_YOU, Order

if TYPE_CHECKING:
    from jebi.server.config import Config
    from jebi.server.metrics.page import Page
    from jebi.server.supervisors.board import Board

# How long a worker that does not answer has to write down where it is.
TRACE_SECONDS = 0.5

_NEVER = float("inf")


def _interpreter_options() -> list[str]:
    """The options that this interpreter was started with, as far as they change what code does."""
    options = ["-" + "O" * sys.flags.optimize] if sys.flags.optimize else []
    options += [f"-W{option}" for option in sys.warnoptions]
    for name, value in sys._xoptions.items():
        options += ["-X", name if value is True else f"{name}={value}"]
    return options


class Process:
    """One worker: started at once, ready when it says so, stopping once it was told to.

    Times are the monotonic clock's, in seconds.
    """

    def __init__(
        self,
        config: Config,
        sockets: list[socket.socket],
        generation: int = 0,
        page: Page | None = None,
        board: Board | None = None,
    ) -> None:
        """Start it.

        Raises:
            OSError: The system has no process, or no descriptor, for one more.
        """
        self.page = page
        self._board = board
        self._place = 0 if board is None else board.take()
        self.generation = generation
        self.patience = float(config.timeout_worker_healthcheck)
        self.ready_at = self.heard_at = _NEVER
        self.kill_at = _NEVER
        self.stopping = False
        self.asked = False
        """Whether it was asked where it is."""
        self.unfit = False
        self.spent: str | None = None
        """Why it wants to be replaced, if it does."""
        self.doubts: list[str] = []
        """What could be better about the application."""
        with contextlib.ExitStack() as undo:
            if board is not None:
                undo.callback(board.leave, self._place)
            self._traces = undo.enter_context(tempfile.TemporaryFile())
            ours, theirs = socket.socketpair()
            self.channel = Channel(ours)
            undo.callback(self.channel.close)
            self.process = self._start(theirs, [listener.fileno() for listener in sockets])
            undo.pop_all()
        order = Order(
            settings=config.given,
            descriptors=[listener.fileno() for listener in sockets],
            path=sys.path,
            drop_in=drop_in.is_installed(),
            beat=min(1.0, self.patience / 4),
            page=None if page is None else page.descriptor,
            board=None if board is None else (board.descriptor, self._place),
            traces=self._traces.fileno(),
        )
        with contextlib.suppress(OSError):  # dead already; the supervisor will see that
            self.channel.order(vars(order))

    def _start(self, theirs: socket.socket, listening: list[int]) -> subprocess.Popen[bytes]:
        command = [sys.executable, *_interpreter_options(), "-m", "jebi._worker"]
        counting = [] if self.page is None else [self.page.descriptor]
        counting += [] if self._board is None else [self._board.descriptor]
        with theirs:
            return subprocess.Popen(
                [*command, str(theirs.fileno())],
                pass_fds=(*listening, *counting, theirs.fileno(), self._traces.fileno()),
            )

    @property
    def pid(self) -> int:
        """The process's number."""
        return self.process.pid

    @property
    def ready(self) -> bool:
        """Whether it serves, or has."""
        return self.ready_at != _NEVER

    @property
    def due(self) -> float:
        """When it has to be looked at if nothing is heard of it."""
        if self.stopping:
            return self.kill_at
        return self.heard_at + self.patience if self.ready else _NEVER

    def hear(self) -> None:
        """Take in what the worker has said."""
        for word, content in self.channel.hear():
            self.heard_at = time.monotonic()
            if word is Word.READY:
                self.ready_at = self.heard_at
            elif word is Word.UNFIT:
                self.unfit = True
            elif word is Word.REPLACE:
                self.spent = content.decode()
            elif word is Word.DOUBTS:
                self.doubts = content.decode().splitlines()

    def has_ended(self) -> bool:
        """Whether the process is over. What it said to the last has been heard then."""
        if self.process.poll() is None:
            return False
        self.hear()
        return True

    def stop(self, seconds: float) -> None:
        """Ask it to finish what is in flight and leave, within so many seconds."""
        if not self.stopping:
            self.stopping = True
            self.kill_at = time.monotonic() + seconds
            self.process.send_signal(signal.SIGTERM)

    def give_up(self) -> None:
        """It does not answer: ask where it is, and end it a moment later."""
        self.process.send_signal(WHERE_ARE_YOU)
        self.asked = self.stopping = True
        self.kill_at = time.monotonic() + TRACE_SECONDS

    def kill(self) -> None:
        """End it now."""
        self.stopping = True
        self.kill_at = _NEVER
        self.process.kill()

    def close(self) -> None:
        """Let go of it, once it has ended."""
        if self._board is not None:
            self._board.leave(self._place)
        self.channel.close()
        self._traces.close()

    def where(self) -> str:
        """Where its threads were when it was asked or crashed, to be added to a sentence."""
        size = os.fstat(self._traces.fileno()).st_size
        traces = os.pread(self._traces.fileno(), size, 0).decode(errors="replace").rstrip()
        return f"; it was here:\n{traces}" if traces else ""

    def end(self) -> str:
        """How it ended, in words."""
        code = self.process.returncode
        if code is None:
            return "is running"
        if code < 0:
            return f"was ended by {_signal_name(-code)}"
        return f"ended with status {code}"


def _signal_name(number: int) -> str:
    with contextlib.suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"
