"""The default executor: ``concurrent.futures``' thread pool with the engine's queue in it."""

from __future__ import annotations

import concurrent.futures
import concurrent.futures.thread
import threading
from asyncio import CancelledError, InvalidStateError
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from jebi._engine import WorkQueue

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from jebi._engine import EventLoop

P = ParamSpec("P")
T = TypeVar("T")

# Where the standard library keeps what has to be told to end before the interpreter does.
_ENDED_AT_EXIT: Any = concurrent.futures.thread._threads_queues


class Threads(concurrent.futures.ThreadPoolExecutor):
    """A thread pool that completes the futures of a loop without a detour.

    To everybody else it is the ``ThreadPoolExecutor`` that it derives from: as many threads,
    started when none is free, named ``prefix_0`` and so on, ended and joined by :meth:`shutdown`
    or before the interpreter exits.
    """

    def __init__(self, prefix: str) -> None:
        super().__init__(thread_name_prefix=prefix)
        self._prefix = prefix
        self._known: set[threading.Thread] = self._threads  # type: ignore[assignment]  # a set, whatever typeshed says
        self._queue = WorkQueue(self._max_workers)
        # Monitors ask it for its size.
        self._work_queue: Any = self._queue

    def run(
        self, loop: EventLoop, func: Callable[..., T], args: tuple[Any, ...]
    ) -> asyncio.Future[T]:
        """``func(*args)`` in a thread, for whoever awaits the future on ``loop``.

        A future that is cancelled before a thread has begun takes the call with it. Raises
        ``RuntimeError`` after :meth:`shutdown`.
        """
        future = loop.create_future()
        if self._queue.run(loop, future, func, args):
            self._start_one()
        return future

    def submit(
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> concurrent.futures.Future[T]:
        """``fn(*args, **kwargs)`` in a thread. Raises ``RuntimeError`` after :meth:`shutdown`."""
        item = _Submitted(fn, args, kwargs)
        if self._queue.put(item):
            self._start_one()
        return item.future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Takes no more calls; with ``wait``, returns when those that it took are done."""
        self._shutdown = True
        if cancel_futures:
            for item in self._queue.drain():
                item.future.cancel()
        self._queue.close()
        if wait:
            for thread in list(self._known):
                thread.join()

    def _start_one(self) -> None:
        worker = self._queue.worker()
        if worker is None:
            return
        thread = threading.Thread(name=f"{self._prefix}_{worker.number}", target=worker.work)
        # Before it starts, so that nobody who joins them all overlooks it.
        self._known.add(thread)
        try:
            thread.start()
        except BaseException:
            self._known.discard(thread)
            self._queue.miss()
            raise
        _ENDED_AT_EXIT[thread] = worker


class _Submitted:
    """A call whose result goes to a future of ``concurrent.futures``."""

    def __init__(
        self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        self.future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        self._call = fn, args, kwargs

    def __call__(self) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        fn, args, kwargs = self._call
        try:
            result = fn(*args, **kwargs)
        except BaseException as error:
            self.future.set_exception(error)
        else:
            self.future.set_result(result)


def for_asyncio(error: BaseException) -> BaseException:
    """What a future of asyncio says instead of an error that was raised in a thread."""
    if type(error) is concurrent.futures.CancelledError:
        return CancelledError(*error.args).with_traceback(error.__traceback__)
    if type(error) is concurrent.futures.InvalidStateError:
        return InvalidStateError(*error.args).with_traceback(error.__traceback__)
    if isinstance(error, StopIteration):
        # Raised into a coroutine it would look like its end. Not every 3.11 and 3.12 sees to it.
        other = RuntimeError("a StopIteration cannot be the outcome of a future")
        other.__cause__ = error
        return other
    return error
