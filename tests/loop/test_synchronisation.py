"""Locks, events, conditions, semaphores, barriers and queues: fair, and sound when cancelled."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest

Loop = asyncio.AbstractEventLoop


async def let_others_run() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_a_lock_is_handed_on_in_order(loop: Loop) -> None:
    order: list[int] = []

    async def main() -> None:
        lock = asyncio.Lock()

        async def work(number: int) -> None:
            async with lock:
                order.append(number)
                await asyncio.sleep(0)

        await lock.acquire()
        tasks = [asyncio.ensure_future(work(number)) for number in range(5)]
        await let_others_run()
        tasks[1].cancel()
        lock.release()
        tasks[3].cancel()  # while the lock is on its way to the first
        await asyncio.gather(*tasks, return_exceptions=True)
        assert not lock.locked()
        with pytest.raises(RuntimeError, match="not acquired"):
            lock.release()

    loop.run_until_complete(main())
    assert order == [0, 2, 4]


def test_whoever_is_cancelled_with_the_lock_in_hand_passes_it_on(loop: Loop) -> None:
    async def main() -> str:
        lock = asyncio.Lock()
        await lock.acquire()
        first = asyncio.ensure_future(lock.acquire())
        second = asyncio.ensure_future(lock.acquire())
        await let_others_run()
        lock.release()
        first.cancel()
        await asyncio.wait([first, second])
        return f"{first.cancelled()} {second.done()} {lock.locked()}"

    assert loop.run_until_complete(main()) == "True True True"


def test_an_event_wakes_all_who_wait(loop: Loop) -> None:
    async def main() -> None:
        event = asyncio.Event()
        waiting = [asyncio.ensure_future(event.wait()) for _ in range(3)]
        await let_others_run()
        waiting[1].cancel()
        event.set()
        event.clear()
        ended = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(one) for one in ended] == [bool, asyncio.CancelledError, bool]
        assert not event.is_set()

    loop.run_until_complete(main())


def test_a_condition_wakes_as_many_as_it_is_told(loop: Loop) -> None:
    awake: list[int] = []

    async def main() -> None:
        condition = asyncio.Condition()

        async def wait(number: int) -> None:
            async with condition:
                await condition.wait()
                awake.append(number)

        waiting = [asyncio.ensure_future(wait(number)) for number in range(5)]
        await let_others_run()
        async with condition:
            condition.notify(2)
        await let_others_run()
        assert awake == [0, 1]
        waiting[2].cancel()
        async with condition:
            condition.notify_all()
        await asyncio.wait(waiting)
        with pytest.raises(RuntimeError, match="un-acquired"):
            condition.notify()

        ready = False

        async def make_ready() -> None:
            nonlocal ready
            async with condition:
                ready = True
                condition.notify_all()

        async with condition:
            making = asyncio.ensure_future(make_ready())
            assert await condition.wait_for(lambda: ready)
        await making

    loop.run_until_complete(main())
    assert awake == [0, 1, 3, 4]


def test_a_semaphore_lets_so_many_in(loop: Loop) -> None:
    async def main() -> int:
        semaphore = asyncio.BoundedSemaphore(3)
        inside = most = 0

        async def work() -> None:
            nonlocal inside, most
            async with semaphore:
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0)
                inside -= 1

        tasks = [asyncio.ensure_future(work()) for _ in range(20)]
        await asyncio.sleep(0)
        for task in tasks[5::5]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert not semaphore.locked()
        with pytest.raises(ValueError, match="too many times"):
            semaphore.release()
        return most

    assert loop.run_until_complete(main()) == 3


def test_a_barrier_lets_all_go_at_once(loop: Loop) -> None:
    passed: list[str] = []

    async def main() -> None:
        barrier = asyncio.Barrier(3)

        async def pass_it(name: str) -> None:
            assert await barrier.wait() in range(3)
            passed.append(name)

        async with asyncio.TaskGroup() as group:
            group.create_task(pass_it("a"))
            group.create_task(pass_it("b"))
            await let_others_run()
            assert passed == []
            group.create_task(pass_it("c"))
        assert sorted(passed) == ["a", "b", "c"]

        stuck = asyncio.ensure_future(barrier.wait())
        await let_others_run()
        await barrier.abort()
        with pytest.raises(asyncio.BrokenBarrierError):
            await stuck
        await barrier.reset()
        assert not barrier.broken

    loop.run_until_complete(main())


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (asyncio.Queue, [3, 1, 2]),
        (asyncio.LifoQueue, [2, 1, 3]),
        (asyncio.PriorityQueue, [1, 2, 3]),
    ],
)
def test_queues_have_their_order(
    loop: Loop, kind: type[asyncio.Queue[int]], expected: list[int]
) -> None:
    async def main() -> list[int]:
        queue = kind()
        for number in (3, 1, 2):
            queue.put_nowait(number)
        return [await queue.get() for _ in range(queue.qsize())]

    assert loop.run_until_complete(main()) == expected


def test_a_full_queue_holds_up_and_an_empty_one_too(loop: Loop) -> None:
    async def main() -> None:
        queue: asyncio.Queue[int] = asyncio.Queue(1)
        queue.put_nowait(0)
        with pytest.raises(asyncio.QueueFull):
            queue.put_nowait(1)
        putting = [asyncio.ensure_future(queue.put(number)) for number in (1, 2, 3)]
        await let_others_run()
        putting[1].cancel()
        assert [await queue.get() for _ in range(3)] == [0, 1, 3]
        with pytest.raises(asyncio.QueueEmpty):
            queue.get_nowait()
        getting = [asyncio.ensure_future(queue.get()) for _ in range(2)]
        await let_others_run()
        getting[0].cancel()
        await queue.put(4)
        assert await getting[1] == 4
        for _ in range(4):
            queue.task_done()
        await queue.join()
        with pytest.raises(ValueError, match="too many times"):
            queue.task_done()

    loop.run_until_complete(main())


@pytest.mark.skipif(sys.version_info < (3, 13), reason="Python 3.13 lets queues be shut down")
def test_a_queue_that_is_shut_down(loop: Loop) -> None:
    async def main() -> None:
        queue: Any = asyncio.Queue()
        getting = asyncio.ensure_future(queue.get())
        await let_others_run()
        queue.shutdown()
        shut_down: Any = vars(asyncio)["QueueShutDown"]
        with pytest.raises(shut_down):
            await getting
        with pytest.raises(shut_down):
            await queue.put(1)

    loop.run_until_complete(main())
