"""Handles: what they tell, how they compare, and that a new one never is an old one."""

from __future__ import annotations

import asyncio
import gc
import math
import weakref
from typing import TYPE_CHECKING, Any

import pytest

import jebi.loop

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def own() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop of Jebi's, for what asyncio has no word for."""
    loop = jebi.loop.new_event_loop()
    yield loop
    loop.close()


def run_once(loop: asyncio.AbstractEventLoop) -> None:
    loop.call_soon(loop.stop)
    loop.run_forever()


class Thing:
    """Something that can be watched while it is alive."""

    def call(self, *_: object) -> None: ...


def test_they_are_handles_of_asyncio(loop: asyncio.AbstractEventLoop) -> None:
    soon, later = loop.call_soon(print), loop.call_later(60, print)
    assert isinstance(soon, asyncio.Handle)
    assert not isinstance(soon, asyncio.TimerHandle)
    assert isinstance(later, asyncio.TimerHandle)
    assert isinstance(later, asyncio.Handle)
    soon.cancel()
    later.cancel()


@pytest.mark.parametrize("count", range(7))
def test_arguments_arrive(loop: asyncio.AbstractEventLoop, count: int) -> None:
    got: list[tuple[int, ...]] = []

    def callback(*args: int) -> None:
        got.append(args)

    loop.call_soon(callback, *range(count))
    loop.call_later(0, callback, *range(count))
    run_once(loop)
    run_once(loop)
    assert got == [tuple(range(count))] * 2


@pytest.mark.parametrize(
    ("method", "given"),
    [
        ("call_soon", {}),
        ("call_soon_threadsafe", {}),
        ("call_later", {"delay": 0}),
        ("call_at", {"when": 0}),
    ],
)
def test_arguments_may_be_named(
    loop: asyncio.AbstractEventLoop, method: str, given: dict[str, Any]
) -> None:
    got: list[str] = []
    schedule = getattr(loop, method)
    schedule(**given, callback=lambda: got.append("called"), context=None)
    run_once(loop)
    assert got == ["called"]


@pytest.mark.parametrize(
    ("method", "args", "named", "message"),
    [
        ("call_soon", (), {}, "missing 1 required positional argument: 'callback'"),
        ("call_later", (), {}, "missing 2 required positional arguments: 'delay' and 'callback'"),
        ("call_at", (0,), {}, "missing 1 required positional argument: 'callback'"),
        ("call_soon", (print,), {"later": 1}, "got an unexpected keyword argument 'later'"),
        ("call_soon", (print,), {"callback": print}, "multiple values for argument 'callback'"),
    ],
)
def test_wrong_arguments_are_refused(
    loop: asyncio.AbstractEventLoop,
    method: str,
    args: tuple[Any, ...],
    named: dict[str, Any],
    message: str,
) -> None:
    with pytest.raises(TypeError, match=message):
        getattr(loop, method)(*args, **named)


def test_a_time_must_be_a_number(loop: asyncio.AbstractEventLoop) -> None:
    with pytest.raises(TypeError):
        loop.call_later("1", print)  # type: ignore[arg-type]  # wrong on purpose


def test_odd_delays(loop: asyncio.AbstractEventLoop) -> None:
    ran: list[str] = []
    never = loop.call_later(math.inf, ran.append, "in all eternity")
    loop.call_later(-math.inf, ran.append, "long ago")
    loop.call_later(-1, ran.append, "a second ago")
    loop.call_later(1e300, ran.append, "too late").cancel()
    run_once(loop)
    run_once(loop)
    assert ran == ["long ago", "a second ago"]
    assert never.when() == math.inf
    never.cancel()


def test_a_handle_keeps_its_call_after_it_ran(loop: asyncio.AbstractEventLoop) -> None:
    thing = Thing()
    handle: Any = loop.call_soon(thing.call, 1, 2)
    run_once(loop)
    assert handle._callback == thing.call
    assert handle._args == (1, 2)
    assert not handle.cancelled()
    handle.cancel()
    assert handle._callback is None
    assert handle._args is None


def test_a_handle_can_be_run_by_hand(loop: asyncio.AbstractEventLoop) -> None:
    reported: list[dict[str, Any]] = []
    ran: list[int] = []
    loop.set_exception_handler(lambda _, context: reported.append(context))
    handle = loop.call_soon(ran.append, 1)
    handle._run()
    assert ran == [1]
    failing = loop.call_soon(divmod, 1, 0)
    failing._run()
    assert isinstance(reported[0]["exception"], ZeroDivisionError)
    assert reported[0]["handle"] is failing
    handle.cancel()
    failing.cancel()


@pytest.mark.parametrize("stop", [SystemExit, KeyboardInterrupt])
def test_what_ends_the_program_leaves_the_loop(
    loop: asyncio.AbstractEventLoop, stop: type[BaseException]
) -> None:
    ran: list[int] = []

    def leave() -> None:
        raise stop

    loop.call_soon(leave)
    loop.call_soon(ran.append, 1)
    with pytest.raises(stop):
        loop.run_forever()
    assert ran == []
    run_once(loop)
    assert ran == [1]


def test_timers_of_one_time_are_equal_if_they_call_the_same(
    loop: asyncio.AbstractEventLoop,
) -> None:
    one, same = loop.call_at(10.5, print, 1), loop.call_at(10.5, print, 1)
    other, later = loop.call_at(10.5, print, 2), loop.call_at(11.5, print, 1)
    assert one == same
    assert hash(one) == hash(same) == hash(10.5)
    assert one != other
    assert one != later
    assert one <= same
    assert one >= same
    assert not one <= other
    same.cancel()
    assert one != same
    assert one != 10.5
    with pytest.raises(TypeError):
        assert one < 10.5  # type: ignore[operator]  # wrong on purpose
    for handle in (one, other, later):
        handle.cancel()


def test_a_handle_that_is_kept_is_never_another_callback(own: asyncio.AbstractEventLoop) -> None:
    ran: list[int] = []
    kept = []
    for number in range(50):
        own.call_soon(ran.append, -1)
        kept.append(own.call_soon(ran.append, number))
        own.call_later(0, ran.append, -2)
        kept.append(own.call_later(0, ran.append, number))
        run_once(own)
        run_once(own)
    assert len({id(handle) for handle in kept}) == 100
    assert [handle._args for handle in kept] == [(n,) for n in range(50) for _ in "ab"]


def test_a_handle_with_a_weak_reference_is_not_used_again(own: asyncio.AbstractEventLoop) -> None:
    references = []
    for _ in range(20):
        references.append(weakref.ref(own.call_soon(int)))
        run_once(own)
    assert [reference() for reference in references] == [None] * 20


def test_a_cancelled_handle_is_not_cancelled_the_next_time(own: asyncio.AbstractEventLoop) -> None:
    ran: list[int] = []
    for number in range(20):
        own.call_soon(ran.append, -1).cancel()
        own.call_later(0, ran.append, -1).cancel()
        run_once(own)
        own.call_soon(ran.append, number)
        own.call_later(0, ran.append, number)
        run_once(own)
        run_once(own)
    assert ran == [number for number in range(20) for _ in "ab"]


def test_handles_that_ran_hold_nothing(own: asyncio.AbstractEventLoop) -> None:
    thing = Thing()
    for _ in range(300):
        own.call_soon(thing.call, thing, [thing])
        own.call_later(0, thing.call, thing)
    run_once(own)
    run_once(own)
    alive = weakref.ref(thing)
    del thing
    assert alive() is None


def test_a_loop_lets_go_of_handles_that_ran() -> None:
    loop = jebi.loop.new_event_loop()
    loop.call_soon(int)
    run_once(loop)
    alive = weakref.ref(loop)
    loop.close()
    del loop
    gc.collect()
    assert alive() is None


def test_words_of_debug_mode_do_not_stay_with_a_handle(own: asyncio.AbstractEventLoop) -> None:
    own.set_debug(True)
    own.call_soon(int).cancel()
    own.call_later(0, int).cancel()
    run_once(own)
    own.set_debug(False)
    handles: list[Any] = [own.call_soon(int), own.call_later(0, int)]
    assert [handle._source_traceback for handle in handles] == [None, None]
    assert "created at" not in f"{handles}"
    for handle in handles:
        handle.cancel()
    assert repr(handles[0]) == "<Handle cancelled>"
