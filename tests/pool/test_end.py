"""How a pool ends, in order or with the interpreter."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
import weakref
from typing import TYPE_CHECKING

import pytest

import jebi.loop
from jebi._pool import ThreadPool

if TYPE_CHECKING:
    from tests.pool.harness import Bench


def names() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("jebi-pool")}


def test_shutdown_waits_for_what_runs_and_refuses_what_waits(bench: Bench) -> None:
    bench.pool.set_limit(1)
    begun, release = threading.Event(), threading.Event()

    def call() -> str:
        begun.set()
        release.wait()
        return "finished"

    async def scenario() -> None:
        running, waiting = bench.submit(call), bench.submit(int)
        while not begun.is_set():
            await asyncio.sleep(0)
        threading.Timer(0.01, release.set).start()
        bench.pool.shutdown()
        assert await running == "finished"
        with pytest.raises(RuntimeError, match="shut down"):
            await waiting
        with pytest.raises(RuntimeError, match="shut down"):
            await bench.submit(int)

    bench.run(scenario)
    assert bench.pool.threads == 0
    assert not names()


def test_shutdown_does_not_wait_for_ever(bench: Bench) -> None:
    release = threading.Event()

    async def scenario() -> None:
        future = bench.submit(release.wait)
        await bench.submit(int)
        bench.pool.shutdown(0.01)
        assert not future.done()
        release.set()
        bench.pool.shutdown()
        assert future.done()

    bench.run(scenario)


def test_patience_for_longer_than_clocks_can_tell(bench: Bench) -> None:
    async def scenario() -> None:
        await bench.submit(int)
        bench.pool.shutdown(1e19)

    bench.run(scenario)
    assert bench.pool.threads == 0


def test_shutdown_of_a_pool_that_never_worked(bench: Bench) -> None:
    bench.pool.shutdown()
    assert bench.pool.threads == 0


def test_the_threads_end_with_the_loop() -> None:
    loop = jebi.loop.new_event_loop()

    async def scenario() -> threading.Thread:
        pool = ThreadPool.of(loop)
        assert ThreadPool.of(loop) is pool
        return await pool.run(threading.current_thread)

    thread = loop.run_until_complete(scenario())
    loop.close()
    thread.join()


def test_a_pool_keeps_no_loop_alive() -> None:
    loop = jebi.loop.new_event_loop()
    alive = weakref.ref(loop)
    ThreadPool.of(loop)
    loop.close()
    del loop
    gc.collect()
    assert alive() is None


FORGOTTEN = """
import asyncio, contextvars, threading, time
import jebi.loop
from jebi._engine import Pool

begun = threading.Event()

def call():
    begun.set()
    {call}

async def main():
    pool = Pool(asyncio.get_running_loop(), 4)
    pool.submit(call, contextvars.copy_context())
    while not begun.is_set():
        await asyncio.sleep(0)

loop = jebi.loop.new_event_loop()
loop.run_until_complete(main())
print("over", flush=True)
"""


@pytest.mark.parametrize(
    "call", ["while True: pass", "while True: time.sleep(0.001)", "threading.Event().wait()"]
)
def test_the_interpreter_ends_while_a_call_runs(call: str) -> None:
    program = [sys.executable, "-c", FORGOTTEN.format(call=call)]
    outcome = subprocess.run(program, capture_output=True, text=True, timeout=20)
    assert (outcome.returncode, outcome.stdout) == (0, "over\n"), outcome.stderr
