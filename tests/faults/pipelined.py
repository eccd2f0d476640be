"""300,000 pipelined requests of a client that never reads an answer."""

from __future__ import annotations

import select
import time
from typing import TYPE_CHECKING

from tests.faults.harness import GET, MIB, Server
from tests.faults.report import at_least, at_most, exactly
from tests.faults.script import main

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.report import Row
    from tests.faults.script import Say

REQUESTS = 300_000
SECONDS = 8.0
"""For how long the client tries to get rid of them."""


def run(say: Say) -> Iterator[Row]:
    """The server stops reading what nobody collects the answers of; others notice nothing."""
    with Server("tests.faults.applications:hello") as server, server.connect() as client:
        for _ in range(200):
            server.ask()
        before = server.figures.rss()
        server.figures.forget_peak()
        data = memoryview(GET * REQUESTS)
        sent = 0
        client.setblocking(False)
        with server.probe() as probe:
            began = time.monotonic()
            while sent < len(data) and time.monotonic() - began < SECONDS:
                if select.select([], [client], [], 0.5)[1]:
                    sent += client.send(data[sent : sent + MIB])
                say(f"{sent // len(GET):,} of {REQUESTS:,} requests sent")
        growth = server.figures.peak_rss() - before
        yield at_most("growth of the server", growth / MIB, 4, "MiB")
        yield at_most("worst answer to a second client", probe.worst * 1000, 50, "ms")
        yield at_least("answers to the second client", probe.answers, 200)
        yield exactly("requests of the second client that failed", probe.failures, 0)


if __name__ == "__main__":
    main(run)
