"""1,000 clients that are slow on purpose, of four kinds: head, body, reading, and idle."""

from __future__ import annotations

import select
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.faults.harness import GET, Server, answer, until
from tests.faults.report import at_most, exactly
from tests.faults.script import main

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from tests.faults.report import Row
    from tests.faults.script import Say

OF_EACH = 250
DRIP = 0.5
"""How many seconds a slow client lets pass between two bytes."""
PATIENCE = 40.0


@dataclass(frozen=True)
class Kind:
    """One way of being slow, and when the server is to have had enough, in seconds."""

    name: str
    begins: bytes
    drips: bytes = b""
    reads: bool = False
    bound: float = 0.0


KINDS = (
    Kind("slow heads", b"GET / HTTP/1.1\r\nHost: test\r\nX-Slow: ", drips=b"x", bound=12),
    Kind(
        "slow bodies",
        b"POST /length HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\n",
        drips=b"x",
        bound=23,
    ),
    Kind("slow readers", b"GET /endless HTTP/1.1\r\nHost: test\r\n\r\n", reads=True, bound=23),
    Kind("idle ones", GET, bound=7),
)


@dataclass
class Client:
    """One slow client."""

    kind: Kind
    socket: socket.socket
    began: float
    shed: float | None = None

    def drip(self) -> None:
        """Does as little as it can."""
        try:
            if self.kind.drips:
                self.socket.send(self.kind.drips)
            elif self.kind.reads:
                self.socket.recv(16)
        except OSError:
            pass  # nothing to read, or the end, which the poller tells of

    def ends(self) -> None:
        """The server let go of it."""
        if self.shed is None:
            self.shed = time.monotonic() - self.began


def run(say: Say) -> Iterator[Row]:
    """With the defaults, each kind is let go on time, and a second client notices nothing."""
    with Server("tests.faults.applications:hello") as server:
        server.ask()
        descriptors = server.figures.descriptors()
        before = server.figures.rss()
        with server.probe(every=0.02) as probe:
            clients = [_begin(server, kind) for _ in range(OF_EACH) for kind in KINDS]
            _drip(clients, say)
        growth = server.figures.peak_rss() - before
        for kind in KINDS:
            its = [client.shed for client in clients if client.kind is kind]
            shed = [seconds for seconds in its if seconds is not None]
            yield exactly(f"{kind.name} let go", len(shed), OF_EACH)
            yield at_most(f"{kind.name}: the last one", max(shed, default=0), kind.bound, "s")
        yield at_most("worst answer to a second client", probe.worst * 1000, 50, "ms")
        yield exactly("requests of the second client that failed", probe.failures, 0)
        each = growth / len(clients) / 1024
        yield at_most("memory of one", each, 300, "KiB")
        until(lambda: server.figures.descriptors() <= descriptors)
        yield at_most("descriptors left open", server.figures.descriptors() - descriptors, 0)


def _begin(server: Server, kind: Kind) -> Client:
    small = 4096 if kind.reads else None
    connection = server.connect(receive_buffer=small, segment=1400)
    connection.sendall(kind.begins)
    if not (kind.drips or kind.reads):
        answer(connection)
    connection.setblocking(False)
    return Client(kind, connection, time.monotonic())


def _drip(clients: list[Client], say: Say) -> None:
    """Goes on being slow until all are let go, or for long enough."""
    began = time.monotonic()
    poller = select.epoll()
    there = {client.socket.fileno(): client for client in clients}
    for client in clients:
        # Slow readers have something to read all the time: only their end is of interest, and
        # that is told unasked.
        poller.register(client.socket, 0 if client.kind.reads else select.EPOLLIN)
    next_drip = began
    while there and time.monotonic() - began < PATIENCE:
        for number, _ in poller.poll(max(0.0, next_drip - time.monotonic())):
            poller.unregister(number)
            there.pop(number).ends()
        if time.monotonic() >= next_drip:
            next_drip += DRIP
            for client in there.values():
                client.drip()
            say(f"{len(there):,} of {len(clients):,} still there")
    poller.close()
    for client in clients:
        client.socket.close()


if __name__ == "__main__":
    main(run)
