"""AnyIO's limiter of threads and the pool lend the same tokens."""

from __future__ import annotations

import asyncio
import math
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import pytest
from anyio.to_thread import current_default_thread_limiter

import jebi.loop
from jebi._pool import ThreadPool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator


@pytest.fixture
def run() -> Iterator[Callable[[Callable[[ThreadPool], Awaitable[None]]], None]]:
    loop = jebi.loop.new_event_loop()

    def run(scenario: Callable[[ThreadPool], Awaitable[None]]) -> None:
        async def main() -> None:
            async with asyncio.timeout(20):
                await scenario(ThreadPool.of(loop))

        loop.run_until_complete(main())

    try:
        yield run
    finally:
        ThreadPool.of(loop).close()
        loop.close()


Run = Any


class Meter:
    """Calls that block until they are let go, and the most of them at a time."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.inside = self.most = self.calls = 0
        self._lock = threading.Lock()

    def call(self) -> None:
        with self._lock:
            self.calls += 1
            self.inside += 1
            self.most = max(self.most, self.inside)
        self.release.wait()
        with self._lock:
            self.inside -= 1

    async def have(self, inside: int) -> None:
        while self.inside != inside:
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("used_before", [False, True])
def test_the_number_of_tokens_bounds_the_pool_at_once(run: Run, used_before: bool) -> None:
    async def scenario(pool: ThreadPool) -> None:
        if used_before:
            await asyncio.gather(*[pool.run(int) for _ in range(10)])
        current_default_thread_limiter().total_tokens = 2
        meter = Meter()
        calls = [asyncio.ensure_future(pool.run(meter.call)) for _ in range(9)]
        await meter.have(2)
        current_default_thread_limiter().total_tokens = 3
        await meter.have(3)
        meter.release.set()
        await asyncio.gather(*calls)
        assert meter.most == 3

    run(scenario)


def test_the_limiter_counts_what_the_pool_runs(run: Run) -> None:
    async def scenario(pool: ThreadPool) -> None:
        limiter = current_default_thread_limiter()
        limiter.total_tokens = 4
        meter = Meter()
        calls = [asyncio.ensure_future(pool.run(meter.call)) for _ in range(3)]
        await meter.have(3)
        assert current_default_thread_limiter() is limiter
        assert limiter.borrowed_tokens == 3
        assert limiter.available_tokens == 1
        assert limiter.statistics().tasks_waiting == 0
        calls += [asyncio.ensure_future(pool.run(meter.call)) for _ in range(3)]
        await meter.have(4)
        assert limiter.available_tokens == 0
        statistics = limiter.statistics()
        assert (statistics.borrowed_tokens, statistics.tasks_waiting) == (4, 2)
        with pytest.raises(anyio.WouldBlock):
            limiter.acquire_nowait()
        meter.release.set()
        await asyncio.gather(*calls)
        assert limiter.borrowed_tokens == 0
        assert limiter.available_tokens == 4

    run(scenario)


def test_without_a_limit(run: Run) -> None:
    async def scenario(pool: ThreadPool) -> None:
        limiter = current_default_thread_limiter()
        limiter.total_tokens = math.inf
        meter = Meter()
        calls = [asyncio.ensure_future(pool.run(meter.call)) for _ in range(45)]
        await meter.have(45)
        assert limiter.available_tokens == math.inf
        meter.release.set()
        await asyncio.gather(*calls)
        with pytest.raises(ValueError, match="total_tokens"):
            limiter.total_tokens = -1
        with pytest.raises(TypeError, match="total_tokens"):
            limiter.total_tokens = 1.5

    run(scenario)


def test_threads_of_both_kinds_share_the_tokens(run: Run) -> None:
    async def scenario(pool: ThreadPool) -> None:
        current_default_thread_limiter().total_tokens = 3
        meter = Meter()
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(anyio.to_thread.run_sync, meter.call)
                group.start_soon(pool.run, meter.call)
            await meter.have(3)
            meter.release.set()
        assert meter.most == 3
        assert meter.calls == 10
        assert current_default_thread_limiter().borrowed_tokens == 0

    run(scenario)


@pytest.mark.parametrize("tokens", [1, 2])
@pytest.mark.parametrize("pool_first", [True, False])
def test_neither_kind_has_to_wait_until_the_other_stops(
    run: Run, tokens: int, pool_first: bool
) -> None:
    async def scenario(pool: ThreadPool) -> None:
        current_default_thread_limiter().total_tokens = tokens
        kinds: list[Any] = [pool.run, anyio.to_thread.run_sync]
        always, seldom = kinds if pool_first else kinds[::-1]
        async with anyio.create_task_group() as group:

            async def hog() -> None:
                while True:
                    await always(int)

            for _ in range(2 * tokens + 1):
                group.start_soon(hog)
            for _ in range(10):
                await seldom(int)
            group.cancel_scope.cancel()

    run(scenario)


def test_one_that_waited_in_vain_leaves_the_pool_its_tokens(run: Run) -> None:
    async def scenario(pool: ThreadPool) -> None:
        current_default_thread_limiter().total_tokens = 1
        meter = Meter()
        call = asyncio.ensure_future(pool.run(meter.call))
        await meter.have(1)
        with anyio.move_on_after(0.01):
            await anyio.to_thread.run_sync(int)
        assert current_default_thread_limiter().statistics().tasks_waiting == 0
        meter.release.set()
        await call
        await pool.run(int)
        await anyio.to_thread.run_sync(int)

    run(scenario)


def test_a_limiter_from_before_the_pool_keeps_who_uses_it(run: Run) -> None:
    async def scenario(pool: ThreadPool) -> None:
        limiter = current_default_thread_limiter()
        limiter.total_tokens = 2
        before, meter = Meter(), Meter()
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.to_thread.run_sync, before.call)
            await before.have(1)
            group.start_soon(pool.run, meter.call)
            group.start_soon(pool.run, meter.call)
            await meter.have(1)
            assert limiter.borrowed_tokens == 2
            before.release.set()
            await meter.have(2)
            meter.release.set()

    run(scenario)


PLAIN = """
import asyncio, sys, threading
import jebi.loop
from jebi._pool import ThreadPool

assert "anyio" not in sys.modules
begun, release = threading.Event(), threading.Event()

def call():
    begun.set()
    release.wait()

async def main():
    pool = ThreadPool.of(asyncio.get_running_loop())
    first = asyncio.ensure_future(pool.run(call))
    while not begun.is_set():
        await asyncio.sleep(0)
    import anyio.to_thread
    while not anyio.to_thread.current_default_thread_limiter().borrowed_tokens:
        await asyncio.sleep(0)
    print(anyio.to_thread.current_default_thread_limiter().borrowed_tokens)
    release.set()
    await first

jebi.loop.run(main())
"""


def test_one_that_nobody_had_before_the_first_call() -> None:
    command = [sys.executable, "-c", PLAIN]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert (ended.stdout, ended.stderr, ended.returncode) == ("1\n", "", 0)


def test_the_limiter_of_another_loop_is_left_alone(run: Run) -> None:
    async def scenario(pool: ThreadPool) -> None:
        await pool.run(int)

    run(scenario)

    async def elsewhere() -> str:
        return type(current_default_thread_limiter()).__module__

    assert asyncio.run(elsewhere()).startswith("anyio.")
