"""Two workers against one: what a second core adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults.harness import Server, until
from tests.faults.report import at_least, at_most
from tests.faults.script import main
from tests.faults.supervised import APPLICATION, Load, Supervised

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.harness import Figures
    from tests.faults.report import Row
    from tests.faults.script import Say

CPU_SECONDS = 2.0
"""How much work the busiest worker does."""


def run(say: Say) -> Iterator[Row]:
    """In processor time, because the clients and the rest of the machine need some too.

    The busier worker sets the pace: of two that divide the work evenly and have no more of it than
    one alone, it needs half the time for as many requests.
    """
    say("one worker")
    with Server(APPLICATION) as server:
        one, _ = _time_a_request(server, [server.figures])
    say("two workers")
    with Supervised(2) as server:
        two, share = _time_a_request(server, server.workers)
    yield at_least("speed of two workers to that of one", one / two, 1.8, "times")
    yield at_most("share of the busier one", share * 100, 55.5, "%")


def _time_a_request(server: Server, workers: list[Figures]) -> tuple[float, float]:
    """The busiest worker's time for each request that any has answered, and its share of them."""
    with Load(server, keeping=32, fresh=0, path="/work") as load:
        before = [figures.cpu_seconds() for figures in workers]
        used = before

        def is_enough() -> bool:
            nonlocal used
            now = [figures.cpu_seconds() for figures in workers]
            used = [after - start for after, start in zip(now, before, strict=True)]
            return max(used) >= CPU_SECONDS

        until(is_enough, every=0.1)
    return max(used) / load.answered, max(load.by.values()) / load.answered


if __name__ == "__main__":
    main(run)
