"""Rapid reset: HTTP/2 requests that are cancelled as soon as they are sent, by either side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults.flooding import Flood, withstand
from tests.faults.harness import MIB, Server, settled_rss, until
from tests.faults.report import at_most, exactly
from tests.faults.script import main
from tests.http2 import frames
from tests.http2.fields import ask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.report import Row
    from tests.faults.script import Say

GET = ask()
WAIT = ask(b"POST", b"/length")
UPPER = ask(b"GET", b"/", (b"X-Upper", b"x"))
ENDLESS = ask(b"GET", b"/endless")


def cancelled(name: str, block: bytes) -> Flood:
    """Requests that the client takes back at once."""
    return Flood(
        name, lambda n: frames.headers(2 * n + 1, block) + frames.reset(2 * n + 1, frames.CANCEL)
    )


def provoked(name: str, block: bytes, wrong: bytes, *, end: bool) -> Flood:
    """Requests that the server has to reset, because of the frame that follows on their stream."""

    def pair(n: int) -> bytes:
        stream = 2 * n + 1
        return frames.headers(stream, block, end=end) + wrong[:5] + stream.to_bytes(4) + wrong[9:]

    return Flood(name, pair)


FLOODS = [
    cancelled("reset by the client", GET),
    cancelled("endless answers that are reset", ENDLESS),
    provoked("an increment of 0", WAIT, frames.window_update(1, 0), end=False),
    provoked("a window too large", WAIT, frames.window_update(1, frames.GREATEST), end=False),
    provoked("DATA after the end", GET, frames.data(1, b"x"), end=True),
    Flood("malformed requests", lambda n: frames.headers(2 * n + 1, UPPER)),
]


def run(say: Say) -> Iterator[Row]:
    """Each connection is ended soon, costs no more than its client, and leaves nothing behind."""
    with Server() as server:
        descriptors = server.figures.descriptors()
        yield from withstand(server, FLOODS, say, most=20_000, seconds=10)
        until(lambda: server.figures.descriptors() <= descriptors)
        yield exactly("descriptors left open", server.figures.descriptors() - descriptors, 0)
        before = settled_rss(server.figures)
        for _ in withstand(server, FLOODS, say, most=20_000, seconds=5):
            pass
        until(lambda: server.figures.descriptors() <= descriptors)
        growth = settled_rss(server.figures) - before
        yield at_most("what half as many again leave in memory", growth / MIB, 2, "MiB")


if __name__ == "__main__":
    main(run)
