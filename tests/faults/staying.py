"""Clients that come, ask once and stay, and what each of them costs the server."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tests.faults.harness import Server, allow_descriptors, settled_rss, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.script import Say

Client = TypeVar("Client", bound=contextlib.AbstractContextManager[Any])


@dataclass(frozen=True)
class Staying(Generic[Client]):
    """A server and whoever stays with it."""

    server: Server
    clients: list[Client]
    before: int
    """The server's resident memory before they came, in bytes."""
    descriptors_before: int
    _left: contextlib.ExitStack

    def memory_of_one(self) -> float:
        """What the server keeps for each of them, in bytes."""
        return (settled_rss(self.server.figures) - self.before) / len(self.clients)

    def some(self, count: int) -> list[Client]:
        """At least ``count`` of them, evenly chosen; all of them where there are fewer."""
        return self.clients[:: max(1, len(self.clients) // count)]

    def leave(self) -> int:
        """They all go. Returns how many descriptors more than before they came stay open."""
        self._left.close()
        until(lambda: self.server.figures.descriptors() <= self.descriptors_before)
        return self.server.figures.descriptors() - self.descriptors_before


@contextlib.contextmanager
def staying(
    come: Callable[[Server], Client], count: int, keep_alive: int, say: Say
) -> Iterator[Staying[Client]]:
    """``count`` clients, or as many as the limit of descriptors allows, with a server of their own.

    ``come`` connects and asks; ``keep_alive`` is how many seconds the server lets them stay.
    """
    wanted = min(count, allow_descriptors() - 200)
    options = ("--timeout-keep-alive", str(keep_alive))
    with Server("tests.faults.applications:hello", *options) as server:
        alone = server.figures.descriptors()
        for _ in range(200):
            with come(server):
                pass
        until(lambda: server.figures.descriptors() <= alone)
        before = settled_rss(server.figures)
        with contextlib.ExitStack() as left:
            clients = []
            for number in range(wanted):
                clients.append(left.enter_context(come(server)))
                if number % 100 == 0:
                    say(f"{number:,} of {wanted:,} connections")
            say("looking at the server's memory")
            yield Staying(server, clients, before, alone, left)
