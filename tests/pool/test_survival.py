"""What user code may do in a thread of the pool, which goes on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.server.harness import Command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APP = """
import asyncio, contextvars, ctypes, os, sys, threading, time
import anyio
from jebi import BackgroundTasks, Depends, FastAPI

app = FastAPI()
class Odd(BaseException): pass
variable = contextvars.ContextVar("variable", default="unset")
local = threading.local()

@app.get("/name")
def name(): return threading.current_thread().name

@app.get("/exit")
def leave(): sys.exit(3)

@app.get("/odd")
def odd(): raise Odd

@app.get("/interrupt")
def interrupt(): raise KeyboardInterrupt

@app.get("/generator-exit")
def generator_exit(): raise GeneratorExit

@app.get("/stop-iteration")
def stop_iteration(): raise StopIteration("value")

@app.get("/cancelled")
def cancelled(): raise asyncio.CancelledError

@app.get("/recursion")
def recursion():
    def deeper(): return deeper()
    return deeper()

@app.get("/injected")
def injected():
    thread = ctypes.c_ulong(threading.get_ident())
    ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(SystemExit))
    time.sleep(0)

def exits(): sys.exit(4)

@app.get("/background")
def background(tasks: BackgroundTasks): tasks.add_task(exits)

def at_the_end():
    yield
    sys.exit(5)

@app.get("/at-the-end", dependencies=[Depends(at_the_end)])
def whatever(): pass

@app.get("/left-behind")
def left_behind(): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()

@app.get("/asyncio")
def own_loop(): return asyncio.run(asyncio.sleep(0, "asyncio"))

@app.get("/anyio")
def own_anyio():
    async def main(): return await anyio.to_thread.run_sync(str, "anyio")
    return anyio.run(main)

@app.get("/local")
def count():
    local.count = getattr(local, "count", 0) + 1
    return [local.count, threading.current_thread().name]

def sets(): variable.set("dependency")

@app.get("/context", dependencies=[Depends(sets)])
def context(): return variable.get()

@app.get("/fork")
def fork():
    child = os.fork()
    return child if child else "in the child"

def depth(before):
    def deeper(value: int = Depends(before)): return value + 1
    return deeper

deepest = lambda: 0
for _ in range(200):
    deepest = depth(deepest)

@app.get("/deep")
def deep(value: int = Depends(deepest)): return value
"""


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    (tmp_path / "main.py").write_text(APP)
    with Command(tmp_path, "run", "main:app", "--port", "0", "--no-access-log") as command:
        assert command.get("/name") == (200, '"jebi-pool-1"')
        yield command
        assert command.get("/name") == (200, '"jebi-pool-1"')


def test_whatever_a_handler_raises_is_an_answer(command: Command) -> None:
    paths = ["exit", "odd", "interrupt", "generator-exit", "stop-iteration", "cancelled"]
    for path in [*paths, "recursion", "injected"]:
        assert command.get(f"/{path}") == (500, "Internal Server Error"), path


def test_what_is_raised_after_the_answer_is_logged(command: Command) -> None:
    for path, number in (("background", 4), ("at-the-end", 5)):
        assert command.get(f"/{path}") == (200, "null")
        command.wait_for(f"^SystemExit: {number}$")


def test_event_loops_of_its_own(command: Command) -> None:
    assert command.get("/asyncio") == (200, '"asyncio"')
    assert command.get("/anyio") == (200, '"anyio"')


def test_values_of_a_thread_stay_and_those_of_a_context_do_not(command: Command) -> None:
    assert [command.get("/local")[1] for _ in range(2)] == [
        f'[{count},"jebi-pool-1"]' for count in (1, 2)
    ]
    assert command.get("/context") == (200, '"dependency"')


def test_threads_that_are_left_behind_and_long_chains(command: Command) -> None:
    assert command.get("/left-behind")[0] == 200
    assert command.get("/deep") == (200, "200")


def test_a_child_that_returns_ends_and_answers_nobody(command: Command) -> None:
    status, child = command.get("/fork")
    assert status == 200
    # Ends by itself, and is then taken note of by its parent alone.
    while os.path.exists(f"/proc/{child}") and "Z (zombie)" not in _status(child):
        os.sched_yield()


def _status(pid: str) -> str:
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return status.read()
