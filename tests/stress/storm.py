"""A loop in bad weather: everything at once, at random, and everything accounted for."""

from __future__ import annotations

import asyncio
import gc
import itertools
from typing import TYPE_CHECKING, Any

import jebi.loop
from tests.stress.callbacks import Callbacks
from tests.stress.children import Children
from tests.stress.descriptors import Datagrams, Watching

if TYPE_CHECKING:
    from collections.abc import Callable


class Storm(Watching, Datagrams, Children, Callbacks):
    """Random operations on one loop; the seed decides which."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.done: dict[str, int] = {}

    async def rage(self, seconds: float) -> None:
        """Does what the seed says for so long, then closes everything and waits for it."""
        self.loop = asyncio.get_running_loop()
        # As often as they should be done.
        deeds = [deed for weight, deed in self.deeds() for _ in itertools.repeat(None, weight)]
        async with self.serving():
            self.begin_calling()
            end = self.loop.time() + seconds
            try:
                while self.loop.time() < end:
                    await self._do(self.random.choice(deeds))
            finally:
                await self.until("the tasks", lambda: not self.tasks)
                gc.collect()
                await self.calm_down()

    async def _do(self, deed: Callable[[], Any]) -> None:
        self.done[deed.__name__] = self.done.get(deed.__name__, 0) + 1
        outcome = deed()
        if outcome is not None:
            self.start(outcome)
        if self.random.random() < 0.3:
            await asyncio.sleep(self.random.choice((0, 0, 0, 0.0005)))
        if self.random.random() < 0.002:
            self.done["fork"] = self.done.get("fork", 0) + 1
            self.fork()


def weather(seed: int, seconds: float) -> Storm:
    """One storm on a loop of its own."""
    storm = Storm(seed)
    reported: list[Any] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: reported.append(context))
        await storm.rage(seconds)

    jebi.loop.run(main())
    for context in reported:
        storm.ledger.wrong(f"reported to the loop: {context}")
    storm.ledger.wrongs += storm.ledger.broken()
    return storm
