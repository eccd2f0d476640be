"""Random programs run in the same order as on asyncio's loop."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import pytest

import jebi.loop

if TYPE_CHECKING:
    from collections.abc import Callable

Trace = list[str]


class Program:
    """Callbacks, futures and tasks that schedule one another, decided by one seed."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seed: int) -> None:
        self.loop = loop
        self.chance = random.Random(seed)
        self.trace: Trace = []
        self.left = 60
        self.handles: list[asyncio.Handle] = []
        self.futures: list[asyncio.Future[None]] = []

    def act(self, name: str) -> None:
        """One callback: notes itself and does up to three things."""
        self.trace.append(name)
        for _ in range(self.chance.randrange(4)):
            if self.left == 0:
                return
            self.left -= 1
            self.chance.choice(self.ACTIONS)(self, f"{name}.{self.left}")

    def soon(self, name: str) -> None:
        self.handles.append(self.loop.call_soon(self.act, name))

    def safely(self, name: str) -> None:
        self.handles.append(self.loop.call_soon_threadsafe(self.act, name))

    def later(self, name: str) -> None:
        self.handles.append(self.loop.call_later(0, self.act, name))

    def cancel(self, _: str) -> None:
        if self.handles:
            self.chance.choice(self.handles).cancel()

    def promise(self, name: str) -> None:
        future = self.loop.create_future()
        future.add_done_callback(lambda _: self.act(name))
        self.futures.append(future)

    def keep(self, _: str) -> None:
        waiting = [future for future in self.futures if not future.done()]
        if waiting:
            self.chance.choice(waiting).set_result(None)

    def begin(self, name: str) -> None:
        self.loop.create_task(self.steps(name))

    async def steps(self, name: str) -> None:
        for number in range(self.chance.randrange(1, 4)):
            self.act(f"{name}/{number}")
            await asyncio.sleep(0)

    def fail(self, name: str) -> None:
        self.loop.call_soon(self.raise_error, name)

    def raise_error(self, name: str) -> None:
        self.trace.append(f"raise {name}")
        raise LookupError(name)

    ACTIONS: tuple[Callable[[Program, str], None], ...] = (
        soon, soon, safely, later, cancel, promise, keep, begin, fail,
    )  # fmt: skip

    def run(self) -> Trace:
        self.loop.set_exception_handler(
            lambda _, context: self.trace.append(f"reported {context['exception']}")
        )
        for name in "abc":
            self.soon(name)
        for _ in range(40):
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()
            self.trace.append("|")
        return self.trace


def trace_of(factory: Callable[[], asyncio.AbstractEventLoop], seed: int) -> Trace:
    loop = factory()
    try:
        return Program(loop, seed).run()
    finally:
        loop.close()


@pytest.mark.parametrize("start", range(0, 200, 20))
def test_the_order_is_asyncios(start: int) -> None:
    for seed in range(start, start + 20):
        ours = trace_of(jebi.loop.new_event_loop, seed)
        theirs = trace_of(asyncio.SelectorEventLoop, seed)
        assert ours == theirs, f"seed {seed}"
