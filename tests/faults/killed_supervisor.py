"""The supervisor is killed: nothing is left of the server soon after."""

from __future__ import annotations

import os
import signal
import socket
import time
from typing import TYPE_CHECKING

from tests.faults.harness import until
from tests.faults.report import at_most, exactly
from tests.faults.script import main
from tests.faults.supervised import Supervised

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.report import Row
    from tests.faults.script import Say

BLOCK = b"GET /block HTTP/1.1\r\nHost: test\r\n\r\n"


def run(say: Say) -> Iterator[Row]:
    """One worker is stopped, one has a blocked loop, two do nothing."""
    with Supervised(4, "--timeout-worker-healthcheck", "60") as server, server.connect() as client:
        client.sendall(BLOCK)
        blocked = int(server.wait_for(r"^blocked (\d+)$")[1])
        workers = server.workers
        stopped = next(figures for figures in workers if figures.pid != blocked)
        os.kill(stopped.pid, signal.SIGSTOP)
        until(lambda: stopped.state() == "T")
        say("the supervisor is killed")
        server.signal(signal.SIGKILL)
        began = time.monotonic()
        until(lambda: not any(figures.is_alive() for figures in workers))
        yield at_most("until no worker is left", time.monotonic() - began, 2, "s")
        free = 0
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", server.port))
            other.listen()
            free = 1
        yield exactly("ports that are free again", free, 1)


if __name__ == "__main__":
    main(run)
