"""Workers that leak and are replaced under load: nobody notices."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.faults.harness import GET, MIB, Server, answer
from tests.faults.report import at_least, at_most, exactly
from tests.faults.script import main

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.report import Row
    from tests.faults.script import Say

SECONDS = 20.0
WORKERS = 2
LIMIT = 200
"""The most memory of a worker, in MiB."""
SLACK = 128
"""What may come on top until its replacement serves, in MiB."""
PAUSE = 0.01


def run(say: Say) -> Iterator[Row]:
    """A new connection for each request, one after the other; each leaves 1 MiB behind."""
    options = ("--workers", str(WORKERS), "--limit-max-rss", str(LIMIT))
    with Server("tests.faults.applications:leaking", *options) as server:
        until = time.monotonic() + SECONDS
        served: dict[bytes, int] = {}
        failed = peak = 0
        worst = 0.0
        fewest = WORKERS
        while time.monotonic() < until:
            began = time.monotonic()
            try:
                with server.connect() as client:
                    client.sendall(GET)
                    body = answer(client).partition(b"\r\n\r\n")[2]
            except OSError:
                body = b""
            worst = max(worst, time.monotonic() - began)
            failed += not body
            served[body] = served.get(body, 0) + 1
            workers = server.workers
            fewest = min(fewest, len(workers))
            peak = max([peak, *(worker.rss() for worker in workers if worker.is_alive())])
            say(f"{sum(served.values()):,} answers of {len(served)} processes")
            time.sleep(PAUSE)
        yield at_least("answers", sum(served.values()), 500)
        yield exactly("requests that failed", failed, 0)
        yield at_least("workers replaced", len(served) - WORKERS, 2)
        yield at_least("workers at any time", fewest, WORKERS)
        yield at_most("memory of a worker", peak / MIB, LIMIT + SLACK, "MiB")
        yield at_most("worst answer", worst * 1000, 500, "ms")


if __name__ == "__main__":
    main(run)
