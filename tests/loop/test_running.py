"""Starting and ending: run, stop, close, and the errors in between."""

from __future__ import annotations

import asyncio
import gc
import sys
import warnings
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


async def answer() -> int:
    await asyncio.sleep(0)
    return 42


def test_run_until_complete_returns_the_result(loop: asyncio.AbstractEventLoop) -> None:
    assert loop.run_until_complete(answer()) == 42
    future: asyncio.Future[str] = loop.create_future()
    loop.call_soon(future.set_result, "done")
    assert loop.run_until_complete(future) == "done"


def test_run_until_complete_raises_the_exception(loop: asyncio.AbstractEventLoop) -> None:
    async def fail() -> None:
        raise LookupError("no")

    with pytest.raises(LookupError, match="no"):
        loop.run_until_complete(fail())


def test_a_loop_that_is_stopped_early_says_so(loop: asyncio.AbstractEventLoop) -> None:
    task = loop.create_task(asyncio.sleep(1000))
    loop.call_soon(loop.stop)
    with pytest.raises(RuntimeError, match="stopped before Future completed"):
        loop.run_until_complete(task)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)


def test_a_running_loop_cannot_be_run_again(loop: asyncio.AbstractEventLoop) -> None:
    async def again() -> None:
        assert loop.is_running()
        coroutine = answer()
        with pytest.raises(RuntimeError, match="This event loop is already running"):
            loop.run_until_complete(coroutine)
        coroutine.close()

    loop.run_until_complete(again())
    assert not loop.is_running()


def test_two_loops_cannot_run_in_one_thread(
    loop: asyncio.AbstractEventLoop, factory: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    other = factory()

    async def nested() -> None:
        coroutine = answer()
        with pytest.raises(RuntimeError, match="while another loop is running"):
            other.run_until_complete(coroutine)
        coroutine.close()

    loop.run_until_complete(nested())
    other.close()


def test_the_running_loop_is_known_while_it_runs(loop: asyncio.AbstractEventLoop) -> None:
    async def current() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    assert loop.run_until_complete(current()) is loop
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_exceptions_that_end_the_program_leave_run_forever(
    loop: asyncio.AbstractEventLoop, kind: type[BaseException]
) -> None:
    ran: list[str] = []

    def end() -> None:
        raise kind

    loop.call_soon(end)
    loop.call_soon(ran.append, "later")
    with pytest.raises(kind):
        loop.run_forever()
    assert not loop.is_running()
    loop.call_soon(loop.stop)
    loop.run_forever()
    assert ran == ["later"]


def test_a_task_that_ends_the_program_is_not_reported_twice(
    loop: asyncio.AbstractEventLoop,
) -> None:
    reported: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: reported.append(context))

    async def end() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop.run_until_complete(end())
    gc.collect()
    assert loop.run_until_complete(answer()) == 42
    assert reported == []


def test_a_running_loop_cannot_be_closed(loop: asyncio.AbstractEventLoop) -> None:
    async def close() -> None:
        with pytest.raises(RuntimeError, match="Cannot close a running event loop"):
            loop.close()

    loop.run_until_complete(close())


def test_whether_it_is_closed_shows_where_libraries_look(loop: asyncio.AbstractEventLoop) -> None:
    assert loop._closed is False  # type: ignore[attr-defined]  # a private name
    loop.close()
    assert loop._closed is True  # type: ignore[attr-defined]  # a private name


def test_a_closed_loop_refuses(factory: Callable[[], asyncio.AbstractEventLoop]) -> None:
    loop = factory()
    assert not loop.is_closed()
    loop.close()
    loop.close()
    assert loop.is_closed()
    attempts: list[Callable[[], object]] = [
        lambda: loop.call_soon(print),
        lambda: loop.call_soon_threadsafe(print),
        lambda: loop.call_later(0, print),
        lambda: loop.call_at(0, print),
        lambda: loop.run_in_executor(None, print),
        lambda: loop.add_reader(0, print),
        lambda: loop.add_writer(0, print),
        loop.run_forever,
    ]
    for attempt in attempts:
        with pytest.raises(RuntimeError, match="Event loop is closed"):
            attempt()
    coroutine = answer()
    with pytest.raises(RuntimeError, match="Event loop is closed"):
        loop.create_task(coroutine)
    coroutine.close()
    assert not loop.remove_reader(0)
    assert not loop.remove_writer(0)


def test_a_loop_that_nobody_closed_warns(
    factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    loop = factory()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del loop
        gc.collect()
    assert any("unclosed event loop" in str(warning.message) for warning in caught)


def test_the_words_for_a_loop(loop: asyncio.AbstractEventLoop) -> None:
    assert "running=False closed=False debug=False" in repr(loop)


def test_what_happens_to_generators_while_it_runs_ends_with_it(
    loop: asyncio.AbstractEventLoop,
) -> None:
    before = sys.get_asyncgen_hooks()
    loop.run_until_complete(answer())
    assert sys.get_asyncgen_hooks() == before


def test_runner_and_run(factory: Callable[[], asyncio.AbstractEventLoop]) -> None:
    with asyncio.Runner(loop_factory=factory) as runner:
        assert runner.run(answer()) == 42
        assert not runner.get_loop().is_closed()


def test_a_future_and_a_task_belong_to_the_loop(loop: asyncio.AbstractEventLoop) -> None:
    future = loop.create_future()
    assert future.get_loop() is loop
    assert type(future) is asyncio.Future
    task = loop.create_task(answer(), name="a name")
    assert type(task) is asyncio.Task
    assert task.get_name() == "a name"
    assert loop.run_until_complete(task) == 42
