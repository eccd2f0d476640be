"""How many calls run at once, and that exits of dependencies always find a thread."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.pool.harness import Bench


def test_the_limit_is_reached_and_obeyed(bench: Bench) -> None:
    bench.pool.set_limit(3)
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
    bench.pool.set_limit(1)
    release = threading.Event()

    async def scenario() -> None:
        blocked = bench.submit(release.wait)
        waiting = bench.submit(release.set)
        while bench.pool.queued != 1:
            await asyncio.sleep(0)
        bench.pool.set_limit(2)
        await asyncio.gather(blocked, waiting)

    bench.run(scenario)


def test_it_can_be_lowered(bench: Bench) -> None:
    barrier, begun, release = threading.Barrier(4), threading.Event(), threading.Event()

    def call() -> None:
        begun.set()
        release.wait()

    async def scenario() -> None:
        await asyncio.gather(*[bench.submit(barrier.wait) for _ in range(4)])
        bench.pool.set_limit(1)
        calls = [bench.submit(call) for _ in range(3)]
        while not begun.is_set():
            await asyncio.sleep(0)
        for _ in range(10):
            await asyncio.sleep(0)
        assert bench.pool.queued == 2
        release.set()
        await asyncio.gather(*calls)

    bench.run(scenario)


def test_it_can_be_lowered_to_nothing_for_a_while(bench: Bench) -> None:
    ran = threading.Event()

    async def scenario() -> None:
        bench.pool.set_limit(0)
        waiting = bench.submit(ran.set)
        await bench.submit(int, is_exit=True)
        assert not ran.is_set()
        bench.pool.set_limit(None)
        await waiting

    bench.run(scenario)


def test_it_counts_from_submission_to_delivery(bench: Bench) -> None:
    release = threading.Event()

    async def scenario() -> None:
        bench.pool.set_limit(2)
        assert bench.pool.share() == (0, 0)
        calls = [bench.submit(release.wait) for _ in range(5)]
        calls.append(bench.submit(release.wait, is_exit=True))
        assert bench.pool.share() == (2, 3)
        bench.pool.set_limit(4)
        assert bench.pool.share() == (4, 1)
        while bench.pool.queued != 1:
            await asyncio.sleep(0)
        bench.pool.set_limit(1)
        assert bench.pool.share() == (4, 1)
        release.set()
        await asyncio.gather(*calls)
        assert bench.pool.share() == (0, 0)

    bench.run(scenario)


def test_exits_run_while_the_normal_lane_is_full(bench: Bench) -> None:
    bench.pool.set_limit(2)
    release = threading.Event()

    async def scenario() -> None:
        normal = [bench.submit(release.wait) for _ in range(5)]
        await bench.submit(release.set, is_exit=True)
        assert all(await asyncio.gather(*normal))

    bench.run(scenario)


def test_exits_have_a_limit_too(bench: Bench) -> None:
    bench.pool.set_limit(2)
    barrier = threading.Barrier(2)

    async def scenario() -> None:
        await asyncio.gather(*[bench.submit(barrier.wait, is_exit=True) for _ in range(6)])

    bench.run(scenario)
    assert bench.pool.threads == 2
