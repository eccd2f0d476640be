"""20,000 connections that clients reset, at every stage of a request."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

from tests.faults.harness import GET, MIB, Server, settled_rss, until
from tests.faults.report import at_most, exactly
from tests.faults.script import main

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.report import Row
    from tests.faults.script import Say

RESETS = 20_000
STAGES = (
    b"",
    b"GET / HT",
    GET,
    GET * 20,
    b"POST /length HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\n" + b"x" * 5000,
    b"GET /endless HTTP/1.1\r\nHost: test\r\n\r\n",
    b"not HTTP\r\n\r\n",
)
AT_ONCE = struct.pack("ii", 1, 0)
"""With this for SO_LINGER, closing a socket resets its connection."""


def run(say: Say) -> Iterator[Row]:
    """Descriptors and memory are where they were when all are gone."""
    with Server("tests.faults.applications:hello") as server:
        for number in range(700):
            _reset(server, STAGES[number % len(STAGES)])
        until(lambda: server.figures.descriptors() <= 30)
        before, descriptors = settled_rss(server.figures), server.figures.descriptors()
        with server.probe() as probe:
            for number in range(RESETS):
                _reset(server, STAGES[number % len(STAGES)])
                if number % 500 == 0:
                    say(f"{number:,} of {RESETS:,} resets")
        until(lambda: server.figures.descriptors() <= descriptors)
        yield exactly("descriptors left open", server.figures.descriptors() - descriptors, 0)
        yield at_most("growth", (settled_rss(server.figures) - before) / MIB, 2, "MiB")
        # The server has its hands full all the time: dozens of connections with twenty requests
        # each are served in one turn of its loop.
        yield at_most("worst answer to a second client", probe.worst * 1000, 250, "ms")
        yield exactly("requests of the second client that failed", probe.failures, 0)


def _reset(server: Server, data: bytes) -> None:
    with server.connect(segment=1400) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        client.sendall(data)


if __name__ == "__main__":
    main(run)
