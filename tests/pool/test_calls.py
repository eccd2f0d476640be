"""What a call sees in its thread, and what comes back from it."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import TYPE_CHECKING, Any

import anyio
import anyio.from_thread
import pytest

from jebi._pool import ThreadPool

if TYPE_CHECKING:
    from tests.pool.harness import Bench

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


def raising(error: BaseException) -> Any:
    def call() -> None:
        raise error

    return call


def test_a_call_runs_in_a_daemonic_thread_with_a_name(bench: Bench) -> None:
    async def scenario() -> None:
        thread = await bench.submit(threading.current_thread)
        assert isinstance(thread, threading.Thread)
        assert thread.name == "jebi-pool-1"
        assert thread.daemon
        assert thread in threading.enumerate()
        assert bench.pool.threads == 1

    bench.run(scenario)


def test_a_call_shares_the_context_of_its_request(bench: Bench) -> None:
    context = contextvars.copy_context()
    context.run(variable.set, "of the request")

    async def scenario() -> None:
        assert await bench.pool.submit(variable.get, context) == "of the request"
        await bench.pool.submit(lambda: variable.set("of a dependency"), context)
        assert await bench.pool.submit(variable.get, context) == "of a dependency"

    bench.run(scenario)
    assert context[variable] == "of a dependency"
    assert variable.get() == "unset"


def test_two_calls_at_once_in_one_context(bench: Bench) -> None:
    context = contextvars.copy_context()
    context.run(variable.set, "of the request")
    barrier = threading.Barrier(2)

    def call() -> str:
        barrier.wait()
        return variable.get()

    async def scenario() -> None:
        futures = [bench.pool.submit(call, context) for _ in range(2)]
        assert await asyncio.gather(*futures) == ["of the request"] * 2

    bench.run(scenario)


@pytest.mark.parametrize("error", [ValueError("wrong"), SystemExit(3), KeyboardInterrupt()])
def test_whatever_is_raised_is_a_result(bench: Bench, error: BaseException) -> None:
    async def scenario() -> None:
        future = bench.submit(raising(error))
        await asyncio.wait([future])
        assert future.exception() is error
        assert error.__traceback__ is not None
        assert error.__traceback__.tb_frame.f_code.co_name == "call"
        # The thread lives on.
        assert await bench.submit(lambda: threading.current_thread().name) == "jebi-pool-1"

    bench.run(scenario)


def test_stop_iteration_does_not_end_whoever_awaits(bench: Bench) -> None:
    error = StopIteration("value")

    async def scenario() -> None:
        with pytest.raises(RuntimeError, match="StopIteration") as caught:
            await bench.submit(raising(error))
        assert caught.value.__cause__ is error

    bench.run(scenario)


def test_something_else_than_a_context_is_an_error(bench: Bench) -> None:
    async def scenario() -> None:
        not_a_context: Any = "context"
        with pytest.raises(TypeError):
            await bench.pool.submit(int, not_a_context)

    bench.run(scenario)


def test_a_call_that_was_cancelled_in_time_is_not_run(bench: Bench) -> None:
    ran = threading.Event()

    async def scenario() -> None:
        bench.pool.set_limit(1)
        release = threading.Event()
        blocked = bench.submit(release.wait)
        cancelled = bench.submit(ran.set)
        await asyncio.sleep(0)
        cancelled.cancel()
        release.set()
        await blocked
        await bench.submit(int)

    bench.run(scenario)
    assert not ran.is_set()


def test_a_call_can_ask_the_loop(bench: Bench) -> None:
    async def on_the_loop() -> str:
        await asyncio.sleep(0)
        return threading.current_thread().name

    async def scenario() -> None:
        name = await bench.submit(lambda: anyio.from_thread.run(on_the_loop))
        assert name == threading.current_thread().name

    bench.run(scenario)


def test_coroutines_pass_arguments_and_a_copy_of_their_context(bench: Bench) -> None:
    def call(first: int, *, second: int) -> tuple[int, int, str]:
        value = variable.get()
        variable.set("of the call")
        return first, second, value

    async def scenario() -> None:
        pool = ThreadPool(bench.loop)
        try:
            variable.set("of the coroutine")
            assert await pool.run(call, 1, second=2) == (1, 2, "of the coroutine")
            assert variable.get() == "of the coroutine"
            assert await pool.run("a,b".split, ",") == ["a", "b"]
        finally:
            pool.close()

    bench.run(scenario)


def test_a_cancel_scope_waits_for_the_call(bench: Bench) -> None:
    begun, release, finished = threading.Event(), threading.Event(), threading.Event()

    def call() -> None:
        begun.set()
        release.wait()
        finished.set()

    async def scenario() -> None:
        pool = ThreadPool(bench.loop)
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(pool.run, call)
                while not begun.is_set():
                    await asyncio.sleep(0)
                group.cancel_scope.cancel()
                release.set()
            assert finished.is_set()
        finally:
            pool.close()

    bench.run(scenario)
