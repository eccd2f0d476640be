"""A worker process as its supervisor sees it."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from jebi import drop_in
from jebi.server.worker import READY, UNFIT, Order

if TYPE_CHECKING:
    from jebi.server.config import Config


def _interpreter_options() -> list[str]:
    """The options that this interpreter was started with, as far as they change what code does."""
    options = ["-" + "O" * sys.flags.optimize] if sys.flags.optimize else []
    options += [f"-W{option}" for option in sys.warnoptions]
    for name, value in sys._xoptions.items():
        options += ["-X", name if value is True else f"{name}={value}"]
    return options


class Process:
    """One worker: started at once, ready when it says so, stopping once it was told to."""

    def __init__(self, config: Config, sockets: list[socket.socket]) -> None:
        self.channel, theirs = socket.socketpair()
        descriptors = [listener.fileno() for listener in sockets]
        command = [sys.executable, *_interpreter_options(), "-m", "jebi.server.worker"]
        with theirs:
            self.process = subprocess.Popen(
                [*command, str(theirs.fileno())], pass_fds=(*descriptors, theirs.fileno())
            )
        order = Order(
            settings=config.given,
            descriptors=descriptors,
            path=sys.path,
            drop_in=drop_in.is_installed(),
            grace=config.graceful_seconds,
        )
        with contextlib.suppress(BrokenPipeError):  # dead already; the supervisor will see that
            order.send(self.channel)
        self.channel.setblocking(False)
        self.ready = False
        self.unfit = False
        self.stopping = False
        self.started_at = time.monotonic()
        self.kill_at = float("inf")

    @property
    def pid(self) -> int:
        """The process's number."""
        return self.process.pid

    def hear(self) -> bool:
        """Read what the worker says; false when it has hung up, which is when it has ended."""
        try:
            said = self.channel.recv(64)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self.ready = self.ready or READY in said
        self.unfit = self.unfit or UNFIT in said
        return said != b""

    def stop(self, seconds: float) -> None:
        """Ask it to finish what is in flight and leave, within so many seconds."""
        if not self.stopping:
            self.stopping = True
            self.kill_at = time.monotonic() + seconds
            self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it now."""
        self.stopping = True
        self.process.kill()

    def reap(self) -> int:
        """Its exit status, once it has hung up; negative is the signal that ended it."""
        self.channel.close()
        try:
            return self.process.wait(5.0)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def end(self) -> str:
        """How it ended, in words."""
        code = self.process.returncode
        if code is None:
            return "is running"
        if code < 0:
            return f"was ended by {signal.Signals(-code).name}"
        return f"ended with status {code}"
