"""Where synchronous code runs: in worker threads, in the context of the request."""

from __future__ import annotations

from contextlib import AbstractContextManager
from contextlib import asynccontextmanager as asynccontextmanager
from contextvars import Context, ContextVar, copy_context
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from jebi._pool import ThreadPool, current_scope, own_context
from jebi.web.concurrency import iterate_in_threadpool as iterate_in_threadpool
from jebi.web.concurrency import run_in_threadpool as run_in_threadpool
from jebi.web.concurrency import run_until_first_complete as run_until_first_complete

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from anyio import CapacityLimiter, Semaphore
    from anyio.lowlevel import RunVar

T = TypeVar("T")
_MISSING = object()


async def run_in_thread(
    call: Callable[..., T], values: dict[str, Any], *, limiter: CapacityLimiter | None = None
) -> T:
    """Call ``call(**values)`` in a worker thread; context variables it sets reach the caller.

    ``limiter`` is capacity of its own, for the exits of dependencies.
    """
    pool = ThreadPool.running()
    if pool is not None and (context := own_context()) is not None:
        return await pool.run_in(context, call, values, is_exit=limiter is not None)
    import anyio.to_thread

    changes: list[tuple[ContextVar[Any], Any]] = []

    def work() -> T:
        before = copy_context()
        try:
            return call(**values)
        finally:
            changes.extend(changed_variables(before, copy_context()))

    try:
        return await anyio.to_thread.run_sync(work, limiter=limiter)
    finally:
        for variable, value in changes:
            variable.set(value)


def changed_variables(before: Context, after: Context) -> list[tuple[ContextVar[Any], Any]]:
    """The variables that ``after`` has and ``before`` has not, or with another value."""
    return [
        (variable, value)
        for variable, value in after.items()
        if before.get(variable, _MISSING) is not value
    ]


@asynccontextmanager
async def contextmanager_in_threadpool(
    cm: AbstractContextManager[T],
) -> AsyncGenerator[T, None]:
    """Enter and leave ``cm`` in worker threads.

    Leaving has capacity of its own: a pool full of calls that wait for what this one holds
    could never be left otherwise.
    """
    from anyio import CapacityLimiter

    value = await run_in_thread(cm.__enter__, {})
    limiter = CapacityLimiter(1)
    try:
        yield value
    except BaseException as error:
        kept = await _leave(cm, error, limiter)
        if not kept:
            raise
    else:
        await _leave(cm, None, limiter)


async def _leave(
    cm: AbstractContextManager[Any], error: BaseException | None, limiter: CapacityLimiter
) -> bool:
    def leave() -> bool:
        if error is None:
            return bool(cm.__exit__(None, None, None))
        return bool(cm.__exit__(type(error), error, error.__traceback__))

    if ThreadPool.running() is not None and current_scope() is None:
        return await run_in_thread(leave, {}, limiter=limiter)
    from anyio import CancelScope

    with CancelScope(shield=True):
        return await run_in_thread(leave, {}, limiter=limiter)
    raise AssertionError("a shielded scope is left by what it runs")


class DependencyConcurrency:
    """The limit of a dependency's concurrent calls; each event loop counts its own."""

    def __init__(self, max_concurrency: int) -> None:
        """Allow ``max_concurrency`` calls at a time."""
        self.max_concurrency = max_concurrency

    def get_semaphore(self) -> Semaphore:
        """The running loop's counter."""
        from anyio import Semaphore

        known = _semaphores()
        counters = known.get(None)
        if counters is None:
            counters = WeakKeyDictionary()
            known.set(counters)
        semaphore = counters.get(self)
        if semaphore is None:
            semaphore = counters[self] = Semaphore(self.max_concurrency)
        return semaphore


@cache
def _semaphores() -> RunVar[WeakKeyDictionary[DependencyConcurrency, Semaphore]]:
    from anyio.lowlevel import RunVar

    # Weak keys: a declaration that is gone takes its counters along.
    return RunVar("jebi_dependency_semaphores")
