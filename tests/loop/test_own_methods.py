"""The loop's class has the engine's methods as its own, which the interpreter calls fastest."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any, TypeVarTuple

import pytest

import jebi.loop
from jebi._engine import EventLoop, own_methods

if TYPE_CHECKING:
    import contextvars
    from collections.abc import Callable
    from typing import Unpack

Ts = TypeVarTuple("Ts")

METHODS = [
    "call_at",
    "call_later",
    "call_soon",
    "call_soon_threadsafe",
    "create_future",
    "create_task",
    "get_debug",
    "time",
]


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_the_classs_own(name: str) -> None:
    own, inherited = getattr(jebi.loop.Loop, name), getattr(EventLoop, name)
    assert (own.__objclass__, inherited.__objclass__) == (jebi.loop.Loop, EventLoop)
    assert own.__doc__ == inherited.__doc__
    assert inspect.signature(own) == inspect.signature(inherited)


def test_an_own_method_refuses_other_loops() -> None:
    other = EventLoop()
    with pytest.raises(TypeError, match="'call_soon' for 'Loop' objects"):
        jebi.loop.Loop.call_soon(other, print)
    other._close()


class Counting(jebi.loop.Loop):
    """Counts the calls of ``call_soon``."""

    calls = 0

    def call_soon(
        self,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        self.calls += 1
        handle: asyncio.Handle = super().call_soon(callback, *args, context=context)
        return handle


def test_what_a_class_overrides_stays_overridden() -> None:
    called: list[int] = []
    loop = own_methods(Counting)()
    try:
        loop.call_soon(called.append, 1)
        loop.call_soon(loop.stop)
        loop.run_forever()
        assert (loop.calls, called) == (2, [1])
    finally:
        loop.close()


@pytest.mark.parametrize("cls", [int, asyncio.BaseEventLoop])
def test_only_loops_get_the_methods(cls: Any) -> None:
    with pytest.raises(TypeError, match=r"does not derive from <class 'jebi\._engine\.EventLoop'>"):
        own_methods(cls)
