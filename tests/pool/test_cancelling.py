"""Cancel scopes reach into calls that the pool runs just as far as into AnyIO's own threads."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import anyio
import anyio.from_thread
import anyio.to_thread
import pytest

import jebi.loop
from jebi._pool import ThreadPool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from jebi.loop import Loop

Runner = Any

CANCELLED = (asyncio.CancelledError, concurrent.futures.CancelledError)


@pytest.fixture
def loop() -> Iterator[Loop]:
    loop = jebi.loop.new_event_loop()
    try:
        yield loop
    finally:
        ThreadPool.of(loop).close()
        loop.close()


@pytest.fixture(params=["run", "run_in", "anyio"])
def runner(request: pytest.FixtureRequest, loop: Loop) -> Runner:
    """Ways to run a call in a thread, AnyIO's own to compare with."""
    pool = ThreadPool.of(loop)

    async def run_in(call: Callable[[], Any]) -> Any:
        return await pool.run_in(contextvars.copy_context(), call, {})

    return {"run": pool.run, "run_in": run_in, "anyio": anyio.to_thread.run_sync}[request.param]


def complete(loop: Loop, scenario: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(20):
            await scenario()

    loop.run_until_complete(main())


class Waiting:
    """A call that waits on the loop, and what it saw there."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.seen: BaseException | None = None

    def __call__(self) -> str:
        self.begun.set()
        try:
            anyio.from_thread.run(anyio.sleep_forever)
        except CANCELLED as error:
            self.seen = error
            raise
        return "never"

    async def has_begun(self) -> None:
        while not self.begun.is_set():
            await asyncio.sleep(0.001)


def test_what_waits_on_the_loop_is_cancelled_with_the_scope(loop: Loop, runner: Runner) -> None:
    waiting = Waiting()

    async def scenario() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(runner, waiting)
            await waiting.has_begun()
            group.cancel_scope.cancel()
        assert type(waiting.seen).__name__ == "CancelledError"

    complete(loop, scenario)


def test_a_deadline_ends_it(loop: Loop, runner: Runner) -> None:
    waiting = Waiting()

    def survives() -> str:
        with pytest.raises(CANCELLED):
            waiting()
        return "cleaned up"

    async def scenario() -> None:
        with anyio.move_on_after(0.05) as scope:
            assert await runner(survives) == "cleaned up"
            await anyio.sleep(0)
        assert scope.cancelled_caught
        assert waiting.seen is not None

    complete(loop, scenario)


def test_a_shield_protects_it(loop: Loop, runner: Runner) -> None:
    begun = threading.Event()

    async def scenario() -> None:
        answer = asyncio.Event()

        def call() -> str:
            begun.set()
            anyio.from_thread.run(answer.wait)
            return "answered"

        async with anyio.create_task_group() as group:

            async def shielded() -> None:
                with anyio.CancelScope(shield=True):
                    assert await runner(call) == "answered"

            group.start_soon(shielded)
            while not begun.is_set():
                await asyncio.sleep(0.001)
            group.cancel_scope.cancel()
            with anyio.CancelScope(shield=True):
                for _ in range(10):
                    await asyncio.sleep(0)
            answer.set()

    complete(loop, scenario)


def test_a_call_can_ask_whether_it_was_cancelled(loop: Loop, runner: Runner) -> None:
    asked, cancelled = threading.Event(), threading.Event()

    def call() -> str:
        anyio.from_thread.check_cancelled()
        asked.set()
        assert cancelled.wait(20)
        with pytest.raises(CANCELLED) as caught:
            anyio.from_thread.check_cancelled()
        return type(caught.value).__name__

    async def scenario() -> None:
        with anyio.CancelScope() as scope:
            task = asyncio.current_task()
            assert task is not None

            async def cancel() -> None:
                while not asked.is_set():
                    await asyncio.sleep(0.001)
                scope.cancel()
                cancelled.set()

            other = asyncio.ensure_future(cancel())
            assert await runner(call) == "CancelledError"
            await other

    complete(loop, scenario)


def test_below_no_scope_nothing_was_cancelled(loop: Loop) -> None:
    async def scenario() -> None:
        pool = ThreadPool.of(loop)
        waiting = Waiting()
        with anyio.CancelScope() as scope:
            scope.cancel()
            with pytest.raises(asyncio.CancelledError):
                await pool.run(waiting)
        assert not waiting.begun.is_set()
        await pool.run(anyio.from_thread.check_cancelled)

    complete(loop, scenario)


def test_the_next_call_of_a_thread_is_below_another_scope(loop: Loop) -> None:
    async def scenario() -> None:
        pool = ThreadPool.of(loop)
        threads = set()

        def survives() -> None:
            threads.add(threading.current_thread())
            with pytest.raises(CANCELLED):
                anyio.from_thread.run(anyio.sleep_forever)

        def asks() -> None:
            threads.add(threading.current_thread())
            anyio.from_thread.check_cancelled()

        with anyio.move_on_after(0.01):
            await pool.run(survives)
        await pool.run(asks)
        assert len(threads) == 1

    complete(loop, scenario)


def test_a_scope_does_not_wait_for_a_thread_to_be_free(loop: Loop, runner: Runner) -> None:
    begun, release, ran = threading.Event(), threading.Event(), threading.Event()

    def call() -> None:
        begun.set()
        release.wait()

    async def scenario() -> None:
        anyio.to_thread.current_default_thread_limiter().total_tokens = 1
        blocked = asyncio.ensure_future(runner(call))
        while not begun.is_set():
            await asyncio.sleep(0.001)
        with anyio.move_on_after(0.01) as scope:
            await runner(ran.set)
        assert scope.cancelled_caught
        release.set()
        await blocked
        await runner(int)
        assert not ran.is_set()

    complete(loop, scenario)


def test_asyncio_ends_the_wait_at_once(loop: Loop, runner: Runner) -> None:
    begun, release = threading.Event(), threading.Event()

    def call() -> None:
        begun.set()
        release.wait()

    async def scenario() -> None:
        for below in (False, True):
            begun.clear()
            release.clear()

            async def run(below: bool = below) -> None:
                with anyio.CancelScope() if below else nullcontext():
                    await runner(call)

            task = asyncio.ensure_future(run())
            while not begun.is_set():
                await asyncio.sleep(0.001)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            release.set()

    complete(loop, scenario)


def test_what_a_call_raises_below_a_scope_comes_out(loop: Loop, runner: Runner) -> None:
    def call() -> None:
        raise ValueError("of the call")

    async def scenario() -> None:
        with anyio.CancelScope(), pytest.raises(ValueError, match="of the call"):
            await runner(call)

    complete(loop, scenario)
