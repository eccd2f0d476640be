"""Trio beside asyncio: a Trio program as a guest of the loop.

Trio's guest mode splits a Trio run into turns, which the loop calls like any callback. Trio waits
for its own descriptors in a thread of its own meanwhile, so neither side slows the other down.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sys
import threading
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple, Unpack

from .running import Running

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    import trio
    from outcome import Outcome

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

MISSING = "start_trio runs a Trio program and needs Trio: pip install trio"


class Guest:
    """A Trio program on a loop: where its turns come from, and how it ends."""

    def __init__(self, loop: Guests, scope: trio.CancelScope) -> None:
        self.scope = scope
        self.ended: asyncio.Future[Outcome[Any]] = loop.create_future()
        self.thread = threading.get_ident()
        self.asyncgen_hooks = sys.get_asyncgen_hooks()
        self._loop = loop
        self._turns: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()

    def soon(self, turn: Callable[[], object]) -> None:
        """Has the loop call ``turn``, from the loop's own thread."""
        self._turns.put(turn)
        self._loop.call_soon(self._take_turn)

    def soon_from_anywhere(self, turn: Callable[[], object]) -> None:
        """Has the loop call ``turn``, from whatever thread."""
        self._turns.put(turn)
        # A loop that closed takes no calls; the turn waits for what finishes the program.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._take_turn)

    def end(self, outcome: Outcome[Any]) -> None:
        """Trio's last call."""
        self._loop._guest = None
        if not self.ended.done():
            self.ended.set_result(outcome)

    def finish(self) -> None:
        """Cancels the program and gives it its turns until it has ended, without the loop."""
        self.check_thread()
        self.scope.cancel()
        hooks = sys.get_asyncgen_hooks()
        try:
            while not self.ended.done():
                self._turns.get()()
        finally:
            sys.set_asyncgen_hooks(*hooks)
        try:
            self.ended.result().unwrap()
        except asyncio.CancelledError:
            pass
        except Exception as error:
            self._loop.call_exception_handler(
                {
                    "message": "A Trio program failed while its loop was closed",
                    "exception": error,
                }
            )

    def check_thread(self) -> None:
        """Trio ties a run to the thread that it began in."""
        if threading.get_ident() != self.thread:
            raise RuntimeError("A Trio program runs on this loop, in another thread than this")

    def _take_turn(self) -> None:
        if not self._turns.empty():
            self._turns.get()()


class Guests(Running):
    """Knows the Trio program that runs on this loop, of which there is at most one."""

    def __init__(self) -> None:
        super().__init__()
        self._guest: Guest | None = None

    def close(self) -> None:
        """Cancels a Trio program that still runs here and waits for its end, then closes."""
        guest = self._guest
        if guest is not None and not self.is_running():
            guest.finish()
        super().close()

    @contextlib.contextmanager
    def _surroundings(self) -> Iterator[None]:
        with super()._surroundings():
            # What Trio put around its run outlives a stop of the loop.
            if self._guest is not None:
                self._guest.check_thread()
                sys.set_asyncgen_hooks(*self._guest.asyncgen_hooks)
            try:
                yield
            finally:
                if self._guest is not None:
                    self._guest.asyncgen_hooks = sys.get_asyncgen_hooks()


async def start_trio(
    main: Callable[[Unpack[Ts]], Awaitable[T]],
    *args: *Ts,
    clock: trio.abc.Clock | None = None,
    instruments: Sequence[trio.abc.Instrument] = (),
    restrict_keyboard_interrupt_to_checkpoints: bool = False,
    strict_exception_groups: bool = True,
) -> T:
    """Runs the Trio program ``main(*args)`` on the running loop, beside everything asyncio does.

    The program's result is returned, its exception raised. Cancelling the task that waits here
    cancels the program; the task ends when the program has. The keyword arguments are those of
    ``trio.run``. A loop takes one Trio program at a time.

    Within the program every function of Trio's works, and :func:`from_trio` waits for what is
    asyncio's. Outside of it, in callbacks and coroutines of the same loop, Trio's functions that
    are not asynchronous work: ``event.set()``, ``send_channel.send_nowait(...)``.

    Raises:
        ImportError: Trio is not installed.
        RuntimeError: no loop of Jebi's runs here, or a Trio program runs in this thread already.

    Example::

        >>> import trio, jebi.loop
        >>> async def main(seconds):
        ...     await trio.sleep(seconds)
        ...     return "rested"
        >>> jebi.loop.run(jebi.loop.start_trio(main, 0.01))
        'rested'

    Source: "Using guest mode to run Trio on top of other event loops" in Trio's manual.
    """
    try:
        import trio
    except ImportError as error:
        raise ImportError(MISSING) from error
    loop = _host()

    async def in_scope() -> T:
        with guest.scope:
            return await main(*args)
        raise asyncio.CancelledError  # the scope was cancelled, and swallowed what that raised

    guest = Guest(loop, trio.CancelScope())
    trio.lowlevel.start_guest_run(
        in_scope,
        run_sync_soon_threadsafe=guest.soon_from_anywhere,
        run_sync_soon_not_threadsafe=guest.soon,
        done_callback=guest.end,
        host_uses_signal_set_wakeup_fd=True,
        clock=clock,
        instruments=instruments,
        restrict_keyboard_interrupt_to_checkpoints=restrict_keyboard_interrupt_to_checkpoints,
        strict_exception_groups=strict_exception_groups,
    )
    loop._guest = guest
    result: T = await _outcome(guest)
    return result


def _host() -> Guests:
    """The running loop, if a Trio program may begin there."""
    import trio

    loop = asyncio.get_running_loop()
    if not isinstance(loop, Guests):
        raise RuntimeError(f"start_trio needs a loop of jebi.loop, and {loop!r} runs here")
    if trio.lowlevel.in_trio_run():
        raise RuntimeError("A Trio program runs in this thread already, and Trio allows one")
    return loop


async def _outcome(guest: Guest) -> Any:
    """Waits for the program's end, and cancels it when the wait is cancelled."""
    cancelled: asyncio.CancelledError | None = None
    while not guest.ended.done():
        try:
            await asyncio.wait([guest.ended])
        except asyncio.CancelledError as error:
            cancelled = error
            guest.scope.cancel()
    outcome = guest.ended.result()
    if cancelled is None:
        return outcome.unwrap()
    # Whoever cancelled must learn of it, even where the program returned all the same.
    with contextlib.suppress(asyncio.CancelledError):
        outcome.unwrap()
    try:
        raise cancelled
    finally:
        cancelled = None  # it holds this frame


async def from_trio(awaitable: Awaitable[T]) -> T:
    """Waits for something of asyncio's in a task of Trio's; the way back from :func:`start_trio`.

    A coroutine becomes a task of the loop. When Trio cancels the wait, the awaitable is
    cancelled, and the wait ends when it has. If somebody else cancels it, the wait raises
    ``asyncio.CancelledError``.

    Example::

        >>> import asyncio, jebi.loop
        >>> async def main():
        ...     return await jebi.loop.from_trio(asyncio.sleep(0, "asyncio slept"))
        >>> jebi.loop.run(jebi.loop.start_trio(main))
        'asyncio slept'
    """
    import outcome
    from trio.lowlevel import Abort, current_task, reschedule, wait_task_rescheduled

    waiting = current_task()
    future = asyncio.ensure_future(awaitable)
    raise_cancelled: Callable[[], Any] | None = None

    def done(future: asyncio.Future[T]) -> None:
        if future.cancelled() and raise_cancelled is not None:
            reschedule(waiting, outcome.capture(raise_cancelled))
        else:
            reschedule(waiting, outcome.capture(future.result))

    def abort(raising: Callable[[], Any]) -> Abort:
        nonlocal raise_cancelled
        raise_cancelled = raising
        future.cancel()
        return Abort.FAILED

    future.add_done_callback(done)
    result: T = await wait_task_rescheduled(abort)
    return result
