"""Blocking work in other threads."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import warnings
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple, Unpack

from .running import Running
from .threads import Threads

if TYPE_CHECKING:
    from collections.abc import Callable


Ts = TypeVarTuple("Ts")
T = TypeVar("T")


class Executors(Running):
    """Runs functions in an executor, by default a thread pool of the loop's own."""

    def __init__(self) -> None:
        super().__init__()
        self._default_executor: Any = None
        self._executor_is_shut_down = False

    def run_in_executor(
        self,
        executor: concurrent.futures.Executor | None,
        func: Callable[[Unpack[Ts]], T],
        *args: *Ts,
    ) -> asyncio.Future[T]:
        """Calls ``func(*args)`` in ``executor``, ``None`` for the default one."""
        self._check_closed()
        if self.get_debug():
            self._check_callback(func, "run_in_executor")
        chosen = self._the_default_executor() if executor is None else executor
        if type(chosen) is Threads:
            return chosen.run(self, func, args)
        return asyncio.wrap_future(chosen.submit(func, *args), loop=self)

    def set_default_executor(self, executor: Any) -> None:
        """Replaces the default executor; asyncio insists on a thread pool."""
        if not isinstance(executor, concurrent.futures.ThreadPoolExecutor):
            raise TypeError("executor must be ThreadPoolExecutor instance")
        self._default_executor = executor

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Waits until the default executor's threads have ended, at most ``timeout`` seconds."""
        self._executor_is_shut_down = True
        executor = self._default_executor
        if executor is None:
            return
        done = self.create_future()
        thread = threading.Thread(target=self._join_executor, args=(executor, done))
        thread.start()
        try:
            async with asyncio.timeout(timeout):
                await done
        except TimeoutError:
            warnings.warn(
                f"The executor did not finishing joining its threads within {timeout} seconds.",
                RuntimeWarning,
                stacklevel=2,
            )
            executor.shutdown(wait=False)
        else:
            thread.join()

    def close(self) -> None:
        """Gives up the executor too, without waiting for its threads."""
        super().close()
        self._executor_is_shut_down = True
        executor, self._default_executor = self._default_executor, None
        if executor is not None:
            executor.shutdown(wait=False)

    def _the_default_executor(self) -> concurrent.futures.Executor:
        if self._executor_is_shut_down:
            raise RuntimeError("Executor shutdown has been called")
        if self._default_executor is None:
            self._default_executor = Threads("asyncio")
        executor: concurrent.futures.Executor = self._default_executor
        return executor

    def _join_executor(
        self, executor: concurrent.futures.Executor, done: asyncio.Future[None]
    ) -> None:
        """In a thread of its own, because joining blocks."""
        error = None
        try:
            executor.shutdown(wait=True)
        except Exception as raised:
            error = raised
        if not self.is_closed():
            self.call_soon_threadsafe(_finish, done, error)


def _finish(future: asyncio.Future[None], error: Exception | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(None)
