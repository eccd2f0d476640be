"""What a loop does with itself: ``python -m bench.loop.work FACTORY NAME SECONDS``.

Prints one line of JSON: operations, seconds and processor seconds, those of threads and of child
processes included, or what is missing. Every piece of work checks that all of it was done.
"""

from __future__ import annotations

import asyncio
import json
import queue
import sys
import threading
import time
from dataclasses import dataclass
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import TYPE_CHECKING

from bench.loop.factory import load

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

TOGETHER = 100
"""How many callbacks, timers or tasks are made at once."""

MANY = 100 * TOGETHER
"""How many timers come due together."""

WARM_UP = 0.1
"""How long work warms up, as a share of the time that is measured."""


@dataclass(frozen=True)
class Turn:
    """One piece of work: does some operations and says how many."""

    title: str
    run: Callable[[], Awaitable[int]]


async def call_soon() -> int:
    """A hundred callbacks in one iteration."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    called = 0

    def callback() -> None:
        nonlocal called
        called += 1

    for _ in range(TOGETHER):
        loop.call_soon(callback)
    loop.call_soon(done.set)
    await done.wait()
    return _all(called)


async def iterations() -> int:
    """A callback that schedules the next one: an iteration for each."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    called = 0

    def callback() -> None:
        nonlocal called
        called += 1
        if called < TOGETHER:
            loop.call_soon(callback)
        else:
            done.set()

    loop.call_soon(callback)
    await done.wait()
    return _all(called)


async def call_later() -> int:
    """Timers that come due, more of them in a millisecond than any loop can call in one.

    With fewer, how many a second would be a matter of the millisecond that all of them wait.
    """
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    called = 0

    def callback() -> None:
        nonlocal called
        called += 1
        if called == MANY:
            done.set()

    for _ in range(MANY):
        loop.call_later(0.001, callback)
    await done.wait()
    return _all(called, MANY)


async def cancelled() -> int:
    """Timers that are cancelled before they come due, as most timeouts are."""
    loop = asyncio.get_running_loop()
    handles = [loop.call_later(10, print) for _ in range(TOGETHER)]
    for handle in handles:
        handle.cancel()
    await asyncio.sleep(0)
    return _all(sum(handle.cancelled() for handle in handles))


async def _nothing(number: int) -> int:
    return number


async def create_task() -> int:
    """Tasks, one after the other."""
    loop = asyncio.get_running_loop()
    return _all(sum([await loop.create_task(_nothing(1)) for _ in range(TOGETHER)]))


async def gather() -> int:
    """A hundred tasks at once, each of which waits a moment."""
    await asyncio.gather(*(asyncio.sleep(0) for _ in range(TOGETHER)))
    return len(await asyncio.gather(*map(_nothing, range(TOGETHER)))) * 2


async def call_soon_threadsafe() -> int:
    """From a thread to the loop and back."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    answers: queue.SimpleQueue[int] = queue.SimpleQueue()
    received = 0

    def ask() -> None:
        nonlocal received
        for number in range(TOGETHER):
            loop.call_soon_threadsafe(answers.put, number)
            received += answers.get() == number
        loop.call_soon_threadsafe(done.set)

    thread = threading.Thread(target=ask)
    thread.start()
    await done.wait()
    thread.join()
    return _all(received)


async def run_in_executor() -> int:
    """From the loop to a thread and back."""
    loop = asyncio.get_running_loop()
    return _all(sum([await loop.run_in_executor(None, int, 1) for _ in range(TOGETHER)]))


async def spawn() -> int:
    """A child process that does nothing, and its end."""
    child = await asyncio.create_subprocess_exec("/bin/true")
    if await child.wait() != 0:
        raise RuntimeError("the child process failed")
    return 1


def _all(done: int, of: int = TOGETHER) -> int:
    if done != of:
        raise RuntimeError(f"{done} of {of} operations were done")
    return done


WORK = {
    "call_soon": Turn("call_soon, 100 an iteration", call_soon),
    "iteration": Turn("call_soon, 1 an iteration", iterations),
    "call_later": Turn("call_later", call_later),
    "cancel": Turn("call_later and cancel", cancelled),
    "create_task": Turn("create_task", create_task),
    "gather": Turn("gather, 100 tasks", gather),
    "call_soon_threadsafe": Turn("call_soon_threadsafe, round trip", call_soon_threadsafe),
    "run_in_executor": Turn("run_in_executor, round trip", run_in_executor),
    "spawn": Turn("child process", spawn),
}


def _processor_seconds() -> float:
    usages = getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


async def measure(name: str, seconds: float) -> dict[str, float]:
    """Warms up, then repeats the work until the time is over."""
    run = WORK[name].run
    end = time.perf_counter() + seconds * WARM_UP
    while time.perf_counter() < end:
        await run()
    operations, before, start = 0, _processor_seconds(), time.perf_counter()
    while time.perf_counter() < start + seconds:
        operations += await run()
    elapsed = time.perf_counter() - start
    processor = _processor_seconds() - before
    return {"operations": operations, "seconds": elapsed, "processor_seconds": processor}


async def main(name: str, seconds: float) -> None:
    """Prints the result."""
    result: dict[str, object]
    try:
        result = dict(await measure(name, seconds))
    except (NotImplementedError, AttributeError) as error:
        result = {"missing": repr(error)}
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=load(sys.argv[1])) as runner:
        runner.run(main(sys.argv[2], float(sys.argv[3])))
