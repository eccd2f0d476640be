"""200 clients of a server that may open 96 descriptors."""

from __future__ import annotations

import selectors
import threading
import time
from typing import TYPE_CHECKING

from tests.faults.harness import GET, Server
from tests.faults.report import at_most, exactly
from tests.faults.script import main

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from tests.faults.report import Row
    from tests.faults.script import Say

CLIENTS = 200
DESCRIPTORS = 96
PATIENCE = 20.0
QUIET = 3.0


CASES = {
    "by default": (),
    "until none is left": ("--limit-connections", str(DESCRIPTORS - 1)),
}


def run(say: Say) -> Iterator[Row]:
    """All are served, nobody who was accepted is dropped, and waiting costs no processor."""
    for name, options in CASES.items():
        application = "tests.faults.applications:hello"
        with Server(application, *options, descriptors=DESCRIPTORS) as server:
            yield from _besiege(server, name, say)


def _besiege(server: Server, name: str, say: Say) -> Iterator[Row]:
    say(f"{name}: 200 clients connect and wait")
    clients = [server.connect() for _ in range(CLIENTS)]
    busy = server.figures.cpu_seconds()
    threading.Event().wait(QUIET)  # what is measured is time itself
    busy = (server.figures.cpu_seconds() - busy) / QUIET
    yield at_most(f"{name}: CPU while full", busy * 100, 5, "%")
    say(f"{name}: they ask, and leave when they are answered")
    answered, seconds = _ask(clients, stay=False)
    yield exactly(f"{name}: clients that leave, answered", answered, CLIENTS)
    yield at_most(f"{name}: the last of them", seconds, 3, "s")
    say(f"{name}: others ask, and stay")
    clients = [server.connect() for _ in range(CLIENTS)]
    answered, seconds = _ask(clients, stay=True)
    yield exactly(f"{name}: clients that stay, answered", answered, CLIENTS)
    yield at_most(f"{name}: the last of them", seconds, 7, "s")
    for client in clients:
        client.close()
    with server.probe() as probe:
        time.sleep(1.0)
    yield exactly(f"{name}: requests of a later client that failed", probe.failures, 0)
    complaints = sum("wait to be accepted" in line for line in server.lines)
    yield at_most(f"{name}: lines in the log about it", complaints, 3)


def _ask(clients: list[socket.socket], *, stay: bool) -> tuple[int, float]:
    """All ask at once: how many are answered, and how long the last of them waits."""
    began = time.monotonic()
    answered = 0
    last = 0.0
    with selectors.DefaultSelector() as selector:
        for client in clients:
            client.sendall(GET)
            selector.register(client, selectors.EVENT_READ, (client, b""))
        while selector.get_map() and time.monotonic() - began < PATIENCE:
            for key, _ in selector.select(1.0):
                client, before = key.data
                received = before + _receive(client)
                if received.endswith(b"hello"):
                    answered += 1
                    last = time.monotonic() - began
                if received == before or received.endswith(b"hello"):
                    selector.unregister(client)
                    if not stay:
                        client.close()
                else:
                    selector.modify(client, selectors.EVENT_READ, (client, received))
    return answered, last


def _receive(client: socket.socket) -> bytes:
    try:
        return client.recv(65536)
    except OSError:
        return b""


if __name__ == "__main__":
    main(run)
