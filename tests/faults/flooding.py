"""What the scripts about floods of HTTP/2 frames share: a client that pours until it is stopped."""

from __future__ import annotations

import select
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.faults.harness import MIB
from tests.faults.report import at_least, at_most, exactly
from tests.http2 import frames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.harness import Server
    from tests.faults.report import Row
    from tests.faults.script import Say

AT_ONCE = 200


@dataclass(frozen=True)
class Flood:
    """Frames without end: ``frames(n)`` for n = 0, 1, ... after ``first``."""

    name: str
    frames: Callable[[int], bytes]
    first: bytes = b""


@dataclass
class Poured:
    """How far one connection got."""

    rounds: int
    """How many times the flood's frames were sent."""
    was_ended: bool
    """Whether the server closed the connection."""


def pour(server: Server, flood: Flood, most: int) -> Poured:
    """Floods one connection; reads what comes, and does not look at it."""
    with server.connect() as client:
        client.sendall(frames.PREFACE + frames.settings() + flood.first)
        for begin in range(0, most, AT_ONCE):
            batch = b"".join(flood.frames(n) for n in range(begin, begin + AT_ONCE))
            try:
                client.sendall(batch)
                while select.select([client], [], [], 0)[0]:
                    if not client.recv(1 << 16):
                        return Poured(begin, was_ended=True)
            except (BrokenPipeError, ConnectionResetError):
                return Poured(begin, was_ended=True)
        return Poured(most, was_ended=False)


def withstand(
    server: Server, floods: list[Flood], say: Say, *, most: int, seconds: float
) -> Iterator[Row]:
    """Floods one connection after the other, with each in turn, beside a second client.

    ``most`` bounds the rounds of one connection; who was ended comes back at once.
    """
    for flood in floods:  # what is allocated once is not growth
        pour(server, flood, most)
    for _ in range(100):
        server.ask()
    before = server.figures.rss()
    server.figures.forget_peak()
    began, spent = time.monotonic(), server.figures.cpu_seconds()
    farthest, connections, not_ended = 0, 0, 0
    with server.probe() as probe:
        while time.monotonic() - began < seconds:
            flood = floods[connections % len(floods)]
            poured = pour(server, flood, most)
            connections += 1
            farthest = max(farthest, poured.rounds)
            not_ended += not poured.was_ended
            say(f"{flood.name}: {connections} connections")
    spent = server.figures.cpu_seconds() - spent
    growth = server.figures.peak_rss() - before
    yield exactly("floods that were not ended", not_ended, 0)
    yield at_most("rounds before the end, at most", farthest, most // 2)
    yield at_most("CPU of the server a connection", spent / connections * 1000, 100, "ms")
    yield at_most("growth of the server", growth / MIB, 8, "MiB")
    yield at_most("worst answer to a second client", probe.worst * 1000, 50, "ms")
    yield at_least("answers to the second client", probe.answers, 200)
    yield exactly("requests of the second client that failed", probe.failures, 0)
