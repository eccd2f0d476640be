"""The default executor: what ``run_in_executor`` promises, and what asyncio's looks like."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import gc
import os
import subprocess
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

import jebi.loop

if TYPE_CHECKING:
    from collections.abc import Callable

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


def thread_name() -> str:
    return threading.current_thread().name


def raise_it(error: BaseException) -> NoReturn:
    raise error


class Gate:
    """Holds threads up until it opens, and tells that they came."""

    def __init__(self) -> None:
        self.came = threading.Semaphore(0)
        self.open = threading.Event()

    def pass_through(self) -> str:
        self.came.release()
        assert self.open.wait(10)
        return thread_name()


def test_it_is_a_thread_pool(loop: asyncio.AbstractEventLoop) -> None:
    name = loop.run_until_complete(loop.run_in_executor(None, thread_name))
    executor: Any = loop._default_executor  # type: ignore[attr-defined]  # a private name
    assert name == "asyncio_0"
    assert isinstance(executor, concurrent.futures.ThreadPoolExecutor)
    assert executor._max_workers == min(32, (os.cpu_count() or 1) + 4)
    assert [thread.name for thread in executor._threads] == ["asyncio_0"]
    assert executor._work_queue.qsize() == 0


def test_a_call_begins_while_the_callback_that_made_it_waits(
    loop: asyncio.AbstractEventLoop,
) -> None:
    begun = threading.Event()

    async def main() -> None:
        future = loop.run_in_executor(None, begun.set)
        assert begun.wait(10)
        await future

    loop.run_until_complete(main())


def test_a_call_begins_before_the_loop_runs(loop: asyncio.AbstractEventLoop) -> None:
    begun = threading.Event()
    future = loop.run_in_executor(None, begun.set)
    assert begun.wait(10)
    assert loop.run_until_complete(future) is None


def test_calls_block_one_another_only_at_the_limit(loop: asyncio.AbstractEventLoop) -> None:
    gate = Gate()
    limit = min(32, (os.cpu_count() or 1) + 4)

    async def main() -> set[str]:
        futures = [loop.run_in_executor(None, gate.pass_through) for _ in range(limit + 3)]
        for _ in range(limit):
            assert gate.came.acquire(timeout=10)
        assert not gate.came.acquire(blocking=False)
        gate.open.set()
        return set(await asyncio.gather(*futures))

    assert loop.run_until_complete(main()) == {f"asyncio_{number}" for number in range(limit)}


def test_a_free_thread_is_used_again(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> set[str]:
        return {await loop.run_in_executor(None, thread_name) for _ in range(20)}

    assert loop.run_until_complete(main()) <= {"asyncio_0", "asyncio_1"}


def test_a_call_that_blocks_does_not_keep_others_waiting(loop: asyncio.AbstractEventLoop) -> None:
    gate = Gate()

    async def main() -> list[int]:
        warm = [loop.run_in_executor(None, int) for _ in range(4)]
        await asyncio.gather(*warm)
        blocked = loop.run_in_executor(None, gate.pass_through)
        results = await asyncio.gather(*[loop.run_in_executor(None, int, n) for n in range(50)])
        assert not blocked.done()
        gate.open.set()
        await blocked
        return results

    assert loop.run_until_complete(main()) == list(range(50))


def test_results_come_in_the_order_of_completion(loop: asyncio.AbstractEventLoop) -> None:
    done: list[int] = []

    async def main() -> None:
        begun = threading.Event()
        second = loop.run_in_executor(None, begun.wait, 10)
        second.add_done_callback(lambda _: done.append(2))
        first = loop.run_in_executor(None, int)
        first.add_done_callback(lambda _: done.append(1))
        await first
        begun.set()
        await second

    loop.run_until_complete(main())
    assert done == [1, 2]


def test_the_callers_context_stays_behind(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> str:
        variable.set("of the caller")
        return await loop.run_in_executor(None, variable.get)

    assert loop.run_until_complete(main()) == "unset"


def test_what_was_cancelled_before_it_began_is_not_called(
    loop: asyncio.AbstractEventLoop,
) -> None:
    gate = Gate()
    called: list[int] = []
    limit = min(32, (os.cpu_count() or 1) + 4)

    async def main() -> None:
        busy = [loop.run_in_executor(None, gate.pass_through) for _ in range(limit)]
        waiting = loop.run_in_executor(None, called.append, 1)
        for _ in range(limit):
            assert gate.came.acquire(timeout=10)
        waiting.cancel()
        await asyncio.sleep(0)
        gate.open.set()
        await asyncio.gather(*busy)
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await loop.run_in_executor(None, int)

    loop.run_until_complete(main())
    assert called == []


def test_a_result_that_nobody_awaits_any_more_is_dropped(loop: asyncio.AbstractEventLoop) -> None:
    gate = Gate()
    reported: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: reported.append(context))

    async def main() -> None:
        future = loop.run_in_executor(None, gate.pass_through)
        assert gate.came.acquire(timeout=10)
        future.cancel()
        await asyncio.sleep(0)
        gate.open.set()
        await loop.shutdown_default_executor()
        await asyncio.sleep(0)

    loop.run_until_complete(main())
    assert reported == []


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (concurrent.futures.CancelledError("a"), asyncio.CancelledError),
        (concurrent.futures.InvalidStateError("a"), asyncio.InvalidStateError),
        (TimeoutError("a"), TimeoutError),
        (GeneratorExit("a"), GeneratorExit),
    ],
)
def test_exceptions_are_asyncios(
    loop: asyncio.AbstractEventLoop, raised: BaseException, expected: type[BaseException]
) -> None:
    async def main() -> BaseException:
        future = loop.run_in_executor(None, raise_it, raised)
        await asyncio.wait([future])
        error = future.exception()
        assert error is not None
        return error

    error = loop.run_until_complete(main())
    assert type(error) is expected
    assert error.args == ("a",)


def test_a_stop_iteration_does_not_look_like_an_end() -> None:
    async def main() -> None:
        future = asyncio.get_running_loop().run_in_executor(None, raise_it, StopIteration())
        with pytest.raises(RuntimeError, match="StopIteration") as caught:
            await future
        assert isinstance(caught.value.__cause__, StopIteration)

    jebi.loop.run(main())


@pytest.mark.parametrize("stop", [SystemExit, KeyboardInterrupt])
def test_what_ends_the_program_comes_home(
    loop: asyncio.AbstractEventLoop, stop: type[BaseException]
) -> None:
    async def main() -> None:
        await loop.run_in_executor(None, raise_it, stop())

    with pytest.raises(stop):
        loop.run_until_complete(main())


def test_others_may_submit_too(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_until_complete(loop.run_in_executor(None, int))
    executor: Any = loop._default_executor  # type: ignore[attr-defined]  # a private name
    assert executor.submit(int, "12", base=3).result(10) == 5
    assert list(executor.map(int, "123")) == [1, 2, 3]
    with pytest.raises(LookupError):
        executor.submit(raise_it, LookupError()).result(10)


def test_shutting_down_finishes_what_waits(loop: asyncio.AbstractEventLoop) -> None:
    ran: list[int] = []
    limit = min(32, (os.cpu_count() or 1) + 4)
    gate = Gate()

    async def main() -> None:
        for _ in range(limit):
            loop.run_in_executor(None, gate.pass_through)
        futures = [loop.run_in_executor(None, ran.append, number) for number in range(10)]
        loop.call_soon(gate.open.set)
        await loop.shutdown_default_executor()
        await asyncio.gather(*futures)

    loop.run_until_complete(main())
    assert sorted(ran) == list(range(10))
    threads = {thread.name for thread in threading.enumerate()}
    assert not any(name.startswith("asyncio_") for name in threads)


def test_shutting_down_may_cancel_what_waits(loop: asyncio.AbstractEventLoop) -> None:
    ran: list[int] = []
    limit = min(32, (os.cpu_count() or 1) + 4)
    gate = Gate()

    async def main() -> None:
        for _ in range(limit):
            loop.run_in_executor(None, gate.pass_through)
            assert gate.came.acquire(timeout=10)
        waiting = loop.run_in_executor(None, ran.append, 1)
        executor: Any = loop._default_executor  # type: ignore[attr-defined]  # a private name
        submitted = executor.submit(ran.append, 2)
        executor.shutdown(wait=False, cancel_futures=True)
        assert submitted.cancelled()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        with pytest.raises(RuntimeError, match="cannot schedule new futures after shutdown"):
            executor.submit(int)
        with pytest.raises(RuntimeError, match="cannot schedule new futures after shutdown"):
            loop.run_in_executor(None, int)
        gate.open.set()

    loop.run_until_complete(main())
    assert ran == []


def test_a_closed_loop_hears_of_no_result(factory: Callable[[], Any]) -> None:
    loop = factory()
    gate = Gate()
    future = loop.run_in_executor(None, gate.pass_through)
    assert gate.came.acquire(timeout=10)
    executor = loop._default_executor
    loop.close()
    gate.open.set()
    executor.shutdown(wait=True)
    assert not future.done()


def test_threads_end_with_an_executor_that_is_forgotten() -> None:
    loop: Any = jebi.loop.new_event_loop()
    loop.run_until_complete(loop.run_in_executor(None, int))
    executor, loop._default_executor = loop._default_executor, None
    loop.close()
    [thread] = executor._threads
    del executor, loop
    gc.collect()
    thread.join(10)
    assert not thread.is_alive()


def test_nothing_is_kept_of_a_call_that_is_done() -> None:
    class Thing:
        def call(self, *_: object) -> None: ...

    async def main() -> weakref.ref[Thing]:
        thing = Thing()
        await asyncio.get_running_loop().run_in_executor(None, thing.call, thing)
        return weakref.ref(thing)

    with asyncio.Runner(loop_factory=jebi.loop.new_event_loop) as runner:
        assert runner.run(main())() is None


def test_a_function_and_its_loop_can_be_collected_before_it_began() -> None:
    class Thing:
        def call(self) -> None: ...

    gate = Gate()
    loop: Any = jebi.loop.new_event_loop()
    limit = min(32, (os.cpu_count() or 1) + 4)
    for _ in range(limit):
        loop.run_in_executor(None, gate.pass_through)
    thing = Thing()
    thing.future = loop.run_in_executor(None, thing.call)  # type: ignore[attr-defined]  # a cycle
    alive = weakref.ref(thing)
    executor = loop._default_executor
    loop.close()
    del loop, thing
    gate.open.set()
    executor.shutdown(wait=True)
    gc.collect()
    assert alive() is None


LEAVES_THREADS = """
import asyncio, sys, threading, time
if {ours}:
    from jebi.loop import new_event_loop
else:
    from asyncio import SelectorEventLoop as new_event_loop

def work():
    begun.set()
    time.sleep(0.05)
    print("finished", flush=True)

begun = threading.Event()
loop = new_event_loop()
future = loop.run_in_executor(None, work)
begun.wait()
print("leaving", flush=True)
"""


@pytest.mark.parametrize("ours", [True, False])
def test_the_interpreter_waits_for_what_runs(ours: bool) -> None:
    command = [sys.executable, "-W", "ignore", "-c", LEAVES_THREADS.format(ours=ours)]
    same_jebi = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=same_jebi)
    assert (done.stdout, done.stderr) == ("leaving\nfinished\n", "")


def test_many_calls_from_many_tasks(loop: asyncio.AbstractEventLoop) -> None:
    async def one(number: int) -> list[int]:
        return [await loop.run_in_executor(None, int, number) for _ in range(50)]

    async def main() -> list[list[int]]:
        return await asyncio.gather(*[one(number) for number in range(40)])

    assert loop.run_until_complete(main()) == [[number] * 50 for number in range(40)]
