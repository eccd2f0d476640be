"""The threads for ``def`` code, where they meet AnyIO and the rest of Python.

The pool itself is ``jebi._engine.Pool``. AnyIO stays the public way to size it, and
``anyio.from_thread`` works in what it runs.
"""

from __future__ import annotations

import contextvars
import math
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from weakref import WeakKeyDictionary, ref

import anyio.lowlevel
import anyio.to_thread
from anyio._backends._asyncio import AsyncIOBackend
from anyio._core._eventloop import claim_worker_thread

from jebi._engine import Pace, Pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from jebi._engine import EventLoop

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
            try:
                self._limiter = anyio.to_thread.current_default_thread_limiter()
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
        await anyio.lowlevel.checkpoint_if_cancelled()
        bound = partial(call, *args, **kwargs)
        future = self.pool.submit(bound, contextvars.copy_context(), pace=self._pace(call))
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
