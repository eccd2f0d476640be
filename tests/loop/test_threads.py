"""Other threads: ``call_soon_threadsafe`` and executors."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import functools
import threading
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


def test_another_thread_wakes_a_loop_that_sleeps(loop: asyncio.AbstractEventLoop) -> None:
    sleeping = threading.Event()

    def wake() -> None:
        sleeping.wait()
        loop.call_soon_threadsafe(loop.stop)

    thread = threading.Thread(target=wake)
    thread.start()
    loop.call_soon(sleeping.set)
    loop.run_forever()
    thread.join()


def test_many_threads_lose_nothing(loop: asyncio.AbstractEventLoop) -> None:
    ran: list[tuple[int, int]] = []

    def schedule(name: int) -> None:
        for number in range(200):
            loop.call_soon_threadsafe(ran.append, (name, number))
        loop.call_soon_threadsafe(finished.release)

    finished = threading.Semaphore(0)
    threads = [threading.Thread(target=schedule, args=(name,)) for name in range(8)]

    def stop_when_done() -> None:
        if len(ran) == 1600:
            loop.stop()
        else:
            loop.call_later(0.001, stop_when_done)

    loop.call_soon(stop_when_done)
    for thread in threads:
        thread.start()
    loop.run_forever()
    for thread in threads:
        thread.join()
    for name in range(8):
        assert [number for who, number in ran if who == name] == list(range(200))


def test_in_its_own_thread_it_keeps_the_order(loop: asyncio.AbstractEventLoop) -> None:
    ran: list[str] = []
    loop.call_soon(ran.append, "first")
    loop.call_soon_threadsafe(ran.append, "second")
    loop.call_soon(ran.append, "third")
    loop.call_soon(loop.stop)
    loop.run_forever()
    assert ran == ["first", "second", "third"]


def test_run_in_executor(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> tuple[int, str]:
        here = threading.get_ident()
        there = await loop.run_in_executor(None, threading.get_ident)
        assert there != here
        with concurrent.futures.ThreadPoolExecutor(1, "own") as own:
            name = await loop.run_in_executor(own, lambda: threading.current_thread().name)
        return there, name

    _, name = loop.run_until_complete(main())
    assert name.startswith("own")


def test_an_exception_comes_back(loop: asyncio.AbstractEventLoop) -> None:
    def fail() -> None:
        raise LookupError("over there")

    with pytest.raises(LookupError, match="over there"):
        loop.run_until_complete(loop.run_in_executor(None, fail))


def test_the_default_executor_can_be_replaced(loop: asyncio.AbstractEventLoop) -> None:
    with pytest.raises(TypeError, match="executor must be ThreadPoolExecutor"):
        loop.set_default_executor("spam")  # type: ignore[arg-type]  # wrong on purpose
    loop.set_default_executor(concurrent.futures.ThreadPoolExecutor(1, "mine"))
    name = loop.run_until_complete(
        loop.run_in_executor(None, lambda: threading.current_thread().name)
    )
    assert name.startswith("mine")


def test_the_default_executor_is_shut_down(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_until_complete(loop.run_in_executor(None, int))
    loop.run_until_complete(loop.shutdown_default_executor())
    with pytest.raises(RuntimeError, match="Executor shutdown has been called"):
        loop.run_in_executor(None, int)


def test_to_thread_carries_the_context(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> str:
        variable.set("carried")
        return await asyncio.to_thread(variable.get)

    assert loop.run_until_complete(main()) == "carried"


def test_a_loop_runs_in_another_thread(
    factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    loop = factory()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def main() -> int:
        await asyncio.sleep(0)
        return threading.get_ident()

    assert asyncio.run_coroutine_threadsafe(main(), loop).result() == thread.ident
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_a_thread_gets_its_turn_while_native_callbacks_never_end(
    loop: asyncio.AbstractEventLoop,
) -> None:
    """Its calls go from native code to native code: no bytecode gives way to the thread."""
    forever = functools.partial(loop.call_soon)
    forever.__setstate__((loop.call_soon, (forever,), {}, None))  # type: ignore[attr-defined]  # partial has it
    thread = threading.Thread(target=loop.call_soon_threadsafe, args=(loop.stop,))
    loop.call_soon(forever)
    loop.call_soon(thread.start)
    loop.run_forever()
    thread.join()
