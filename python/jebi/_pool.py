"""The threads for ``def`` code, where they meet AnyIO and the rest of Python.

The pool itself is ``jebi._engine.Pool``. AnyIO stays the public way to size it, and
``anyio.from_thread`` works in what it runs.
"""

from __future__ import annotations

import asyncio
import contextvars
import math
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from weakref import WeakKeyDictionary, ref

from jebi._engine import EventLoop, Pace, Pool

if TYPE_CHECKING:
    from collections.abc import Callable

    import anyio

P = ParamSpec("P")
T = TypeVar("T")

DEFAULT_LIMIT = 40
"""What AnyIO begins with, for as long as it cannot be asked."""


def around(loop: EventLoop) -> Callable[[Callable[[], None]], None]:
    """What a pool thread runs: its work loop, as a worker thread of AnyIO's.

    ``anyio.from_thread.run`` finds the loop that way.
    """
    weakly = ref(loop)

    def live(work: Callable[[], None]) -> None:
        from anyio._backends._asyncio import AsyncIOBackend
        from anyio._core._eventloop import claim_worker_thread

        with claim_worker_thread(AsyncIOBackend, weakly()):
            work()

    return live


class ThreadLimit:
    """Reads ``anyio.to_thread.current_default_thread_limiter().total_tokens``.

    AnyIO keeps one limiter for each event loop, and only tells it to code that runs there; so it
    is remembered once it was found.
    """

    def __init__(self) -> None:
        self._limiter: anyio.CapacityLimiter | None = None

    def __call__(self) -> int | float:
        """How many calls may run at once, ``math.inf`` for no limit."""
        if self._limiter is None:
            # Nobody has changed what nobody has imported.
            threads = sys.modules.get("anyio.to_thread")
            if threads is None:
                return DEFAULT_LIMIT
            try:
                self._limiter = threads.current_default_thread_limiter()
            except RuntimeError:
                return DEFAULT_LIMIT
        tokens = self._limiter.total_tokens
        return tokens if math.isinf(tokens) else int(tokens)


class ThreadPool:
    """One loop's pool, as coroutines use it."""

    def __init__(self, loop: EventLoop) -> None:
        self.pool = Pool(loop, ThreadLimit())
        self._paces: WeakKeyDictionary[Any, Pace] = WeakKeyDictionary()

    async def run(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Calls ``call`` on a pool thread, in a copy of the current context, and waits.

        As with AnyIO, a cancel scope does not end the wait: nothing would stop the call.
        """
        bound = partial(call, *args, **kwargs)
        return await self._wait(call, bound, contextvars.copy_context(), is_exit=False)

    async def run_in(
        self,
        context: contextvars.Context,
        call: Callable[..., T],
        values: dict[str, Any],
        *,
        is_exit: bool = False,
    ) -> T:
        """Calls ``call(**values)`` on a pool thread, in ``context`` itself.

        The context may be the caller's own: a call begins when the loop's iteration is over and
        nobody is inside. Exits of dependencies have capacity of their own (``is_exit``).
        """
        return await self._wait(call, partial(call, **values), context, is_exit=is_exit)

    async def _wait(
        self,
        call: Callable[..., Any],
        bound: Callable[[], T],
        context: contextvars.Context,
        *,
        is_exit: bool,
    ) -> T:
        import anyio.lowlevel

        await anyio.lowlevel.checkpoint_if_cancelled()
        future = self.pool.submit(bound, context, pace=self._pace(call), is_exit=is_exit)
        with anyio.CancelScope(shield=True):
            result: T = await future
        return result

    @classmethod
    def of(cls, loop: EventLoop) -> ThreadPool:
        """The pool of a loop, made when it is first asked for. Its threads end with the loop."""
        pool = _pools.get(loop)
        if pool is None:
            pool = _pools[loop] = cls(loop)
        return pool

    @classmethod
    def running(cls) -> ThreadPool | None:
        """The pool of the running loop, or ``None`` where that is not one of Jebi's."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return None
        return cls.of(loop) if isinstance(loop, EventLoop) else None

    def close(self, timeout: float = 5.0) -> None:
        """Refuses what waits, and waits ``timeout`` seconds at most for what runs."""
        self.pool.shutdown(timeout)

    def _pace(self, call: Callable[..., Any]) -> Pace | None:
        function = getattr(call, "__func__", call)
        try:
            pace = self._paces.get(function)
            if pace is None:
                pace = self._paces[function] = Pace()
        except TypeError:  # neither hashable nor weakly referable: nothing is known of it
            return None
        return pace


_pools: WeakKeyDictionary[EventLoop, ThreadPool] = WeakKeyDictionary()


def own_context() -> contextvars.Context | None:
    """The context of the running task itself, not a copy; ``None`` where it does not say."""
    task = asyncio.current_task()
    # A request's may run in another than its task was made in: that of the middleware above.
    context = getattr(task.get_coro(), "context", None) if task is not None else None
    if isinstance(context, contextvars.Context):
        return context
    # Before CPython 3.12 tasks keep it to themselves.
    get_context = getattr(task, "get_context", None)
    return None if get_context is None else get_context()
