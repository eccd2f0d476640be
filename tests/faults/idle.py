"""10,000 idle keep-alive connections, and what each of them costs."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tests.faults.harness import GET, MIB, Server, allow_descriptors, answer, settled_rss, until
from tests.faults.report import at_least, at_most, exactly
from tests.faults.script import main

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from tests.faults.report import Row
    from tests.faults.script import Say

CONNECTIONS = 10_000
KEEP_ALIVE = 45


def run(say: Say) -> Iterator[Row]:
    """Each asks once and stays. Memory is looked at while all of them are there."""
    wanted = min(CONNECTIONS, allow_descriptors() - 200)
    with Server(
        "tests.faults.applications:hello", "--timeout-keep-alive", str(KEEP_ALIVE)
    ) as server:
        for _ in range(200):
            server.ask()
        before, descriptors = settled_rss(server.figures), server.figures.descriptors()
        clients: list[socket.socket] = []
        answered = 0
        for number in range(wanted):
            clients.append(server.connect())
            clients[-1].sendall(GET)
            answered += answer(clients[-1]).endswith(b"hello")
            if number % 100 == 0:
                say(f"{number:,} of {wanted:,} connections")
        say("looking at the server's memory")
        each = (settled_rss(server.figures) - before) / wanted
        busy = server.figures.cpu_seconds()
        threading.Event().wait(2.0)  # what is measured is time itself
        busy = (server.figures.cpu_seconds() - busy) / 2.0
        with server.probe() as probe:
            again = sum(_ask(client) for client in clients[:: max(1, wanted // 1000)])
        for client in clients:
            client.close()
        until(lambda: server.figures.descriptors() <= descriptors)
        yield at_least("connections", answered, CONNECTIONS)
        yield at_most("memory of one", each / 1024, 8, "KiB")
        yield at_least("of 1,000 that ask again, answered", again, 1000)
        yield at_most("worst answer to a second client", probe.worst * 1000, 50, "ms")
        yield at_most("CPU while nobody asks", busy * 100, 5, "%")
        yield exactly("descriptors left open", server.figures.descriptors() - descriptors, 0)
        left = settled_rss(server.figures) - before
        yield at_most("memory when they are gone", left / MIB, CONNECTIONS * 4 / 1024, "MiB")


def _ask(client: socket.socket) -> bool:
    client.sendall(GET)
    return answer(client).endswith(b"hello")


if __name__ == "__main__":
    main(run)
