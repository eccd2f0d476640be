"""How many calls run at once, and that exits of dependencies always find a thread."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import TYPE_CHECKING

import anyio.to_thread

from jebi._engine import Pool
from jebi._pool import ThreadLimit

if TYPE_CHECKING:
    from tests.pool.harness import Bench


def test_the_limit_is_reached_and_obeyed(bench: Bench) -> None:
    bench.limit = 3
    barrier = threading.Barrier(3)
    inside, most = 0, 0
    lock = threading.Lock()

    def call() -> None:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        barrier.wait()
        with lock:
            inside -= 1

    async def scenario() -> None:
        await asyncio.gather(*[bench.submit(call) for _ in range(12)])

    bench.run(scenario)
    assert most == 3
    assert bench.pool.threads == 3


def test_it_can_be_enlarged_while_calls_wait(bench: Bench) -> None:
    bench.limit = 1
    release = threading.Event()

    async def scenario() -> None:
        blocked = bench.submit(release.wait)
        waiting = bench.submit(release.set)
        while bench.pool.queued != 1:
            await asyncio.sleep(0)
        bench.limit = 2
        await asyncio.gather(blocked, waiting)

    bench.run(scenario)


def test_it_can_be_lowered(bench: Bench) -> None:
    barrier = threading.Barrier(4)
    inside = 0

    def alone() -> int:
        nonlocal inside
        inside += 1
        return inside

    async def scenario() -> None:
        nonlocal inside
        await asyncio.gather(*[bench.submit(barrier.wait) for _ in range(4)])
        bench.limit = 1
        release = threading.Event()
        blocked = bench.submit(release.wait)
        while bench.pool.queued:
            await asyncio.sleep(0)
        # The limit is read again before anybody has to wait for it, at the latest when it is old.
        while True:
            probe = bench.submit(alone)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            if bench.pool.queued:
                break
            await probe
        seen = inside
        assert not probe.done()
        release.set()
        await asyncio.gather(blocked, probe)
        assert inside == seen + 1

    bench.run(scenario)


def test_exits_run_while_the_normal_lane_is_full(bench: Bench) -> None:
    bench.limit = 2
    release = threading.Event()

    async def scenario() -> None:
        normal = [bench.submit(release.wait) for _ in range(5)]
        await bench.submit(release.set, is_exit=True)
        assert all(await asyncio.gather(*normal))

    bench.run(scenario)


def test_exits_have_a_limit_too(bench: Bench) -> None:
    bench.limit = 2
    barrier = threading.Barrier(2)

    async def scenario() -> None:
        await asyncio.gather(*[bench.submit(barrier.wait, is_exit=True) for _ in range(6)])

    bench.run(scenario)
    assert bench.pool.threads == 2


def test_anyio_says_how_many(bench: Bench) -> None:
    barrier = threading.Barrier(3)

    async def scenario() -> None:
        pool = Pool(bench.loop, ThreadLimit())
        try:
            anyio.to_thread.current_default_thread_limiter().total_tokens = 3
            context = contextvars.copy_context
            await asyncio.gather(*[pool.submit(barrier.wait, context()) for _ in range(9)])
            assert pool.threads == 3
        finally:
            pool.shutdown()

    bench.run(scenario)


def test_without_anyio_to_ask_it_is_forty() -> None:
    assert ThreadLimit()() == 40
