"""Debug mode: what it finds, and in which words it says so."""

from __future__ import annotations

import logging
import re
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.loop.programs import run_program

if TYPE_CHECKING:
    import asyncio


@pytest.fixture
def watched(loop: asyncio.AbstractEventLoop) -> asyncio.AbstractEventLoop:
    """A loop in debug mode that finds every callback slow."""
    loop.set_debug(True)
    loop.slow_callback_duration = 0.0
    return loop


def nothing() -> None: ...


def test_a_slow_callback_is_logged(
    watched: asyncio.AbstractEventLoop, caplog: pytest.LogCaptureFixture
) -> None:
    watched.call_soon(nothing)
    watched.call_soon(watched.stop)
    watched.run_forever()
    lines = [record.getMessage() for record in caplog.records if record.name == "asyncio"]
    handle = r"<Handle nothing\(\) at .*test_debug.py:\d+ created at .*>"
    pattern = rf"Executing {handle} took \d\.\d{{3}} seconds"
    assert re.fullmatch(pattern, lines[0])
    assert caplog.records[0].levelno == logging.WARNING
    assert caplog.records[0].msg == "Executing %s took %.3f seconds"


def test_a_slow_step_of_a_task_is_logged_as_the_task(
    watched: asyncio.AbstractEventLoop, caplog: pytest.LogCaptureFixture
) -> None:
    async def slow() -> None: ...

    watched.run_until_complete(slow())
    lines = [record.getMessage() for record in caplog.records]
    assert any(re.match(r"Executing <Task finished name=.*slow\(\) done", line) for line in lines)


def test_without_debug_mode_nothing_is_logged(
    loop: asyncio.AbstractEventLoop, caplog: pytest.LogCaptureFixture
) -> None:
    loop.slow_callback_duration = 0.0
    loop.call_soon(loop.stop)
    loop.run_forever()
    assert caplog.records == []


def test_the_wrong_thread_is_found(watched: asyncio.AbstractEventLoop) -> None:
    watched.slow_callback_duration = 100.0
    errors: list[str] = []

    def schedule() -> None:
        calls: list[Any] = [
            lambda: watched.call_soon(nothing),
            lambda: watched.call_later(0, nothing),
            lambda: watched.call_at(0, nothing),
        ]
        for call in calls:
            try:
                call()
            except RuntimeError as error:
                errors.append(str(error))
        watched.call_soon_threadsafe(watched.stop)

    thread = threading.Thread(target=schedule)
    watched.call_soon(thread.start)
    watched.run_forever()
    thread.join()
    expected = "Non-thread-safe operation invoked on an event loop other than the current one"
    assert errors == [expected] * 3


def test_coroutines_are_refused_as_callbacks(watched: asyncio.AbstractEventLoop) -> None:
    async def coroutine() -> None: ...

    made = coroutine()
    callbacks: list[Any] = [coroutine, made]
    for callback in callbacks:
        with pytest.raises(TypeError, match=r"coroutines cannot be used with call_soon\(\)"):
            watched.call_soon(callback)
        with pytest.raises(TypeError, match="coroutines cannot be used with call_at"):
            watched.call_later(0, callback)
        with pytest.raises(TypeError, match="coroutines cannot be used with run_in_executor"):
            watched.run_in_executor(None, callback)
    made.close()
    with pytest.raises(TypeError, match="a callable object was expected by call_soon"):
        watched.call_soon("spam")  # type: ignore[arg-type]  # wrong on purpose


def test_a_handle_knows_where_it_was_made(watched: asyncio.AbstractEventLoop) -> None:
    handle = watched.call_soon(nothing)
    assert re.search(r"created at .*test_debug\.py:\d+>", repr(handle))
    handle.cancel()
    assert re.match(r"<Handle cancelled nothing\(\) at .* created at .*>", repr(handle))


def test_an_exception_is_reported_with_its_origin(watched: asyncio.AbstractEventLoop) -> None:
    reported: list[dict[str, Any]] = []
    watched.set_exception_handler(lambda _, context: reported.append(context))

    def fail() -> None:
        raise ZeroDivisionError

    watched.call_soon(fail)
    watched.call_soon(watched.stop)
    watched.run_forever()
    frame = reported[0]["source_traceback"][-1]
    assert frame.filename == __file__


def test_debug_mode_is_a_switch(loop: asyncio.AbstractEventLoop) -> None:
    loop.set_debug(True)
    assert loop.get_debug()
    loop.set_debug(False)
    assert not loop.get_debug()
    loop.set_debug(1)  # type: ignore[arg-type]  # aiohttp's tests do
    assert loop.get_debug()


def test_coroutines_remember_their_origin_while_a_debugged_loop_runs(
    loop: asyncio.AbstractEventLoop,
) -> None:
    async def depth() -> int:
        return sys.get_coroutine_origin_tracking_depth()

    before = sys.get_coroutine_origin_tracking_depth()
    loop.set_debug(True)
    assert loop.run_until_complete(depth()) > 0
    assert sys.get_coroutine_origin_tracking_depth() == before


@pytest.mark.parametrize(
    ("options", "variable", "debug"),
    [
        ((), None, False),
        ((), "1", True),
        (("-E",), "1", False),
        (("-X", "dev"), None, True),
    ],
)
def test_debug_mode_is_what_the_interpreter_was_told(
    options: tuple[str, ...], variable: str | None, debug: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONASYNCIODEBUG", raising=False)
    if variable is not None:
        monkeypatch.setenv("PYTHONASYNCIODEBUG", variable)
    path = f"import sys; sys.path[:] = {sys.path!r}; "
    make = "import jebi.loop; loop = jebi.loop.new_event_loop(); print(loop.get_debug())"
    ended = run_program(f"{path}{make}; loop.close()", *options)
    assert ended.stdout == f"{debug}\n", ended.stderr
