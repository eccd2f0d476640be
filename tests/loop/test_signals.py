"""Signals."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.loop.programs import run_program

if TYPE_CHECKING:
    from types import FrameType

CLOSED_AT_THE_END = """
import signal, jebi.loop

class Late:
    def __del__(self, loop=jebi.loop.new_event_loop()):
        loop.add_signal_handler(signal.SIGUSR1, print)
        loop.close()
        print(loop.is_closed(), len(loop._signal_handlers))

late = Late()
late.itself = late
"""


def test_a_handler_runs_on_the_loop(loop: asyncio.AbstractEventLoop) -> None:
    seen: list[str] = []

    def handler(word: str) -> None:
        seen.append(word)
        loop.stop()

    loop.add_signal_handler(signal.SIGUSR1, handler, "usr1")
    loop.call_soon(os.kill, os.getpid(), signal.SIGUSR1)
    loop.run_forever()
    assert seen == ["usr1"]
    assert loop.remove_signal_handler(signal.SIGUSR1)
    assert not loop.remove_signal_handler(signal.SIGUSR1)
    assert signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL


def test_a_signal_wakes_a_loop_that_sleeps(loop: asyncio.AbstractEventLoop) -> None:
    """The timer's process sends it while nothing else keeps the loop awake."""
    loop.add_signal_handler(signal.SIGALRM, loop.stop)
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    loop.run_forever()
    loop.remove_signal_handler(signal.SIGALRM)


def test_a_python_handler_runs_while_the_loop_sleeps(loop: asyncio.AbstractEventLoop) -> None:
    seen: list[int] = []

    def handler(number: int, _frame: FrameType | None) -> None:
        seen.append(number)
        loop.call_soon_threadsafe(loop.stop)

    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        loop.run_forever()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert seen == [signal.SIGALRM]


def test_what_a_python_handler_raises_leaves_the_loop(loop: asyncio.AbstractEventLoop) -> None:
    def handler(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        with pytest.raises(KeyboardInterrupt):
            loop.run_forever()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert not loop.is_running()


@pytest.mark.usefixtures("heeds_control_c")
def test_control_c_cancels_what_the_runner_runs(
    factory: Any,
) -> None:
    ended: list[str] = []

    async def main() -> None:
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGINT)
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    with pytest.raises(KeyboardInterrupt), asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main())
    assert ended == ["cancelled"]


def test_coroutines_are_refused(loop: asyncio.AbstractEventLoop) -> None:
    async def coroutine() -> None: ...

    made = coroutine()
    for callback in (coroutine, made):
        with pytest.raises(TypeError, match="coroutines cannot be used with add_signal_handler"):
            loop.add_signal_handler(signal.SIGUSR1, callback)  # type: ignore[arg-type]  # wrong on purpose
    made.close()


def test_what_is_no_signal(loop: asyncio.AbstractEventLoop) -> None:
    with pytest.raises(TypeError, match="sig must be an int, not 'spam'"):
        loop.add_signal_handler("spam", print)  # type: ignore[arg-type]  # wrong on purpose
    for number in (-1, signal.NSIG + 10):
        with pytest.raises(ValueError, match="invalid signal number"):
            loop.add_signal_handler(number, print)
        with pytest.raises(ValueError, match="invalid signal number"):
            loop.remove_signal_handler(number)
    with pytest.raises(RuntimeError, match=f"sig {int(signal.SIGKILL)} cannot be caught"):
        loop.add_signal_handler(int(signal.SIGKILL), print)


def test_only_the_main_thread_can_add_a_handler(loop: asyncio.AbstractEventLoop) -> None:
    errors: list[Exception] = []

    def add() -> None:
        try:
            loop.add_signal_handler(signal.SIGUSR1, print)
        except RuntimeError as error:
            errors.append(error)

    thread = threading.Thread(target=add)
    thread.start()
    thread.join()
    assert "set_wakeup_fd only works in main thread" in str(errors[0])


def test_closing_the_loop_removes_its_handlers(loop: asyncio.AbstractEventLoop) -> None:
    loop.add_signal_handler(signal.SIGUSR1, print)
    loop.add_signal_handler(signal.SIGINT, print)
    loop.close()
    assert signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.set_wakeup_fd(-1) == -1


def test_the_wakeup_descriptor_is_given_back(loop: asyncio.AbstractEventLoop) -> None:
    loop.call_soon(loop.stop)
    loop.run_forever()
    assert signal.set_wakeup_fd(-1) == -1


def test_closing_while_the_interpreter_ends_leaves_signals_alone() -> None:
    ended = run_program(CLOSED_AT_THE_END, "-W", "always")
    assert (ended.returncode, ended.stdout) == (0, "True 0\n"), ended.stderr
    assert "skipping signal handlers removal" in ended.stderr
    assert "ResourceWarning" in ended.stderr
