"""Exceptions that nobody awaits."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import logging
from typing import Any

import pytest

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


def fail() -> None:
    raise ZeroDivisionError("on purpose")


def run_once(loop: asyncio.AbstractEventLoop) -> None:
    loop.call_soon(loop.stop)
    loop.run_forever()


def test_an_exception_in_a_callback_is_reported_and_the_loop_goes_on(
    loop: asyncio.AbstractEventLoop,
) -> None:
    reported: list[dict[str, Any]] = []
    ran: list[str] = []
    loop.set_exception_handler(lambda _, context: reported.append(context))
    handle = loop.call_soon(fail)
    loop.call_soon(ran.append, "after")
    run_once(loop)
    assert ran == ["after"]
    (context,) = reported
    assert context["message"].startswith("Exception in callback fail()")
    assert isinstance(context["exception"], ZeroDivisionError)
    assert context["handle"] is handle
    assert set(context) == {"message", "exception", "handle"}


def test_a_handle_that_nobody_kept_is_reported_as_it_was(loop: asyncio.AbstractEventLoop) -> None:
    """Though the callback, before it failed, had others made."""
    reported: list[dict[str, Any]] = []
    ran: list[int] = []
    loop.set_exception_handler(lambda _, context: reported.append(context))

    def fail_after_all(*numbers: int) -> None:
        for number in numbers:
            loop.call_soon(ran.append, number)
            loop.call_later(0, ran.append, number)
        fail()

    later = loop.time()
    loop.call_soon(fail_after_all, 1, 2)
    loop.call_at(later, fail_after_all, 3, 4)
    for _ in range(3):
        run_once(loop)
    soon, timer = (context["handle"] for context in reported)
    assert (soon._args, timer._args, timer.when()) == ((1, 2), (3, 4), later)
    assert (soon.cancelled(), timer.cancelled()) == (False, False)
    assert all("fail_after_all(" in repr(context["handle"]) for context in reported)
    assert sorted(ran) == [1, 1, 2, 2, 3, 3, 4, 4]


def test_the_default_handler_logs(
    loop: asyncio.AbstractEventLoop, caplog: pytest.LogCaptureFixture
) -> None:
    loop.call_soon(fail)
    run_once(loop)
    (record,) = caplog.records
    assert record.name == "asyncio"
    assert record.levelno == logging.ERROR
    assert record.getMessage().startswith("Exception in callback fail() at ")
    assert "handle: <Handle fail() at " in record.getMessage()
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


def test_the_default_handler_shows_the_context_in_order(
    loop: asyncio.AbstractEventLoop, caplog: pytest.LogCaptureFixture
) -> None:
    loop.call_exception_handler({"zebra": 1, "ant": 2})
    assert caplog.records[0].getMessage() == ("Unhandled exception in event loop\nant: 2\nzebra: 1")
    assert not caplog.records[0].exc_info


def test_a_handler_that_fails_is_reported_by_the_default_one(
    loop: asyncio.AbstractEventLoop, caplog: pytest.LogCaptureFixture
) -> None:
    def handler(_: asyncio.AbstractEventLoop, __: dict[str, Any]) -> None:
        raise LookupError("in the handler")

    loop.set_exception_handler(handler)
    loop.call_soon(fail)
    run_once(loop)
    (record,) = caplog.records
    assert record.getMessage().startswith("Unhandled error in exception handler")
    assert record.exc_info is not None
    assert record.exc_info[0] is LookupError


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_a_handler_may_end_the_program(
    loop: asyncio.AbstractEventLoop, kind: type[BaseException]
) -> None:
    def handler(_: asyncio.AbstractEventLoop, __: dict[str, Any]) -> None:
        raise kind

    loop.set_exception_handler(handler)
    loop.call_soon(fail)
    with pytest.raises(kind):
        loop.run_forever()


def test_the_handler_is_known_and_checked(loop: asyncio.AbstractEventLoop) -> None:
    def handler(_: asyncio.AbstractEventLoop, __: dict[str, Any]) -> None: ...

    assert loop.get_exception_handler() is None
    loop.set_exception_handler(handler)
    assert loop.get_exception_handler() is handler
    loop.set_exception_handler(None)
    assert loop.get_exception_handler() is None
    with pytest.raises(TypeError, match="A callable object or None is expected"):
        loop.set_exception_handler("spam")  # type: ignore[arg-type]  # wrong on purpose


def test_a_task_that_nobody_awaited_is_reported(loop: asyncio.AbstractEventLoop) -> None:
    reported: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: reported.append(context))

    async def main() -> None:
        async def inner() -> None:
            fail()

        task = asyncio.create_task(inner())
        await asyncio.wait([task])

    loop.run_until_complete(main())
    gc.collect()
    (context,) = reported
    assert context["message"] == "Task exception was never retrieved"
    assert isinstance(context["exception"], ZeroDivisionError)


def test_the_handler_runs_in_the_context_of_what_failed(loop: asyncio.AbstractEventLoop) -> None:
    seen: list[str] = []
    loop.set_exception_handler(lambda _, __: seen.append(variable.get()))
    token = variable.set("of the callback")
    handle = loop.call_soon(fail)
    loop.call_soon(fail)
    variable.reset(token)
    run_once(loop)
    assert seen == ["of the callback" if hasattr(handle, "get_context") else "unset"] * 2
