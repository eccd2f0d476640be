"""A worker process: ``python -m jebi._worker FD``, started by a supervisor only.

It is a fresh interpreter and not a fork: a fork would copy the locks of threads that are gone (the
file watcher's, a library's), and a reload needs the application imported anew in any case. The
listening sockets are inherited, so they stay open while workers come and go. FD is this side's end
of a :class:`~jebi.server.channel.Channel`; when the other end closes, the supervisor is dead,
whatever killed it, and so is this process soon.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import socket
import sys
from dataclasses import dataclass
from typing import Any

from jebi.server.channel import Channel, Word

# Makes a worker write down where its threads are. No application is known to use it.
WHERE_ARE_YOU = getattr(signal, "SIGRTMAX", signal.SIGUSR2) - 3

# What is in flight when the supervisor is killed has this long to finish.
ORPHAN_SECONDS = 1.5


@dataclass
class Order:
    """What a worker is told to do."""

    settings: dict[str, Any]
    """The keywords of its ``Config``."""
    descriptors: list[int]
    """The listening sockets."""
    path: list[str]
    """The supervisor's ``sys.path``."""
    drop_in: bool
    """Whether imports of the originals resolve to Jebi."""
    beat: float
    """How often its loop shows that it is alive, in seconds."""
    page: int | None
    """The memory for what it counts, if that is wanted."""
    board: tuple[int, int] | None
    """The file in which workers note how many connections they have, and this one's place."""
    traces: int
    """The file for what its threads were doing, when somebody asks or it crashes."""


def main() -> None:
    """Serve until told to stop."""
    # Ctrl-C reaches every process of the terminal; the supervisor decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = Channel(socket.socket(fileno=int(sys.argv[1])))
    channel.socket.set_inheritable(False)
    try:
        order = Order(**channel.receive_order())
    except EOFError:
        sys.exit(1)
    sys.path[:] = order.path
    _leave_with_supervisor(channel)
    faulthandler.register(WHERE_ARE_YOU, file=order.traces)
    if not faulthandler.is_enabled():
        faulthandler.enable(file=order.traces)
    listeners = [socket.socket(fileno=descriptor) for descriptor in order.descriptors]
    for listener in listeners:
        listener.set_inheritable(False)
    if order.drop_in:
        from jebi import drop_in

        drop_in.install()
    sys.exit(_serve(order, channel, listeners))


def _leave_with_supervisor(channel: Channel) -> None:
    from jebi import _engine

    # The thread behind this takes over the mask, and signals are the main thread's to handle.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        _engine.leave_with(channel.fileno(), ORPHAN_SECONDS)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(order: Order, channel: Channel, listeners: list[socket.socket]) -> int:
    from jebi.server.beat import Beat
    from jebi.server.config import Config
    from jebi.server.doubts import of_loaded
    from jebi.server.errors import CANNOT_START, CannotStart, ImportString
    from jebi.server.metrics.page import Page
    from jebi.server.server import Server

    def begin() -> None:
        channel.say(Word.READY)
        if doubts := of_loaded(config):
            channel.say(Word.DOUBTS, "\n".join(doubts).encode())

    try:
        config = Config(**order.settings)
        config.load()
        server = Server(config)
        if order.page is not None:
            os.set_inheritable(order.page, False)
            server.page = Page(order.page)
        if order.board is not None:
            file, place = order.board
            server.board = (os.fdopen(file, "r+b", buffering=0), place)
        server.beat = Beat(order.beat, lambda: channel.say(Word.BEAT))
        server.on_started = begin
        server.on_spent = lambda reason: channel.say(Word.REPLACE, reason.encode())
        server.run(listeners)
    except CannotStart as error:
        error.report()
        if isinstance(error, ImportString):
            channel.say(Word.UNFIT)
        return CANNOT_START
    return 0
