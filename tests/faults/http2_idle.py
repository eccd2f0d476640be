"""2,000 idle HTTP/2 connections, and what each of them costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults.harness import Server, allow_descriptors, settled_rss, until
from tests.faults.report import at_least, at_most, exactly
from tests.faults.script import main
from tests.http2.peer import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.report import Row
    from tests.faults.script import Say
    from tests.http2.peer import Peer

CONNECTIONS = 2_000
KEEP_ALIVE = 75


def run(say: Say) -> Iterator[Row]:
    """Each asks once and stays. Memory is looked at while all of them are there."""
    wanted = min(CONNECTIONS, allow_descriptors() - 200)
    with Server(
        "tests.faults.applications:hello", "--timeout-keep-alive", str(KEEP_ALIVE)
    ) as server:
        for _ in range(200):
            _ask(server).socket.close()
        until(lambda: server.figures.descriptors() <= 30)
        before, descriptors = settled_rss(server.figures), server.figures.descriptors()
        peers: list[Peer] = []
        for number in range(wanted):
            peers.append(_ask(server))
            if number % 100 == 0:
                say(f"{number:,} of {wanted:,} connections")
        say("looking at the server's memory")
        each = (settled_rss(server.figures) - before) / wanted
        again = sum(peer.ask(3).body == b"hello" for peer in peers[:: max(1, wanted // 500)])
        for peer in peers:
            peer.socket.close()
        until(lambda: server.figures.descriptors() <= descriptors)
        yield at_least("connections", len(peers), CONNECTIONS)
        yield at_most("memory of one", each / 1024, 24, "KiB")
        yield at_least("of 500 that ask again, answered", again, 500)
        yield exactly("descriptors left open", server.figures.descriptors() - descriptors, 0)


def _ask(server: Server) -> Peer:
    peer = connect(("127.0.0.1", server.port))
    peer.begin()
    assert peer.ask(1).body == b"hello"
    return peer


if __name__ == "__main__":
    main(run)
