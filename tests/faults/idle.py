"""10,000 idle keep-alive connections, and what each of them costs."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tests.faults.harness import GET, MIB, answer, settled_rss
from tests.faults.report import at_least, at_most, exactly
from tests.faults.script import main
from tests.faults.staying import staying

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from tests.faults.harness import Server
    from tests.faults.report import Row
    from tests.faults.script import Say

CONNECTIONS = 10_000
KEEP_ALIVE = 45


def run(say: Say) -> Iterator[Row]:
    """Memory and CPU are looked at while all of them are there."""
    with staying(_come, CONNECTIONS, KEEP_ALIVE, say) as crowd:
        figures = crowd.server.figures
        each = crowd.memory_of_one()
        busy = figures.cpu_seconds()
        threading.Event().wait(2.0)  # what is measured is time itself
        busy = (figures.cpu_seconds() - busy) / 2.0
        with crowd.server.probe() as probe:
            again = sum(_ask(client) for client in crowd.some(1000))
        left_open = crowd.leave()
        yield at_least("connections", len(crowd.clients), CONNECTIONS)
        yield at_most("memory of one", each / 1024, 8, "KiB")
        yield at_least("of 1,000 that ask again, answered", again, 1000)
        yield at_most("worst answer to a second client", probe.worst * 1000, 50, "ms")
        yield at_most("CPU while nobody asks", busy * 100, 5, "%")
        yield exactly("descriptors left open", left_open, 0)
        left = settled_rss(figures) - crowd.before
        yield at_most("memory when they are gone", left / MIB, 10, "MiB")


def _come(server: Server) -> socket.socket:
    client = server.connect()
    assert _ask(client)
    return client


def _ask(client: socket.socket) -> bool:
    client.sendall(GET)
    return answer(client).endswith(b"hello")


if __name__ == "__main__":
    main(run)
