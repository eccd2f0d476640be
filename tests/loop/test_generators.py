"""Asynchronous generators that were left unfinished."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


def test_shutdown_finishes_them(loop: asyncio.AbstractEventLoop) -> None:
    finished: list[str] = []

    async def generate() -> AsyncGenerator[int, None]:
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)
            finished.append("finished")

    generator = generate()

    async def begin() -> None:
        assert await anext(generator) == 1

    loop.run_until_complete(begin())
    assert finished == []
    loop.run_until_complete(loop.shutdown_asyncgens())
    assert finished == ["finished"]


def test_an_abandoned_one_is_finished_on_the_loop(loop: asyncio.AbstractEventLoop) -> None:
    finished: asyncio.Future[str] = loop.create_future()

    async def generate() -> AsyncGenerator[int, None]:
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            finished.set_result("finished")

    async def main() -> str:
        generator = generate()
        await anext(generator)
        del generator
        gc.collect()
        return await finished

    assert loop.run_until_complete(main()) == "finished"


def test_one_that_fails_while_it_is_finished_is_reported(
    loop: asyncio.AbstractEventLoop,
) -> None:
    reported: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: reported.append(context))

    async def generate() -> AsyncGenerator[int, None]:
        try:
            yield 1
        finally:
            raise LookupError("at the end")

    generator = generate()

    async def begin() -> None:
        await anext(generator)

    loop.run_until_complete(begin())
    loop.run_until_complete(loop.shutdown_asyncgens())
    (context,) = reported
    assert context["asyncgen"] is generator
    assert isinstance(context["exception"], LookupError)
    assert "an error occurred during closing of asynchronous generator" in context["message"]
