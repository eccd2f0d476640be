"""Five rolling restarts and the end, under load: nothing is lost."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from tests.faults.harness import PATIENCE
from tests.faults.report import at_least, exactly
from tests.faults.script import main
from tests.faults.supervised import Load, Supervised

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.report import Row
    from tests.faults.script import Say

RESTARTS = 5


def run(say: Say) -> Iterator[Row]:
    """No request is asked a second time: what a connection's end takes with it is lost."""
    seen: set[int] = set()
    with Supervised(2) as server, Load(server) as load:
        for restart in range(RESTARTS):
            say(f"{restart} of {RESTARTS} restarts")
            old = {figures.pid for figures in server.workers}
            seen |= old
            server.signal(signal.SIGHUP)
            server.until_serving(old)
            server.until_gone(old)
        seen |= {figures.pid for figures in server.workers}
        say("the end")
        load.may_be_refused()
        server.signal(signal.SIGTERM)
        status = server.process.wait(PATIENCE)
    yield exactly("requests lost", load.lost.total(), 0)
    yield exactly("connections refused before the end", load.refused, 0)
    yield exactly("workers that have served", len(seen), 2 * (RESTARTS + 1))
    yield exactly("exit status", status, 0)
    yield at_least("requests answered meanwhile", load.answered, 1000)
    for kind, count in load.lost.items():
        yield exactly(f"  lost on {kind}", count, 0)


if __name__ == "__main__":
    main(run)
