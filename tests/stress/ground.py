"""What the parts of a storm stand on: chance, the ledger, and the tasks that are under way."""

from __future__ import annotations

import asyncio
import itertools
import random
import traceback
from typing import TYPE_CHECKING, Any

from tests.stress.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

PATIENCE = 20.0  # seconds until a promise counts as broken

# How often something should be done beside the others.
Deeds = list[tuple[int, "Callable[[], Any]"]]


class Ground:
    """Random decisions on one loop; the seed makes them."""

    loop: asyncio.AbstractEventLoop

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.ledger = Ledger()
        self.numbers = itertools.count(1)
        self.tasks: set[asyncio.Task[Any]] = set()

    def deeds(self) -> Deeds:
        """What this part does, and how often."""
        return []

    async def calm_down(self) -> None:
        """Ends what this part has under way."""

    def meddle(self) -> None:
        """What a forked child does to what it has inherited from this part."""

    def start(self, work: Coroutine[Any, Any, Any]) -> None:
        """Runs ``work`` as a task that others may cancel."""
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            text = "".join(traceback.format_exception(task.exception()))
            self.ledger.wrong(f"a task failed: {text}")

    async def until(self, what: str, condition: Callable[[], bool]) -> None:
        """Waits for the end of something, which is a wrong if it does not come."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not condition():
                    await asyncio.sleep(0.005)
        except TimeoutError:
            self.ledger.wrong(f"{what}: still not at an end after {PATIENCE} s")
