"""Groups, deadlines, gathering and waiting, in the places where the loop's order decides."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.tasks import current

if TYPE_CHECKING:
    from collections.abc import Callable

Loop = asyncio.AbstractEventLoop


async def after(seconds: float, value: Any) -> Any:
    await asyncio.sleep(seconds)
    if isinstance(value, BaseException):
        raise value
    return value


def test_a_group_waits_for_tasks_that_its_tasks_add(loop: Loop) -> None:
    finished: list[int] = []

    async def main() -> None:
        async with asyncio.TaskGroup() as group:

            async def grow(depth: int) -> None:
                if depth:
                    group.create_task(grow(depth - 1))
                await asyncio.sleep(0)
                finished.append(depth)

            group.create_task(grow(5))
        finished.append(-1)

    loop.run_until_complete(main())
    assert finished == [5, 4, 3, 2, 1, 0, -1]


def test_a_group_in_a_group_fails_as_one(loop: Loop) -> None:
    async def main() -> None:
        async with asyncio.TaskGroup() as outer:
            outer.create_task(after(1000, None))
            async with asyncio.TaskGroup() as inner:
                inner.create_task(after(0, LookupError("first")))
                inner.create_task(after(0, ValueError("second")))

    with pytest.RaisesGroup(pytest.RaisesGroup(LookupError, ValueError)):
        loop.run_until_complete(main())


def test_a_cancelled_group_is_no_error_of_its_tasks(loop: Loop) -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(1000)
        finally:
            await asyncio.sleep(0)
            ended.append("work")

    async def grouped() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(work())
            group.create_task(work())

    async def main() -> None:
        task = asyncio.create_task(grouped())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    loop.run_until_complete(main())
    assert ended == ["work", "work"]


def test_the_deadline_that_passed_is_the_one_that_tells(loop: Loop) -> None:
    async def main() -> None:
        async with asyncio.timeout(1000) as outer:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.001) as inner:
                    await asyncio.sleep(1000)
            assert inner.expired()
        assert not outer.expired()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001) as outer, asyncio.timeout(1000) as inner:
                await asyncio.sleep(1000)
        assert (outer.expired(), inner.expired()) == (True, False)

    loop.run_until_complete(main())


def test_deadlines_can_be_moved(loop: Loop) -> None:
    async def main() -> None:
        async with asyncio.timeout(0.001) as deadline:
            deadline.reschedule(None)
            await asyncio.sleep(0.01)
            assert deadline.when() is None

        async def bring_forward() -> None:
            async with asyncio.timeout(None) as deadline:
                deadline.reschedule(loop.time())
                await asyncio.sleep(1000)

        with pytest.raises(TimeoutError):
            await bring_forward()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout_at(loop.time() - 1):
                await asyncio.sleep(0)

    loop.run_until_complete(main())


def test_wait_for_gives_the_result_that_came_in_time(loop: Loop) -> None:
    async def main() -> None:
        assert await asyncio.wait_for(after(0, "in time"), 1000) == "in time"
        done: asyncio.Future[str] = loop.create_future()
        done.set_result("done already")
        assert await asyncio.wait_for(done, 0) == "done already"
        with pytest.raises(LookupError):
            await asyncio.wait_for(after(0, LookupError()), 1000)
        late = asyncio.ensure_future(after(1000, None))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(late, 0.001)
        assert late.cancelled()

    loop.run_until_complete(main())


def test_gather_keeps_the_order_and_may_keep_the_errors(loop: Loop) -> None:
    async def main() -> None:
        error = LookupError()
        gathered = asyncio.gather(
            after(0.002, 1), after(0, error), after(0.001, 3), return_exceptions=True
        )
        assert list(await gathered) == [1, error, 3]
        survivor = asyncio.ensure_future(after(0.001, "survived"))
        with pytest.raises(LookupError):
            await asyncio.gather(survivor, after(0, LookupError()))
        assert await survivor == "survived"

    loop.run_until_complete(main())


def test_cancelling_what_is_gathered(loop: Loop) -> None:
    async def main() -> None:
        tasks = [asyncio.ensure_future(after(1000, None)) for _ in range(3)]
        gathered = asyncio.gather(*tasks)
        await asyncio.sleep(0)
        gathered.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gathered
        assert all(task.cancelled() for task in tasks)

    loop.run_until_complete(main())


def test_waiting_returns_at_the_first_error_or_when_time_is_up(loop: Loop) -> None:
    async def main() -> None:
        slow = asyncio.ensure_future(after(1000, None))
        quick = asyncio.ensure_future(after(0, "quick"))
        failing = asyncio.ensure_future(after(0.001, LookupError()))
        done, pending = await asyncio.wait(
            [slow, quick, failing], return_when=asyncio.FIRST_EXCEPTION
        )
        assert (done, pending) == ({quick, failing}, {slow})
        assert isinstance(failing.exception(), LookupError)
        done, pending = await asyncio.wait([slow, quick], timeout=0.001)
        assert (done, pending) == ({quick}, {slow})
        assert not slow.cancelled()
        slow.cancel()
        done, _ = await asyncio.wait([slow])
        assert done == {slow}

    loop.run_until_complete(main())


def test_what_completes_first_comes_first(loop: Loop) -> None:
    async def main() -> None:
        waits = [after(0.02, "third"), after(0, "first"), after(0.01, "second")]
        assert [await one for one in asyncio.as_completed(waits)] == ["first", "second", "third"]
        late = next(iter(asyncio.as_completed([after(1000, None)], timeout=0.001)))
        with pytest.raises(TimeoutError):
            await late

    loop.run_until_complete(main())


def test_a_shield_keeps_the_cancellation_out(loop: Loop) -> None:
    async def main() -> None:
        inner = asyncio.ensure_future(after(0.001, "kept on"))
        outer = asyncio.ensure_future(asyncio.wait_for(asyncio.shield(inner), 1000))
        await asyncio.sleep(0)
        outer.cancel()
        with pytest.raises(asyncio.CancelledError):
            await outer
        assert await inner == "kept on"

    loop.run_until_complete(main())


def test_an_uncaught_cancellation_can_be_taken_back(loop: Loop) -> None:
    async def main() -> None:
        task = current()
        for _ in range(3):
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(0)
        assert task.cancelling() == 3
        assert [task.uncancel() for _ in range(3)] == [2, 1, 0]
        await asyncio.sleep(0)

    loop.run_until_complete(main())


def test_each_task_has_a_context_of_its_own(loop: Loop) -> None:
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="nobody")

    async def set_and_get(value: str) -> str:
        assert name.get() == "main"
        name.set(value)
        await asyncio.sleep(0)
        return name.get()

    async def main() -> None:
        name.set("main")
        assert await asyncio.gather(*map(set_and_get, "abc")) == ["a", "b", "c"]
        assert name.get() == "main"
        shared = contextvars.copy_context()
        await asyncio.create_task(set_and_get("shared"), context=shared)
        assert shared[name] == "shared"

    loop.run_until_complete(main())
    assert name.get() == "nobody"


def test_threads_in_groups_and_deadlines(loop: Loop) -> None:
    release = threading.Event()

    def work(number: int) -> int:
        assert release.wait(20)
        return number * 2

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await asyncio.to_thread(work, 0)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(asyncio.to_thread(work, n)) for n in range(4)]
            loop.call_later(0.001, release.set)
        assert [task.result() for task in tasks] == [0, 2, 4, 6]

    loop.run_until_complete(main())


def test_coroutines_come_from_other_threads(loop: Loop) -> None:
    def ask() -> list[Any]:
        answers: list[Any] = [
            asyncio.run_coroutine_threadsafe(after(0, number), loop).result(20)
            for number in range(100)
        ]
        failing = asyncio.run_coroutine_threadsafe(after(0, LookupError("there")), loop)
        with pytest.raises(LookupError, match="there"):
            failing.result(20)
        cancelled = asyncio.run_coroutine_threadsafe(after(1000, None), loop)
        assert cancelled.cancel()
        return answers

    assert loop.run_until_complete(asyncio.to_thread(ask)) == list(range(100))
    assert loop.run_until_complete(after(0, "the cancelled one is gone")) is not None
    assert asyncio.all_tasks(loop) == set()


def test_a_runner_keeps_its_loop_and_context(factory: Callable[[], Loop]) -> None:
    name: contextvars.ContextVar[int] = contextvars.ContextVar("name", default=0)
    ended: list[str] = []

    async def count() -> int:
        name.set(name.get() + 1)
        return name.get()

    async def linger() -> None:
        try:
            await asyncio.sleep(1000)
        finally:
            ended.append("lingered")

    async def leave_one() -> None:
        ended.append("left")
        loop.create_task(linger())
        await asyncio.sleep(0)

    with asyncio.Runner(loop_factory=factory) as runner:
        loop = runner.get_loop()
        assert [runner.run(count()) for _ in range(3)] == [1, 2, 3]
        assert runner.run(count(), context=contextvars.copy_context()) == 1
        runner.run(leave_one())
        assert runner.get_loop() is loop
        assert ended == ["left"]
    assert ended == ["left", "lingered"]
    assert loop.is_closed()


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python 3.12 brought eager tasks")
def test_eager_tasks_in_groups_gathers_and_deadlines(loop: Loop) -> None:
    order: list[str] = []

    async def step(name: str, *, wait: bool) -> str:
        order.append(name)
        if wait:
            await asyncio.sleep(0)
            order.append(f"{name} again")
        return name

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(step("a", wait=True))
            group.create_task(step("b", wait=False))
            order.append("group")
        async with asyncio.timeout(1000):
            names = await asyncio.gather(step("c", wait=False), step("d", wait=True))
            assert list(names) == ["c", "d"]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await asyncio.create_task(asyncio.sleep(1000))

    loop.set_task_factory(vars(asyncio)["eager_task_factory"])
    loop.run_until_complete(main())
    assert order == ["a", "b", "group", "a again", "c", "d", "d again"]
