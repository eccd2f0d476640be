"""A worker that is stopped, and one whose loop is blocked: both are replaced."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

from tests.faults.harness import until
from tests.faults.report import at_least, at_most
from tests.faults.script import main
from tests.faults.supervised import Supervised

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.report import Row
    from tests.faults.script import Say

BLOCK = b"GET /block HTTP/1.1\r\nHost: test\r\n\r\n"


def run(say: Say) -> Iterator[Row]:
    """With the settings as they are if nobody says anything."""
    with Supervised(2) as server:
        say("a worker is stopped")
        victim = server.workers[0]
        os.kill(victim.pid, signal.SIGSTOP)
        began = time.monotonic()
        server.until_replaced(victim)
        yield at_most("until a stopped worker is replaced", time.monotonic() - began, 10, "s")

        say("a loop is blocked")
        with server.connect() as client:
            client.sendall(BLOCK)
            victim = server.figures_of(int(server.wait_for(r"^blocked (\d+)$")[1]))
            began = time.monotonic()
            server.until_replaced(victim)
            yield at_most("until a blocked one is", time.monotonic() - began, 10, "s")
        until(lambda: any(" in block" in line for line in server.lines))
        named = sum(" in block" in line for line in server.lines)
        yield at_least("lines of the log that name the function", named, 1)


if __name__ == "__main__":
    main(run)
