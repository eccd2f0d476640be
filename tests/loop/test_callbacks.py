"""Callbacks: when they run, in which order, and what their handles say."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import time
import weakref
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


def run_once(loop: asyncio.AbstractEventLoop) -> None:
    """One iteration."""
    loop.call_soon(loop.stop)
    loop.run_forever()


def test_callbacks_run_in_the_order_of_call_soon(loop: asyncio.AbstractEventLoop) -> None:
    ran: list[int] = []
    for number in range(5):
        loop.call_soon(ran.append, number)
    run_once(loop)
    assert ran == [0, 1, 2, 3, 4]


def test_what_a_callback_schedules_runs_in_the_next_iteration(
    loop: asyncio.AbstractEventLoop,
) -> None:
    ran: list[str] = []

    def first() -> None:
        ran.append("first")
        loop.call_soon(ran.append, "third")

    loop.call_soon(first)
    loop.call_soon(ran.append, "second")
    run_once(loop)
    assert ran == ["first", "second"]
    run_once(loop)
    assert ran == ["first", "second", "third"]


def test_stop_finishes_the_iteration(loop: asyncio.AbstractEventLoop) -> None:
    ran: list[str] = []
    loop.call_soon(loop.stop)
    loop.call_soon(ran.append, "same iteration")
    loop.run_forever()
    assert ran == ["same iteration"]


def test_stop_before_running_makes_one_iteration(loop: asyncio.AbstractEventLoop) -> None:
    ran: list[str] = []
    loop.call_soon(ran.append, "ran")
    loop.stop()
    loop.run_forever()
    assert ran == ["ran"]


def test_timers_run_in_the_order_of_their_time(loop: asyncio.AbstractEventLoop) -> None:
    ran: list[str] = []
    now = loop.time()
    loop.call_at(now + 0.002, ran.append, "second")
    loop.call_at(now + 0.001, ran.append, "first")
    loop.call_at(now + 0.003, loop.stop)
    loop.run_forever()
    assert ran == ["first", "second"]


def test_timers_that_are_due_run_after_what_is_ready(loop: asyncio.AbstractEventLoop) -> None:
    ran: list[str] = []
    loop.call_at(loop.time() - 1, ran.append, "timer")
    loop.call_soon(ran.append, "ready")
    run_once(loop)
    assert ran == ["ready", "timer"]


def test_a_timer_never_runs_early(loop: asyncio.AbstractEventLoop) -> None:
    ran: list[float] = []
    due = loop.time() + 0.005

    def callback() -> None:
        ran.append(loop.time())
        loop.stop()

    loop.call_at(due, callback)
    loop.run_forever()
    assert ran[0] >= due - 1e-9


def test_the_clock_is_the_monotonic_one(loop: asyncio.AbstractEventLoop) -> None:
    before = time.monotonic()
    assert before <= loop.time() <= time.monotonic()


@pytest.mark.parametrize("method", ["call_soon", "call_later", "call_at"])
def test_a_cancelled_callback_does_not_run(loop: asyncio.AbstractEventLoop, method: str) -> None:
    ran: list[str] = []
    delay = () if method == "call_soon" else (0,)
    handle = getattr(loop, method)(*delay, ran.append, "cancelled")
    assert not handle.cancelled()
    handle.cancel()
    handle.cancel()
    assert handle.cancelled()
    run_once(loop)
    assert ran == []


def test_many_cancelled_timers_leave_the_others_alone(loop: asyncio.AbstractEventLoop) -> None:
    ran: list[int] = []
    now = loop.time()
    handles = [loop.call_at(now + number * 1e-6, ran.append, number) for number in range(500)]
    for handle in handles[:400]:
        handle.cancel()
    loop.call_at(now + 0.002, loop.stop)
    loop.run_forever()
    assert ran == list(range(400, 500))


def test_a_callback_can_cancel_the_one_after_it(loop: asyncio.AbstractEventLoop) -> None:
    ran: list[str] = []
    handles: list[asyncio.Handle] = []
    loop.call_soon(lambda: handles[0].cancel())
    handles.append(loop.call_soon(ran.append, "cancelled"))
    run_once(loop)
    assert ran == []


def test_a_timer_knows_its_time(loop: asyncio.AbstractEventLoop) -> None:
    early, late = loop.call_at(12.5, print), loop.call_at(13.5, print)
    assert early.when() == 12.5
    assert early < late
    assert late > early
    assert early <= late
    assert late >= early
    early.cancel()
    late.cancel()


def test_callbacks_run_in_the_context_they_were_scheduled_in(
    loop: asyncio.AbstractEventLoop,
) -> None:
    seen: list[str] = []

    def callback() -> None:
        seen.append(variable.get())
        variable.set("changed inside")

    token = variable.set("of the caller")
    loop.call_soon(callback)
    loop.call_later(0, callback)
    variable.reset(token)
    own = contextvars.copy_context()
    own.run(variable.set, "given")
    handle = loop.call_soon(callback, context=own)
    loop.call_later(0.001, loop.stop)
    loop.run_forever()
    assert seen == ["of the caller", "given", "of the caller"]
    assert variable.get() == "unset"
    assert own[variable] == "changed inside"
    if hasattr(handle, "get_context"):
        assert handle.get_context() is own


def test_the_words_for_a_handle(loop: asyncio.AbstractEventLoop) -> None:
    handle = loop.call_soon(run_once, loop)
    place = f"{__file__}:{run_once.__code__.co_firstlineno}"
    assert repr(handle).startswith("<Handle run_once(")
    assert place in repr(handle)
    handle.cancel()
    assert repr(handle) == "<Handle cancelled>"
    timer = loop.call_at(1.5, run_once, loop)
    assert repr(timer).startswith("<TimerHandle when=1.5 run_once(")
    timer.cancel()
    assert repr(timer) == "<TimerHandle cancelled when=1.5>"


@pytest.mark.parametrize(("method", "message"), [("call_later", "delay"), ("call_at", "when")])
def test_a_timer_needs_a_time(loop: asyncio.AbstractEventLoop, method: str, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        getattr(loop, method)(None, print)


@pytest.mark.parametrize("method", ["call_soon", "call_later"])
def test_handles_let_go_of_what_they_were_given(
    loop: asyncio.AbstractEventLoop, method: str
) -> None:
    class Thing:
        def call(self) -> None: ...

    thing = Thing()
    delay = () if method == "call_soon" else (1000.0,)
    handle = getattr(loop, method)(*delay, thing.call)
    alive = weakref.ref(thing)
    del thing
    assert alive() is not None
    handle.cancel()
    assert alive() is None


def test_a_loop_and_its_callbacks_can_be_collected(
    factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    class Thing:
        def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
            self.handles = [
                loop.call_soon(self.call),
                loop.call_later(1000, self.call),
            ]

        def call(self) -> None: ...

    loop = factory()
    alive = weakref.ref(Thing(loop))
    loop.close()
    del loop
    gc.collect()
    assert alive() is None


def test_cancelled_timers_do_not_pile_up_in_a_loop_that_never_sleeps(
    loop: asyncio.AbstractEventLoop,
) -> None:
    def cancelled() -> weakref.ref[asyncio.TimerHandle]:
        handle = loop.call_later(1000, int)
        handle.cancel()
        return weakref.ref(handle)

    async def main() -> int:
        left: list[weakref.ref[asyncio.TimerHandle]] = []
        for _ in range(20):
            left += [cancelled() for _ in range(200)]
            await asyncio.sleep(0)
        return sum(handle() is not None for handle in left)

    assert loop.run_until_complete(main()) <= 200
