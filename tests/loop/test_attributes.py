"""What programs set on a loop, and what the loop keeps of its own."""

from __future__ import annotations

import asyncio
import gc
import signal
import weakref
from typing import TYPE_CHECKING, Any

import jebi.loop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable


def test_programs_may_set_attributes(loop: Any) -> None:
    loop.answer = 42
    assert loop.answer == vars(loop)["answer"] == 42
    del loop.answer
    assert not hasattr(loop, "answer")


def test_programs_may_replace_methods_of_one_loop(loop: Any) -> None:
    scheduled: list[Callable[..., object]] = []
    loop.call_soon = scheduled.append
    loop.call_soon(print)
    del loop.call_soon
    loop.call_soon(loop.stop)
    loop.run_forever()
    assert scheduled == [print]


def test_a_loop_that_refers_to_itself_is_collected(
    factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    loop: Any = factory()
    loop.myself = loop
    loop.set_exception_handler(lambda _loop, _context, mine=loop: print(mine))
    loop.close()
    known = weakref.ref(loop)
    del loop
    gc.collect()
    assert known() is None


def test_the_loop_leaves_its_dictionary_to_programs() -> None:
    """Every look-up of a method would search one that is not empty."""

    async def numbers() -> AsyncGenerator[int]:
        yield 1

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, _context: None)
        loop.add_signal_handler(signal.SIGUSR1, int)
        await asyncio.to_thread(int)
        async for _ in numbers():
            await loop.getaddrinfo("localhost", 80)

    loop = jebi.loop.new_event_loop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(main())
        assert vars(loop) == {}
    assert vars(loop) == {}
