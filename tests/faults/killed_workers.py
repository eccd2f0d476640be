"""Ten workers are killed under load: nothing is lost but what they had, and nobody is refused."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from tests.faults.harness import until
from tests.faults.report import at_least, at_most, exactly
from tests.faults.script import main
from tests.faults.supervised import Load, Supervised, peers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.harness import Figures
    from tests.faults.report import Row
    from tests.faults.script import Say

KILLS = 10


def run(say: Say) -> Iterator[Row]:
    """Each is stopped first, and its clients are held, so that what it has can be counted."""
    in_flight = 0
    with Supervised(2) as server:
        with Load(server) as load:
            for kill in range(KILLS):
                say(f"{kill} of {KILLS} workers killed")
                victim, _ = server.until_serving(set())
                in_flight += _count_and_kill(victim, load)
                server.until_serving({victim.pid})
        ended = sum("was ended by SIGKILL" in line for line in server.lines)
    yield exactly("workers killed", ended, KILLS)
    yield exactly("connections refused", load.refused, 0)
    yield at_least("requests that the victims had in flight", in_flight, KILLS)
    yield at_most("requests lost", load.lost.total(), in_flight)
    yield at_least("requests answered meanwhile", load.answered, 1000)


def _count_and_kill(victim: Figures, load: Load) -> int:
    """How many requests it had: asked on its connections, and not answered."""
    os.kill(victim.pid, signal.SIGSTOP)
    until(lambda: victim.state() == "T")
    count = len(load.hold() & peers(victim))
    os.kill(victim.pid, signal.SIGKILL)
    until(lambda: not victim.is_alive())
    load.go_on()
    return count


if __name__ == "__main__":
    main(run)
