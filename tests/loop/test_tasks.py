"""asyncio's own building blocks on top of the loop."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import sys
import weakref
from typing import Any

import pytest

import jebi.loop
from tests.tasks import current


def test_gather_runs_things_side_by_side(loop: asyncio.AbstractEventLoop) -> None:
    order: list[str] = []

    async def work(name: str, seconds: float) -> str:
        await asyncio.sleep(seconds)
        order.append(name)
        return name

    async def main() -> list[str]:
        return list(await asyncio.gather(work("slow", 0.02), work("fast", 0.01)))

    assert loop.run_until_complete(main()) == ["slow", "fast"]
    assert order == ["fast", "slow"]


def test_a_group_cancels_the_others_when_one_fails(loop: asyncio.AbstractEventLoop) -> None:
    ended: list[str] = []

    async def wait() -> None:
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    async def fail() -> None:
        raise LookupError

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(wait())
            await asyncio.sleep(0)
            group.create_task(fail())

    with pytest.raises(ExceptionGroup) as caught:
        loop.run_until_complete(main())
    assert caught.group_contains(LookupError)
    assert ended == ["cancelled"]


def test_timeouts(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await asyncio.sleep(1000)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.sleep(1000), 0.001)
        async with asyncio.timeout(1000):
            await asyncio.sleep(0)

    loop.run_until_complete(main())


def test_waiting_for_the_first(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        fast = asyncio.create_task(asyncio.sleep(0, "fast"))
        slow = asyncio.create_task(asyncio.sleep(1000))
        done, pending = await asyncio.wait([fast, slow], return_when=asyncio.FIRST_COMPLETED)
        assert done == {fast}
        assert pending == {slow}
        slow.cancel()

    loop.run_until_complete(main())


def test_queues_and_locks(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> list[int]:
        queue: asyncio.Queue[int] = asyncio.Queue(2)
        lock = asyncio.Lock()
        taken: list[int] = []

        async def produce() -> None:
            for number in range(10):
                await queue.put(number)

        async def consume() -> None:
            while True:
                number = await queue.get()
                async with lock:
                    taken.append(number)
                queue.task_done()

        consumers = [asyncio.create_task(consume()) for _ in range(3)]
        await produce()
        await queue.join()
        for consumer in consumers:
            consumer.cancel()
        return sorted(taken)

    assert loop.run_until_complete(main()) == list(range(10))


def test_a_task_knows_itself_and_can_be_cancelled(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        task = current()
        assert asyncio.all_tasks() == {task}
        task.cancel("a reason")
        with pytest.raises(asyncio.CancelledError, match="a reason"):
            await asyncio.sleep(0)

    loop.run_until_complete(main())


def test_tasks_can_be_made_by_a_factory(loop: asyncio.AbstractEventLoop) -> None:
    made: list[Any] = []

    def factory(the_loop: Any, coro: Any, **options: Any) -> asyncio.Task[Any]:
        made.append(options.get("context"))
        return asyncio.Task(coro, loop=the_loop, **options)

    async def main() -> None:
        await asyncio.create_task(asyncio.sleep(0), name="a name")

    assert loop.get_task_factory() is None
    loop.set_task_factory(factory)
    assert loop.get_task_factory() is factory
    loop.run_until_complete(main())
    loop.set_task_factory(None)
    assert len(made) == 2
    with pytest.raises(TypeError, match="task factory must be a callable or None"):
        loop.set_task_factory("spam")  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python 3.12 brought eager tasks")
def test_eager_tasks_start_at_once(loop: asyncio.AbstractEventLoop) -> None:
    started: list[str] = []

    async def work() -> str:
        started.append("started")
        return "finished"

    async def main() -> None:
        task = asyncio.create_task(work())
        assert started == ["started"]
        assert task.done()
        assert await task == "finished"

    factory: Any = vars(asyncio)["eager_task_factory"]
    loop.set_task_factory(factory)
    loop.run_until_complete(main())


def test_many_tasks_and_timers(loop: asyncio.AbstractEventLoop) -> None:
    async def one(number: int) -> int:
        async with asyncio.timeout(1000):
            await asyncio.sleep(0)
            await asyncio.sleep(number % 3 / 1000)
        return number

    async def main() -> int:
        return sum(await asyncio.gather(*(one(number) for number in range(2000))))

    assert loop.run_until_complete(main()) == 1999000


def test_a_closed_loop_needs_no_collector() -> None:
    loop = jebi.loop.new_event_loop()
    loop.create_future().cancel()
    loop.run_until_complete(asyncio.sleep(0))
    alive = weakref.ref(loop)
    gc.collect()
    gc.disable()
    try:
        loop.close()
        del loop
        assert alive() is None
    finally:
        gc.enable()


def test_wrong_calls_are_refused(loop: asyncio.AbstractEventLoop) -> None:
    calls: list[tuple[Any, tuple[Any, ...], str]] = [
        (loop.create_future, (1,), r"takes (no arguments|1 positional argument)"),
        (loop.get_debug, (1,), r"takes (no arguments|1 positional argument)"),
        (loop.time, (1,), r"takes (no arguments|1 positional argument)"),
        (loop.create_task, (), r"missing 1 required positional argument: 'coro'"),
        (loop.create_task, (1, 2), r"takes \d positional argument"),
    ]
    for call, args, message in calls:
        with pytest.raises(TypeError, match=message):
            call(*args)


def test_a_task_takes_its_options(loop: asyncio.AbstractEventLoop) -> None:
    context = contextvars.copy_context()

    async def nothing() -> None: ...

    async def main() -> None:
        make: Any = loop.create_task
        named = make(coro=nothing(), name="named", context=context)
        assert named.get_name() == "named"
        assert named.get_context() is context
        await named
        with pytest.raises(TypeError):
            make(refused := nothing(), colour="red")
        refused.close()

    if sys.version_info >= (3, 12):
        loop.run_until_complete(main())
