"""Starting, stopping and closing the loop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any, TypeVar

from .core import Core

if TYPE_CHECKING:
    from collections.abc import Awaitable, Generator, Iterator

T = TypeVar("T")

# Frames that a coroutine remembers of its origin in debug mode, as asyncio has it.
ORIGIN_DEPTH = 10


class Running(Core):
    """Runs callbacks until told to stop."""

    def __init__(self) -> None:
        super().__init__()
        # In development mode and with PYTHONASYNCIODEBUG set.
        self._set_debug(asyncio.coroutines._is_debug_mode())  # type: ignore[attr-defined]  # a private name
        self._saved_origin_depth: int | None = None

    def __repr__(self) -> str:
        state = f"running={self.is_running()} closed={self.is_closed()} debug={self.get_debug()}"
        return f"<{type(self).__name__} {state}>"

    @property
    def _closed(self) -> bool:
        """What :meth:`is_closed` answers, where libraries look for it in other loops."""
        return self.is_closed()

    def __del__(self) -> None:
        if self.is_closed():
            return
        warnings.warn(f"unclosed event loop {self!r}", ResourceWarning, source=self)  # noqa: B028 - nobody calls it
        if not self.is_running():
            self.close()

    def run_forever(self) -> None:
        """Runs until :meth:`stop` is called.

        ``KeyboardInterrupt`` and ``SystemExit`` leave it at once, with the callbacks that did
        not run yet still queued.
        """
        self._check_closed()
        if self.is_running():
            raise RuntimeError("This event loop is already running")
        if asyncio._get_running_loop() is not None:
            raise RuntimeError("Cannot run the event loop while another loop is running")
        with self._surroundings(), self._listening_to_signals():
            self._run()

    def run_until_complete(self, future: Generator[Any, None, T] | Awaitable[T]) -> T:
        """Runs until ``future`` is done; a coroutine becomes a task first.

        Returns its result or raises its exception.
        """
        self._check_closed()
        if self.is_running():
            raise RuntimeError("This event loop is already running")
        if asyncio._get_running_loop() is not None:
            raise RuntimeError("Cannot run the event loop while another loop is running")
        is_ours = not asyncio.isfuture(future)
        awaitable: Any = future
        task: Any = asyncio.ensure_future(awaitable, loop=self)
        if is_ours:
            # Whoever called hears of it by an exception if the task stays unfinished.
            task._log_destroy_pending = False
        task.add_done_callback(_stop_loop_of)
        try:
            self.run_forever()
        except BaseException:
            if is_ours and task.done() and not task.cancelled():
                # It is on its way to the caller, who cannot reach the task to look at it.
                task.exception()
            raise
        finally:
            task.remove_done_callback(_stop_loop_of)
        if not task.done():
            raise RuntimeError("Event loop stopped before Future completed.")
        result: T = task.result()
        return result

    def close(self) -> None:
        """Gives up every callback, descriptor and the executor; the loop cannot run again."""
        if self.is_running():
            raise RuntimeError("Cannot close a running event loop")
        self._close()

    def set_debug(self, enabled: bool) -> None:
        """Turns debug mode on or off."""
        self._set_debug(bool(enabled))
        if self.is_running():
            self.call_soon_threadsafe(self._track_origins, enabled)

    @contextlib.contextmanager
    def _surroundings(self) -> Iterator[None]:
        """What the interpreter must know while this loop runs."""
        hooks = sys.get_asyncgen_hooks()
        self._track_origins(self.get_debug())
        try:
            sys.set_asyncgen_hooks(
                firstiter=self._asyncgen_started, finalizer=self._asyncgen_abandoned
            )
            asyncio._set_running_loop(self)
            yield
        finally:
            asyncio._set_running_loop(None)
            self._track_origins(False)
            sys.set_asyncgen_hooks(*hooks)

    @contextlib.contextmanager
    def _listening_to_signals(self) -> Iterator[None]:
        """Has signals wake the poller, whichever thread they arrive in.

        Without it a signal that another thread receives would be handled when the loop next
        wakes. A wake-up descriptor that somebody else has set is left in place.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        ours = self._signal_fd()
        before = _set_wakeup_fd(ours)
        if before not in (-1, ours):
            _set_wakeup_fd(before)
            yield
            return
        try:
            yield
        finally:
            # A handler of add_signal_handler outlives the run, in case the loop runs again.
            after = _set_wakeup_fd(-1)
            if after != ours or self._has_signal_handlers():
                _set_wakeup_fd(after)

    def _track_origins(self, enabled: bool) -> None:
        if enabled and self._saved_origin_depth is None:
            self._saved_origin_depth = sys.get_coroutine_origin_tracking_depth()
            sys.set_coroutine_origin_tracking_depth(ORIGIN_DEPTH)
        elif not enabled and self._saved_origin_depth is not None:
            sys.set_coroutine_origin_tracking_depth(self._saved_origin_depth)
            self._saved_origin_depth = None

    def _asyncgen_started(self, generator: Any) -> None:
        raise NotImplementedError

    def _asyncgen_abandoned(self, generator: Any) -> None:
        raise NotImplementedError

    def _has_signal_handlers(self) -> bool:
        raise NotImplementedError


def _set_wakeup_fd(fd: int) -> int:
    return signal.set_wakeup_fd(fd, warn_on_full_buffer=False)


def _stop_loop_of(future: asyncio.Future[Any]) -> None:
    if not future.cancelled() and isinstance(future.exception(), SystemExit | KeyboardInterrupt):
        # The exception leaves run_forever by itself; a stop would end the next run early.
        return
    future.get_loop().stop()
