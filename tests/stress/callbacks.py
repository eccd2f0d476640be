"""Callbacks, timers, tasks, threads, signals and finalizers."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import signal
import threading
import time
from typing import TYPE_CHECKING

from tests.stress.connections import Connections

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stress.ground import Deeds
    from tests.stress.ledger import Promise

THREADS = 2


class Trap:
    """Part of a cycle: its finalizer calls the loop wherever the collector happens to run."""

    def __init__(self, spring: Callable[[], None]) -> None:
        self.spring = spring
        self.myself = self

    def __del__(self) -> None:
        self.spring()


class Callbacks(Connections):
    """Whatever has to run once; a finalizer also tears down a connection."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._timers: list[tuple[asyncio.Handle, Promise]] = []
        self._signals: list[Promise] = []
        self._over = threading.Event()

    def deeds(self) -> Deeds:
        return [
            *super().deeds(),
            (8, self.set_timer),
            (4, self.cancel_timer),
            (6, self.call_soon),
            (3, self.set_trap),
            (1, self.collect),
            (5, self.start_task),
            (3, self.cancel_task),
            (2, self.work_elsewhere),
            (1, self.signal),
        ]

    def begin_calling(self) -> None:
        """Has threads and signals call from outside."""
        self.loop.add_signal_handler(signal.SIGUSR1, self._signalled)
        self._threads = [threading.Thread(target=self._call_from_outside) for _ in range(THREADS)]
        for thread in self._threads:
            thread.start()

    async def calm_down(self) -> None:
        self._over.set()
        for thread in self._threads:
            await self.loop.run_in_executor(None, thread.join)
        await super().calm_down()
        self._timers.clear()
        await self.until("what was promised", lambda: not self.ledger.broken())
        self.loop.remove_signal_handler(signal.SIGUSR1)

    def call_soon(self) -> None:
        self.loop.call_soon(self.ledger.expect("call_soon"))

    def set_timer(self) -> None:
        promise = self.ledger.expect("call_later")
        handle = self.loop.call_later(self.random.random() / 100, promise)
        self._timers.append((handle, promise))

    def cancel_timer(self) -> None:
        if self._timers:
            handle, promise = self._timers.pop(self.random.randrange(len(self._timers)))
            handle.cancel()
            if promise.is_open:
                promise.cancel()

    def set_trap(self) -> None:
        end, promise = self.some_end(), self.ledger.expect("a finalizer's callback")

        def spring() -> None:
            self.loop.call_soon(promise)
            if end is not None:
                end.abort()

        Trap(spring)

    def collect(self) -> None:
        gc.collect()

    async def start_task(self) -> None:
        for _ in range(self.random.randrange(5)):
            await asyncio.sleep(self.random.choice((0, 0.001)))

    def cancel_task(self) -> None:
        """Whatever it is doing, also in the middle of opening something."""
        if self.tasks:
            self.random.choice(list(self.tasks)).cancel()

    async def work_elsewhere(self) -> None:
        number = self.random.randrange(1000)
        result = await self.loop.run_in_executor(None, pow, number, 2)
        if result != number**2:
            self.ledger.wrong(f"the executor made {result} of {number}")

    def _call_from_outside(self) -> None:
        chance = random.Random(self.random.random())
        while not self._over.is_set():
            self.loop.call_soon_threadsafe(self.ledger.expect("call_soon_threadsafe"))
            time.sleep(chance.random() / 500)

    def signal(self) -> None:
        self._signals.append(self.ledger.expect("a signal"))
        os.kill(os.getpid(), signal.SIGUSR1)

    def _signalled(self) -> None:
        """One call may stand for several signals."""
        pending, self._signals = self._signals, []
        for promise in pending:
            promise()
