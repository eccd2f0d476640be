"""Signal handlers that run as callbacks."""

from __future__ import annotations

import errno
import inspect
import os
import signal
import sys
import warnings
from typing import TYPE_CHECKING, Any

from jebi import _engine

from .log import logger
from .running import Running

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


class Signals(Running):
    """Signals arrive through a pipe: the interpreter writes their numbers, the engine reads."""

    def __init__(self) -> None:
        super().__init__()
        self._signal_handlers: dict[int, _engine.Handle] = {}

    def add_signal_handler(  # type: ignore[override]  # its types, without TypeVarTuple
        self, sig: int, callback: Callable[..., object], *args: Any
    ) -> None:
        """Has ``callback(*args)`` run when the signal arrives; main thread only."""
        if inspect.iscoroutine(callback) or inspect.iscoroutinefunction(callback):
            raise TypeError("coroutines cannot be used with add_signal_handler()")
        _check_signal(sig)
        self._check_closed()
        try:
            signal.set_wakeup_fd(self._signal_fd())
        except (ValueError, OSError) as error:
            raise RuntimeError(str(error)) from error
        self._signal_handlers[sig] = _engine.Handle._create(self, callback, args)
        try:
            # The number only reaches the pipe if there is a handler in Python.
            signal.signal(sig, _do_nothing)
            signal.siginterrupt(sig, False)
        except OSError as error:
            del self._signal_handlers[sig]
            self._stop_listening_if_idle()
            _refuse(sig, error)

    def remove_signal_handler(self, sig: int) -> bool:
        """Restores the default; ``False`` when there was no handler."""
        _check_signal(sig)
        if self._signal_handlers.pop(sig, None) is None:
            return False
        default = signal.default_int_handler if sig == signal.SIGINT else signal.SIG_DFL
        try:
            signal.signal(sig, default)
        except OSError as error:
            _refuse(sig, error)
        self._stop_listening_if_idle()
        return True

    def close(self) -> None:
        """Removes the handlers too."""
        try:
            if not self.is_running():
                self._remove_signal_handlers()
        except ValueError:
            # Only the main thread can restore anything. In any other the interpreter goes on
            # writing into the pipe, whose number must not become another descriptor's.
            self._abandon_signal_fd()
            raise
        finally:
            super().close()

    def _remove_signal_handlers(self) -> None:
        if not sys.is_finalizing():
            for sig in list(self._signal_handlers):
                self.remove_signal_handler(sig)
        elif self._signal_handlers:
            # The interpreter is past calling them, or restoring anything.
            warnings.warn(
                f"Closing the loop {self!r} on interpreter shutdown stage, "
                "skipping signal handlers removal",
                ResourceWarning,
                source=self,
                stacklevel=3,
            )
            self._signal_handlers.clear()

    def _receive_signals(self, numbers: bytes) -> None:
        """The engine read these from the pipe."""
        for number in numbers:
            handle = self._signal_handlers.get(number)
            if handle is None:
                continue
            if handle.cancelled():
                self.remove_signal_handler(number)
            else:
                self._queue_handle(handle)

    def _has_signal_handlers(self) -> bool:
        return bool(self._signal_handlers)

    def _stop_listening_if_idle(self) -> None:
        # While it runs, the loop keeps its pipe in place for handlers of signal.signal.
        if self._signal_handlers or self.is_running():
            return
        try:
            signal.set_wakeup_fd(-1)
        except (ValueError, OSError) as error:
            logger.info("set_wakeup_fd(-1) failed: %s", error)


def _check_signal(sig: int) -> None:
    if not isinstance(sig, int):
        raise TypeError(f"sig must be an int, not {sig!r}")
    if sig not in signal.valid_signals():
        raise ValueError(f"invalid signal number {sig}")


def _refuse(sig: int, error: OSError) -> None:
    if error.errno == errno.EINVAL:
        raise RuntimeError(f"sig {sig} cannot be caught") from error
    raise error


def _forget_wakeup_fd() -> None:
    """A child's signals are not for the loops of its parent."""
    signal.set_wakeup_fd(-1)


if sys.version_info < (3, 12):
    # asyncio sees to it itself since then.
    os.register_at_fork(after_in_child=_forget_wakeup_fd)


def _do_nothing(_number: int, _frame: FrameType | None) -> None:
    """The signal's work is done by the handler on the loop."""
