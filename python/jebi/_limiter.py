"""AnyIO's limiter of threads, with the threads of Jebi's pool among those it lends.

Imported when AnyIO's asyncio backend has been; an application without it has no limiter.
"""

from __future__ import annotations

import contextvars
import math
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from anyio._backends._asyncio import AsyncIOBackend, CapacityLimiter

if TYPE_CHECKING:
    from collections.abc import Callable

    from anyio import CapacityLimiterStatistics

    from jebi._engine import Pool


class Borrowers(set[object]):
    """Those who have a token of AnyIO's limiter. Counts what the pool runs among them.

    What the limiter adds here and takes out again are the tasks that wait in
    ``anyio.to_thread.run_sync``. They and the pool share the tokens: what they hold is taken off
    the pool's limit. When both want more than there is, they take turns, because those who wait for
    the limiter have one token reserved after each call that the pool has run.
    """

    def __init__(self, limiter: CapacityLimiter, pool: Pool) -> None:
        """Take over from the borrowers that ``limiter`` has."""
        super().__init__(limiter._borrowers)
        self._pool = pool
        self._total = limiter.total_tokens
        self._reserved = 0

    def __len__(self) -> int:
        """How many tokens are lent, the pool's included."""
        running, _ = self._pool.share()
        return super().__len__() + running

    @property
    def waiting(self) -> int:
        """How many calls wait in the pool because no token is left."""
        return self._pool.share()[1]

    def allow(self, total: float) -> None:
        """From now on there are ``total`` tokens."""
        self._total = total
        self._limit_pool()

    def expect(self, told: Callable[[], None] | None) -> None:
        """Somebody waits: call ``told`` when the pool has run something. ``None``: nobody does."""
        self._pool.on_room(told)
        if told is None and self._reserved:
            self._reserved = 0
            self._limit_pool()

    def reserve_for(self, passing: object) -> None:
        """Let the next token, which ``passing`` gives back, go to who waits for the limiter."""
        self._reserved = 1
        super().add(passing)

    def add(self, borrower: object) -> None:
        """Lend a token."""
        super().add(borrower)
        self._reserved = 0
        self._limit_pool()

    def remove(self, borrower: object) -> None:
        """Take one back."""
        super().remove(borrower)
        self._limit_pool()

    def discard(self, borrower: object) -> None:
        """Take one back, if there is one."""
        super().discard(borrower)
        self._limit_pool()

    def _limit_pool(self) -> None:
        left = self._total - super().__len__() - self._reserved
        self._pool.set_limit(None if math.isinf(left) else max(0, int(left)))


class SharedLimiter(CapacityLimiter):
    """AnyIO's default limiter of a loop that has a pool.

    No instance is ever made: :func:`share` gives this class to the limiter that AnyIO made, which
    programs may know already.
    """

    __slots__ = ()

    @property
    def total_tokens(self) -> float:
        """How many threads may be busy at once, the pool's included."""
        tokens: float = _total.__get__(self)
        return tokens

    @total_tokens.setter
    def total_tokens(self, value: float) -> None:
        # First for the pool: whoever waits here gets the tokens that it leaves.
        before = self.total_tokens
        _total.__set__(self, value)
        if value != before:
            _borrowers(self).allow(value)

    async def acquire_on_behalf_of(self, borrower: object) -> None:
        """Wait for a token, in turns with the pool."""
        if self.available_tokens > 0:
            return await super().acquire_on_behalf_of(borrower)
        _borrowers(self).expect(self._let_in)
        try:
            await super().acquire_on_behalf_of(borrower)
        finally:
            if not super().statistics().tasks_waiting:
                _borrowers(self).expect(None)

    def _let_in(self) -> None:
        """The pool has run something: whoever waits here may have the token.

        To give a token back is what tells the next one in every version of AnyIO.
        """
        _borrowers(self).reserve_for(passing := object())
        self.release_on_behalf_of(passing)

    def statistics(self) -> CapacityLimiterStatistics:
        """Those who wait include calls of the pool."""
        known = super().statistics()
        return replace(known, tasks_waiting=known.tasks_waiting + _borrowers(self).waiting)


_total = cast("Any", CapacityLimiter.total_tokens)


def _borrowers(limiter: CapacityLimiter) -> Borrowers:
    return cast("Borrowers", limiter._borrowers)


def share(pool: Pool) -> None:
    """Have AnyIO's limiter of the running loop and ``pool`` lend the same tokens."""
    limiter = contextvars.copy_context().run(_current)
    if isinstance(limiter, SharedLimiter):
        return
    borrowers = Borrowers(limiter, pool)
    limiter._borrowers = borrowers
    limiter.__class__ = SharedLimiter
    borrowers.allow(limiter.total_tokens)


def _current() -> CapacityLimiter:
    sniffio = sys.modules.get("sniffio")
    if sniffio is not None:  # which goes by the current task, and between tasks there is none
        sniffio.current_async_library_cvar.set("asyncio")
    return AsyncIOBackend.current_default_thread_limiter()
