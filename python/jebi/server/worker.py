"""A worker process: ``python -m jebi.server.worker FD``, started by a supervisor only.

It is a fresh interpreter and not a fork: a fork would copy the locks of threads that are gone (the
file watcher's, a library's), and a reload needs the application imported anew in any case. The
listening sockets are inherited, so they stay open while workers come and go. FD is one end of a
socket pair: the settings come in through it, "ready" goes out, and its end of file means that the
supervisor is dead, whatever killed it.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any

READY = b"R"
UNFIT = b"U"  # what was asked for cannot be served: trying again is pointless

_LENGTH = 8


@dataclass
class Order:
    """What a worker is told to do."""

    settings: dict[str, Any]
    descriptors: list[int]
    path: list[str]
    drop_in: bool
    grace: float
    supervisor: int = field(default_factory=os.getpid)

    def send(self, channel: socket.socket) -> None:
        """Write the order, its length first."""
        body = pickle.dumps(self.__dict__)
        channel.sendall(len(body).to_bytes(_LENGTH, "big") + body)


def receive(channel: socket.socket) -> Order:
    """Read the order."""
    with channel.makefile("rb") as stream:
        length = int.from_bytes(stream.read(_LENGTH), "big")
        return Order(**pickle.loads(stream.read(length)))


def _leave_with_supervisor(channel: socket.socket, grace: float) -> None:
    """Stop in good order when the supervisor is gone, and in any case soon after."""
    try:
        while channel.recv(64):
            pass
    except OSError:
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace + 5.0)
    os._exit(1)


def main() -> None:
    """Serve until told to stop."""
    # Ctrl-C reaches every process of the terminal; the supervisor decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = socket.socket(fileno=int(sys.argv[1]))
    channel.set_inheritable(False)
    order = receive(channel)
    sys.path[:] = order.path
    threading.Thread(
        target=_leave_with_supervisor,
        args=(channel, order.grace),
        name="jebi supervisor watch",
        daemon=True,
    ).start()
    listeners = [socket.socket(fileno=descriptor) for descriptor in order.descriptors]
    for listener in listeners:
        listener.set_inheritable(False)
    if order.drop_in:
        from jebi import drop_in

        drop_in.install()
    sys.exit(_serve(order, channel, listeners))


def _say(channel: socket.socket, word: bytes) -> None:
    with contextlib.suppress(BrokenPipeError):  # a supervisor that is gone needs no news
        channel.sendall(word)


def _serve(order: Order, channel: socket.socket, listeners: list[socket.socket]) -> int:
    from jebi.server.config import Config
    from jebi.server.errors import CANNOT_START, CannotStart, ImportString
    from jebi.server.server import Server

    try:
        config = Config(**order.settings)
        config.load()
        server = Server(config)
        server.on_started = lambda: _say(channel, READY)
        server.run(listeners)
    except CannotStart as error:
        error.report()
        if isinstance(error, ImportString):
            _say(channel, UNFIT)
        return CANNOT_START
    return 0


if __name__ == "__main__":
    main()
