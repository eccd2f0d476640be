"""A loop and its pool, and short words for what the tests do with them."""

from __future__ import annotations

import asyncio
import contextvars
from typing import TYPE_CHECKING, Any

import jebi.loop
from jebi._engine import Pace, Pool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

WARM_UP = 40
"""Quick runs after which a function certainly counts as quick, on a busy machine as well."""


class Bench:
    """One loop with one pool."""

    def __init__(self) -> None:
        self.loop = jebi.loop.new_event_loop()
        self.pool = Pool(self.loop, 40)

    def run(self, scenario: Callable[[], Awaitable[Any]]) -> Any:
        async def main() -> Any:
            return await scenario()

        return self.loop.run_until_complete(main())

    def submit(
        self, call: Callable[[], Any], *, pace: Pace | None = None, is_exit: bool = False
    ) -> asyncio.Future[Any]:
        return self.pool.submit(call, contextvars.copy_context(), pace=pace, is_exit=is_exit)

    async def quick_pace(self) -> Pace:
        """The pace of a function that always was quick."""
        pace = Pace()
        while not pace.is_quick:
            await asyncio.gather(*[self.submit(int, pace=pace) for _ in range(WARM_UP)])
        return pace
