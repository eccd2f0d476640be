"""Which functions run in the wrong place, and which only look as if they did."""

from __future__ import annotations

import asyncio
import subprocess
import time
import urllib.request
from functools import partial
from pathlib import Path
from time import sleep as nap
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from jebi.cli.advice import advise

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


class Item(BaseModel):
    name: str


async def sleeps() -> None:
    time.sleep(1)


async def naps() -> None:
    nap(1)


async def fetches() -> Any:
    return urllib.request.urlopen("http://localhost").read()


async def connects() -> Any:
    import sqlite3

    return sqlite3.connect("x")


async def executes() -> None:
    subprocess.run(["true"])


async def reads() -> str:
    with open("x") as file:
        return file.read()


async def reads_path() -> str:
    return Path("x").read_text()


async def yields() -> AsyncIterator[int]:
    time.sleep(1)
    yield 1


class Sleeper:
    async def __call__(self) -> None:
        time.sleep(1)


@pytest.mark.parametrize(
    ("call", "blocking"),
    [
        (sleeps, "time.sleep"),
        (naps, "time.sleep"),
        (fetches, "urllib.request.urlopen"),
        (connects, "sqlite3.connect"),
        (executes, "subprocess.run"),
        (reads, "open"),
        (reads_path, ".read_text"),
        (yields, "time.sleep"),
        (Sleeper(), "time.sleep"),
        (partial(sleeps), "time.sleep"),
    ],
)
def test_blocks_the_loop(call: Callable[..., Any], blocking: str) -> None:
    said = advise(call)
    assert said is not None
    assert f"{blocking}() and never awaits" in said
    assert said.startswith(f"{__file__}:")


async def awaits() -> None:
    await asyncio.sleep(0)
    time.sleep(0)  # what is blocking in a function that also awaits may be meant


async def defines() -> Any:
    def later() -> None:
        time.sleep(1)

    return later


async def shadows() -> None:
    def sleep(seconds: int) -> None: ...

    sleep(1)


def sleeps_in_the_pool() -> None:
    time.sleep(1)


@pytest.mark.parametrize("call", [awaits, defines, shadows, sleeps_in_the_pool, len, Item])
def test_runs_where_it_should(call: Callable[..., Any]) -> None:
    assert advise(call) is None


def makes(name: str) -> Item:
    return Item(name=str(name))


def returns() -> dict[str, int]:
    return {"a": 1}


def refuses(name: str) -> str:
    if not len(name):
        raise ValueError("empty")
    return name


@pytest.mark.parametrize("call", [makes, returns, refuses])
def test_needs_no_thread(call: Callable[..., Any]) -> None:
    assert "write async def" in (advise(call) or "")


def asks(session: Any) -> Any:
    return session.get(1)


def counts() -> int:
    return sum(number for number in range(10))


def generates() -> Iterator[int]:
    yield 1


@pytest.mark.parametrize("call", [asks, counts, generates])
def test_may_need_its_thread(call: Callable[..., Any]) -> None:
    assert advise(call) is None
