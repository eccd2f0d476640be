"""Threads that the system refuses, or that end before they take what they were started for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.server.harness import Command

if TYPE_CHECKING:
    from pathlib import Path

APP = """
import resource, threading
from jebi import FastAPI

app = FastAPI()
release = threading.Event()
KEPT = resource.getrlimit(resource.RLIMIT_AS)
{hook}

@app.get("/refuse")
async def refuse():
    # Stacks for which there is no room: the system refuses threads, and nothing else.
    threading.stack_size(1 << 30)
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 28), KEPT[1]))

@app.get("/allow")
async def allow():
    resource.setrlimit(resource.RLIMIT_AS, KEPT)
    threading.stack_size(0)

@app.get("/release")
async def set_release():
    release.set()

@app.get("/wait")
def wait():
    print("waiting", flush=True)
    release.wait(20)
    return "waited"

@app.get("/name")
def name():
    return threading.current_thread().name
"""

HOOK = """
import sys
broken = [{times}]

def hook(frame, event, argument):
    name = threading.current_thread().name
    if broken[0] and name.startswith("jebi-pool") and frame.f_code.co_name == "run":
        broken[0] -= 1
        raise ValueError("the hook is broken")

threading.{install}(hook)
"""


def serve(where: Path, hook: str = "") -> Command:
    (where / "main.py").write_text(APP.format(hook=hook))
    return Command(where, "run", "main:app", "--port", "0", "--no-access-log")


def test_without_a_single_thread_calls_fail_and_the_log_says_why(tmp_path: Path) -> None:
    with serve(tmp_path) as command:
        assert command.get("/refuse")[0] == 200
        assert [command.get("/name")[0] for _ in range(3)] == [500] * 3
        assert command.get("/allow")[0] == 200
        assert command.get("/name") == (200, '"jebi-pool-1"')
        command.stop()
        [line] = [line for line in command.lines if "The pool could start no thread" in line]
        assert "can't start new thread" in line
        assert "There is no other thread, so 1 calls fail." in line


def test_the_threads_that_are_there_do_what_others_would_have(tmp_path: Path) -> None:
    with serve(tmp_path) as command, ThreadPoolExecutor(5) as clients:
        assert command.get("/name")[0] == 200
        assert command.get("/refuse")[0] == 200
        waiting = [clients.submit(command.get, "/wait") for _ in range(5)]
        command.wait_for("Until then 1 threads have to do")
        assert command.get("/release")[0] == 200
        assert [answer.result() for answer in waiting] == [(200, '"waited"')] * 5
        assert command.get("/allow")[0] == 200
        command.stop()


@pytest.mark.parametrize("install", ["setprofile", "settrace"])
def test_a_thread_that_ends_before_it_begins(tmp_path: Path, install: str) -> None:
    with serve(tmp_path, HOOK.format(times=1, install=install)) as command:
        assert command.get("/name")[0] == 500
        command.wait_for("ValueError: the hook is broken")
        command.wait_for("ended before it began to work: .* hook of threading.setprofile")
        assert command.get("/name") == (200, '"jebi-pool-1"')
        command.stop()


def test_threads_that_always_end_before_they_begin(tmp_path: Path) -> None:
    with serve(tmp_path, HOOK.format(times=-1, install="setprofile")) as command:
        assert [command.get("/name")[0] for _ in range(3)] == [500] * 3
        assert command.get("/release")[0] == 200
        command.stop()


def test_others_take_what_a_thread_was_started_for(tmp_path: Path) -> None:
    hook = (
        HOOK.format(times=0, install="setprofile")
        + """
@app.get("/break")
async def break_():
    broken[0] = -1

@app.get("/mend")
async def mend():
    broken[0] = 0
"""
    )
    with serve(tmp_path, hook) as command, ThreadPoolExecutor(3) as clients:
        waiting = clients.submit(command.get, "/wait")
        command.wait_for("^waiting$")
        assert command.get("/break")[0] == 200
        more = clients.submit(command.get, "/name")
        command.wait_for("ended before it began to work")
        assert command.get("/mend")[0] == 200
        assert command.get("/release")[0] == 200
        assert waiting.result()[0] == more.result()[0] == 200
        command.stop()
