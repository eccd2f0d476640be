"""2,000 idle HTTP/2 connections, and what each of them costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults.report import at_least, at_most, exactly
from tests.faults.script import main
from tests.faults.staying import staying
from tests.http2.peer import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.harness import Server
    from tests.faults.report import Row
    from tests.faults.script import Say
    from tests.http2.peer import Peer

CONNECTIONS = 2_000
KEEP_ALIVE = 75


def run(say: Say) -> Iterator[Row]:
    """Memory is looked at while all of them are there."""
    with staying(_come, CONNECTIONS, KEEP_ALIVE, say) as crowd:
        each = crowd.memory_of_one()
        again = sum(peer.ask(3).body == b"hello" for peer in crowd.some(500))
        left_open = crowd.leave()
        yield at_least("connections", len(crowd.clients), CONNECTIONS)
        yield at_most("memory of one", each / 1024, 24, "KiB")
        yield at_least("of 500 that ask again, answered", again, 500)
        yield exactly("descriptors left open", left_open, 0)


def _come(server: Server) -> Peer:
    peer = connect(("127.0.0.1", server.port))
    peer.begin()
    assert peer.ask(1).body == b"hello"
    return peer


if __name__ == "__main__":
    main(run)
