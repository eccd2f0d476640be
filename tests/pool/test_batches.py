"""How calls are handed over: together where they are quick, at once where they block."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.pool.harness import Bench


def test_calls_that_block_overlap(bench: Bench) -> None:
    barrier = threading.Barrier(40)

    async def scenario() -> None:
        # Passes only if forty threads are inside at once.
        await asyncio.gather(*[bench.submit(barrier.wait) for _ in range(40)])

    bench.run(scenario)
    assert bench.pool.threads == 40


def test_calls_known_to_be_quick_overlap_when_they_block_after_all(bench: Bench) -> None:
    barrier = threading.Barrier(40)

    async def scenario() -> None:
        pace = await bench.quick_pace()
        await asyncio.gather(*[bench.submit(barrier.wait, pace=pace) for _ in range(40)])
        assert not pace.is_quick

    bench.run(scenario)


def test_quick_calls_share_a_turn_and_a_wake_up(bench: Bench) -> None:
    async def scenario() -> None:
        pace = await bench.quick_pace()
        jobs, batches, wakeups = bench.pool.jobs, bench.pool.batches, bench.pool.wakeups
        for _ in range(10):
            await asyncio.gather(*[bench.submit(int, pace=pace) for _ in range(100)])
        assert bench.pool.jobs - jobs == 1000
        assert bench.pool.batches - batches < 100
        assert bench.pool.wakeups - wakeups < 100

    bench.run(scenario)


def test_calls_run_in_the_order_of_their_submission(bench: Bench) -> None:
    order: list[int] = []

    async def scenario() -> None:
        pace = await bench.quick_pace()
        calls = [lambda n=n: order.append(n) for n in range(50)]
        await asyncio.gather(*[bench.submit(call, pace=pace) for call in calls])

    bench.run(scenario)
    assert order == list(range(50))


def test_one_that_suddenly_blocks_holds_up_nobody_behind_it(bench: Bench) -> None:
    release = threading.Event()

    async def scenario() -> None:
        pace = await bench.quick_pace()
        blocked = bench.submit(release.wait, pace=pace)
        await asyncio.gather(*[bench.submit(int, pace=pace) for _ in range(50)])
        assert not blocked.done()
        release.set()
        assert await blocked

    bench.run(scenario)


def test_one_that_suddenly_blocks_holds_up_no_result_before_it(bench: Bench) -> None:
    release = threading.Event()

    async def scenario() -> None:
        pace = await bench.quick_pace()
        first = bench.submit(int, pace=pace)
        blocked = bench.submit(release.wait, pace=pace)
        await first
        assert not blocked.done()
        release.set()
        assert await blocked

    bench.run(scenario)


def test_others_come_even_while_the_loop_is_blocked(bench: Bench) -> None:
    release = threading.Event()

    async def scenario() -> None:
        pace = await bench.quick_pace()
        blocked = bench.submit(release.wait, pace=pace)
        second = bench.submit(release.set, pace=pace)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        # Were the loop needed to call another thread for the second, this would not end.
        release.wait()
        await asyncio.gather(blocked, second)

    bench.run(scenario)


def test_a_call_that_blocks_does_not_stop_the_loop(bench: Bench) -> None:
    release = threading.Event()

    async def scenario() -> None:
        blocked = bench.submit(release.wait)
        for _ in range(100):
            await asyncio.sleep(0)
        assert not blocked.done()
        release.set()
        assert await blocked

    bench.run(scenario)


def test_quick_calls_behind_slow_ones(bench: Bench) -> None:
    release = threading.Event()

    async def scenario() -> None:
        pace = await bench.quick_pace()
        futures = []
        for _ in range(30):
            futures.append(bench.submit(release.wait))
            await bench.submit(int, pace=pace)
        release.set()
        await asyncio.gather(*futures)

    bench.run(scenario)
