"""The threads for ``def`` code, where they meet AnyIO and the rest of Python.

The pool itself is ``jebi._engine.Pool``. AnyIO stays the public way to size it, and
``anyio.from_thread`` works in what it runs.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import sys
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from weakref import WeakKeyDictionary, ref

from jebi._engine import EventLoop, Pace, Pool

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Callable
    from types import FrameType
    from weakref import ReferenceType

    from anyio import CancelScope

P = ParamSpec("P")
T = TypeVar("T")

DEFAULT_LIMIT = 40
"""What AnyIO begins with, for as long as nobody uses it."""

_logger = logging.getLogger("jebi.error")

_THREADS = "jebi-pool-"
_PLACES = 5
_AROUND = {"anyio", "asyncio", "concurrent", "jebi", "threading"}

_BACKEND = "anyio._backends._asyncio"


def around(loop: EventLoop) -> Callable[[Callable[[], None]], None]:
    """What a pool thread runs: its work loop, as a worker thread of AnyIO's.

    ``anyio.from_thread.run`` finds the loop that way.
    """
    weakly = ref(loop)

    def live(work: Callable[[], None]) -> None:
        is_new = _BACKEND not in sys.modules
        from anyio._backends._asyncio import AsyncIOBackend
        from anyio._core._eventloop import claim_worker_thread, threadlocals

        if is_new:
            _share_soon(weakly())
        with claim_worker_thread(AsyncIOBackend, weakly()):
            # Most calls run below no cancel scope, and leave this as it is.
            threadlocals.current_cancel_scope = None
            work()

    return live


def _share_soon(loop: EventLoop | None) -> None:
    """Now that AnyIO is there, its limiter is to know of the pool before anybody looks at it."""
    pool = _pools.get(loop) if loop is not None else None
    if loop is not None and pool is not None:
        with suppress(RuntimeError):  # it is closed
            loop.call_soon_threadsafe(_shares_limiter(ref(pool)))


def _shares_limiter(pool: ReferenceType[ThreadPool]) -> Callable[[], bool]:
    """Has AnyIO's limiter and the pool share, and says whether they do: once AnyIO is there."""

    def share() -> bool:
        known = pool()
        if _BACKEND not in sys.modules or known is None:
            return False
        from jebi._limiter import share as share_limiter

        with suppress(RuntimeError):  # asyncio knows no running loop in the child of a fork
            share_limiter(known.pool)
            return True
        return False

    return share


def current_scope() -> CancelScope | None:
    """AnyIO's innermost cancel scope in the running task, if there is one."""
    states = getattr(sys.modules.get(_BACKEND), "_task_states", None)
    if states is None:
        return None
    state = states.get(asyncio.current_task())
    scope: CancelScope | None = None if state is None else state.cancel_scope
    return scope


class ScopedCall:
    """A call below a cancel scope, which ``anyio.from_thread`` finds in the thread."""

    __slots__ = ("_call", "_claims", "_scope")

    def __init__(self, call: Callable[[], Any], scope: CancelScope) -> None:
        """Make ``call`` below ``scope``, in a thread of the pool."""
        self._call = call
        self._scope = scope
        self._claims = [None]

    def claim(self) -> bool:
        """Whether nobody has claimed the call before: who runs it, or who gives it up."""
        try:
            self._claims.pop()
        except IndexError:
            return False
        return True

    def __call__(self) -> Any:
        """Make the call, unless it was given up."""
        from anyio._core._eventloop import threadlocals

        if not self.claim():
            return None
        threadlocals.current_cancel_scope = self._scope
        try:
            return self._call()
        finally:
            threadlocals.current_cancel_scope = None


def report_lack(error: BaseException | None, refused: int, left: int) -> None:
    """Say that the pool lacks a thread, which could not be started or ended before it began.

    Args:
        error: Why it could not be started; ``None`` for one that ended.
        refused: How many calls fail for it.
        left: How many threads the pool has.
    """
    if error is not None:
        what = f"The pool could start no thread: {error}. The system allows this user or container"
        what += f" no more of them, or no memory; this process has {threading.active_count()}."
        advice = "Raise the limit (ulimit -u, pids.max of the cgroup, ulimit -v), or lower"
        advice += " total_tokens of AnyIO's default limiter, or the number of workers."
    else:
        what = "A thread of the pool ended before it began to work: its traceback is on stderr."
        advice = "If that names a hook of threading.setprofile or threading.settrace, mend it or"
        advice += " do without: it has to let threads begin."
    if left:
        then = f"Until then {left} threads have to do, and calls may wait longer."
    else:
        then = f"There is no other thread, so {refused} calls fail."
    _logger.error("%s %s %s", what, then, advice)


def report_standstill(busy: int, queued: int) -> None:
    """Say that calls wait for a thread and none has ended for long, and where the threads are."""
    _logger.warning(
        "The %d calls that the pool runs have not ended for ten seconds, and %d wait for a thread."
        " If those that run wait for others, as anyio.from_thread.run does for what itself needs a"
        " thread, this does not end by itself: raise total_tokens of AnyIO's default limiter, or"
        " let nothing in a thread wait for another one. %s.",
        busy,
        queued,
        "; ".join(_places()[:_PLACES]) or "The threads are in no code of the application",
    )


def _places() -> list[str]:
    """Where in the application's code each thread of a pool is."""
    names = {t.ident: t.name for t in threading.enumerate() if t.name.startswith(_THREADS)}
    places = []
    for ident, innermost in sys._current_frames().items():
        frame: FrameType | None = innermost if ident in names else None
        while frame is not None and _is_ours(frame):
            frame = frame.f_back
        if frame is not None:
            code = frame.f_code
            place = f"{code.co_filename}:{frame.f_lineno} in {code.co_name}"
            places.append(f"{names[ident]} is at {place}")
    return places


def _is_ours(frame: FrameType) -> bool:
    """Whether a frame is of what stands around calls, and says nothing about the application."""
    return str(frame.f_globals.get("__name__")).partition(".")[0] in _AROUND


def _in_child() -> None:
    """The child of a fork has one thread: if that is a pool's, it ends with what it runs."""
    if not threading.current_thread().name.startswith(_THREADS):
        return  # a child may go on with the loop of its parent, and with threads of its own
    for pool in list(_pools.values()):
        pool.pool.leave_to_parent()


class ThreadPool:
    """One loop's pool, as coroutines use it."""

    def __init__(self, loop: EventLoop) -> None:
        self.pool = Pool(loop, DEFAULT_LIMIT, limiter=_shares_limiter(ref(self)))
        self._paces: WeakKeyDictionary[Any, Pace] = WeakKeyDictionary()

    async def run(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Calls ``call`` on a pool thread, in a copy of the current context, and waits.

        As with AnyIO, a cancel scope ends the wait for a thread, but not that for a call which has
        begun: nothing would stop it, except where it asks or waits in ``anyio.from_thread``.
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
        scope = current_scope()
        pace = self._pace(call)
        if scope is None:  # then asyncio alone can end the wait, at any time
            return await self.pool.submit(bound, context, pace=pace, is_exit=is_exit)
        from anyio.lowlevel import checkpoint_if_cancelled

        await checkpoint_if_cancelled()
        scoped = ScopedCall(bound, scope)
        future: Future[T] = self.pool.submit(scoped, context, pace=pace, is_exit=is_exit)
        over = asyncio.get_running_loop().create_future()
        future.add_done_callback(lambda _: None if over.done() else over.set_result(None))
        try:
            await over
        except asyncio.CancelledError as error:
            if scoped.claim() or not _is_of_scope(error):
                future.cancel()
                raise
            from anyio import CancelScope

            with CancelScope(shield=True):
                return await future
        return future.result()

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
os.register_at_fork(after_in_child=_in_child)


def _is_of_scope(error: asyncio.CancelledError) -> bool:
    """Whether a cancel scope of AnyIO's is behind this, as only the message tells."""
    return bool(error.args) and "cancel scope" in str(error.args[0])


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
