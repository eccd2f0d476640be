"""HTTP/2 clients that ask for much and read nothing: answers to PING, to SETTINGS, to requests."""

from __future__ import annotations

import select
import time
from typing import TYPE_CHECKING

from tests.faults.harness import MIB, Server
from tests.faults.report import at_least, at_most, exactly
from tests.faults.script import main
from tests.http2 import frames
from tests.http2.fields import ask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.report import Row
    from tests.faults.script import Say

SECONDS = 4.0
"""For how long each client tries to get rid of its frames."""
STREAMS = 100
WIDE = frames.settings((frames.INITIAL_WINDOW_SIZE, frames.GREATEST)) + frames.window_update(
    0, frames.GREATEST - frames.DEFAULT_WINDOW
)
CLOSED = frames.settings((frames.INITIAL_WINDOW_SIZE, 0))
ENDLESS = b"".join(frames.headers(n, ask(b"GET", b"/endless")) for n in range(1, 2 * STREAMS, 2))

# A stream may hold the piece of 64 KiB that the application sent before it was told to wait.
CASES = (
    ("PING", b"", frames.ping() * 1000, 4),
    ("SETTINGS", b"", frames.settings() * 1000, 4),
    (f"{STREAMS} endless answers", WIDE + ENDLESS, b"", 10),
    (f"{STREAMS} endless answers, no windows", CLOSED + ENDLESS, b"", 10),
)


def press(server: Server, first: bytes, data: bytes) -> None:
    """Sends the same again and again, as far as it is taken; who is sent away comes back."""
    began = time.monotonic()
    while time.monotonic() - began < SECONDS:
        with server.connect(receive_buffer=65_536) as client:
            client.sendall(frames.PREFACE + frames.settings() + first)
            while time.monotonic() - began < SECONDS:
                try:
                    if data and select.select([], [client], [], 0.1)[1]:
                        client.send(data)
                    elif not data:
                        select.select([], [], [], 0.1)
                except (BrokenPipeError, ConnectionResetError):
                    break


def run(say: Say) -> Iterator[Row]:
    """The server stops reading, or ends the connection; others notice nothing."""
    for name, first, data, bound in CASES:
        with Server() as server:
            for _ in range(200):
                server.ask()
            say(name)
            before = server.figures.rss()
            server.figures.forget_peak()
            with server.probe() as probe:
                press(server, first, data)
            growth = server.figures.peak_rss() - before
            yield at_most(f"{name}, unread: growth of the server", growth / MIB, bound, "MiB")
            yield at_most("worst answer to a second client", probe.worst * 1000, 50, "ms")
            yield at_least("answers to the second client", probe.answers, 100)
            yield exactly("requests of the second client that failed", probe.failures, 0)


if __name__ == "__main__":
    main(run)
