"""The code that FastAPI's and asyncio's readers learn from, run unchanged under the drop-in.

Times are scaled down, and nothing is judged by the clock: each handler says what it does, and the
order in which that is printed is the result.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

import pytest

from tests.server.harness import Command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPLICATION = """
import asyncio
import time

from fastapi import FastAPI

app = FastAPI()
pinged = 0


def say(what):
    print("event:", what, flush=True)


async def some_library(*args):
    await asyncio.sleep(0.01)
    return {"from": "the library", "with": list(args)}


@app.get("/awaits")
async def read_results():
    results = await some_library()
    return results


@app.get("/blocks")
def results():
    time.sleep(0.01)
    return {"from": "a function"}


async def get_burgers(number: int):
    await asyncio.sleep(0.01)
    return [f"burger {n}" for n in range(number)]


@app.get("/burgers")
async def read_burgers():
    burgers = await get_burgers(2)
    return burgers


async def takes(seconds):
    await asyncio.sleep(seconds / 10)
    say(f"took {seconds}")
    return seconds


@app.get("/gather")
async def gather():
    return await asyncio.gather(takes(2), takes(1))


@app.get("/ping")
async def ping():
    global pinged
    pinged += 1
    say("ping")
    return "pong"


@app.get("/bad_task")
async def bad_task():
    say("bad begins")
    time.sleep(0.5)
    say("bad ends")


@app.get("/good_task")
async def good_task():
    before = pinged
    say("good begins")
    while pinged == before:
        await asyncio.sleep(0.05)
    say("good ends")


@app.get("/function_task")
def function_task():
    before = pinged
    say("function begins")
    while pinged == before:
        time.sleep(0.05)
    say("function ends")
"""


@pytest.fixture(scope="module", params=["--drop-in", "JEBI_DROP_IN=1"])
def command(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Command]:
    here: Path = tmp_path_factory.mktemp("documents")
    (here / "main.py").write_text(APPLICATION)
    arguments = ["run", "main.py", "--port", "0"]
    env = {}
    if request.param == "--drop-in":
        arguments.append("--drop-in")
    else:
        env["JEBI_DROP_IN"] = "1"
    with Command(here, *arguments, env=env) as command:
        command.wait_for("Jebi running")
        yield command


def events(command: Command) -> list[str]:
    return [line.removeprefix("event: ") for line in command.lines if line.startswith("event: ")]


def while_it_runs(command: Command, path: str, begins: str) -> list[str]:
    """Call ``path``, ping once it has said that it begins, and return what was said."""
    already = events(command)
    ends = f"{begins.split()[0]} ends"
    task = threading.Thread(target=command.get, args=(path,), daemon=True)
    task.start()
    command.wait_for(f"^event: {re.escape(begins)}$", times=already.count(begins) + 1)
    assert command.get("/ping") == (200, '"pong"')
    task.join(20)
    for event in (ends, "ping"):
        command.wait_for(f"^event: {event}$", times=already.count(event) + 1)
    return events(command)[len(already) :]


def test_awaiting_a_library(command: Command) -> None:
    assert command.get("/awaits") == (200, '{"from":"the library","with":[]}')


def test_a_plain_function_in_the_same_application(command: Command) -> None:
    assert command.get("/blocks") == (200, '{"from":"a function"}')
    answers = command.get_many(["/awaits", "/blocks"] * 4)
    assert len(answers) == 8
    assert all("from" in text for _, text in answers)


def test_a_coroutine_awaiting_another(command: Command) -> None:
    assert command.get("/burgers") == (200, '["burger 0","burger 1"]')


def test_gather_ends_in_the_order_of_the_work_and_answers_in_that_of_the_call(
    command: Command,
) -> None:
    assert command.get("/gather") == (200, "[2,1]")
    command.wait_for("took 2")
    assert [event for event in events(command) if event.startswith("took")] == ["took 1", "took 2"]


def test_the_bad_task_delays_everyone(command: Command) -> None:
    assert while_it_runs(command, "/bad_task", "bad begins") == ["bad begins", "bad ends", "ping"]


def test_the_good_task_delays_nobody(command: Command) -> None:
    expected = ["good begins", "ping", "good ends"]
    assert while_it_runs(command, "/good_task", "good begins") == expected


def test_a_blocking_function_delays_nobody(command: Command) -> None:
    expected = ["function begins", "ping", "function ends"]
    assert while_it_runs(command, "/function_task", "function begins") == expected
