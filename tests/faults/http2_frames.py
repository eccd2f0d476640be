"""Floods of HTTP/2 frames that cost a client nothing: CONTINUATION, DATA, SETTINGS, PING."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults.flooding import Flood, withstand
from tests.faults.harness import Server
from tests.faults.script import main
from tests.http2 import frames
from tests.http2.fields import ask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.report import Row
    from tests.faults.script import Say

GET = ask()
BEGUN = frames.headers(1, GET, complete=False)
OPEN = frames.headers(1, ask(b"POST", b"/length"), end=False)
FIELD = b"\x00\x01x\x01y"

FLOODS = [
    Flood("CONTINUATION", lambda n: frames.continuation(1, FIELD, complete=False), BEGUN),
    Flood("empty CONTINUATION", lambda n: frames.continuation(1, complete=False), BEGUN),
    Flood(
        "long CONTINUATION",
        lambda n: frames.continuation(1, FIELD * 3000, complete=False),
        BEGUN,
    ),
    Flood("empty DATA", lambda n: frames.data(1), OPEN),
    Flood("SETTINGS", lambda n: frames.settings((frames.HEADER_TABLE_SIZE, n))),
    Flood("PING", lambda n: frames.ping(n.to_bytes(8))),
    Flood("PRIORITY", lambda n: frames.priority(2 * n + 1, 2 * n)),
]


def run(say: Say) -> Iterator[Row]:
    """Each connection is ended soon, and costs no more than its client."""
    with Server("tests.faults.applications:hello") as server:
        yield from withstand(server, FLOODS, say, most=20_000, seconds=10)


if __name__ == "__main__":
    main(run)
