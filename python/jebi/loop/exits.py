"""The ends of child processes: noticed without signals, reaped one by one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from jebi import _engine

from .log import logger

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from contextlib import AbstractContextManager

# What asyncio reports of a child whose status somebody else has taken.
UNKNOWN = 255


def collector_of_all() -> Any:
    """asyncio's watcher that reaps every child of the process, if the program has set one.

    It would take the status of our children too, so they have to be entered with it, and started
    inside of it. Any other watcher minds its own children, and this loop needs none.
    """
    if sys.version_info >= (3, 14):
        return None
    watcher = getattr(asyncio.get_event_loop_policy(), "_watcher", None)
    # Its class is looked at first: to look at `FastChildWatcher` is deprecated.
    if watcher is None or type(watcher).__name__ != "FastChildWatcher":
        return None
    return watcher if watcher.is_active() else None


def starting() -> AbstractContextManager[Any]:
    """Surrounds the start of a process and :func:`watch`."""
    return collector_of_all() or contextlib.nullcontext()


def watch(loop: Any, process: subprocess.Popen[bytes], exited: Callable[[int], object]) -> None:
    """Calls ``exited(returncode)`` on the loop when the process has ended, and reaps it.

    The loop's poller tells of the end. Where the system refuses the descriptor for that (before
    Linux 5.3, in some sandboxes, or because there are too many), a thread waits instead.
    """
    collector = collector_of_all()
    if collector is not None:
        collector.add_child_handler(process.pid, _take_over, loop, process, exited)
        return
    try:
        _engine.watch_child(loop, process.pid, partial(_reap_by_descriptor, process, exited))
    except ProcessLookupError:
        loop.call_soon(_reap, process, exited)
    except OSError:
        threading.Thread(
            target=_wait_in_thread,
            args=(loop, process, exited),
            name=f"jebi-waitpid-{process.pid}",
            daemon=True,
        ).start()


def _reap_by_descriptor(
    process: subprocess.Popen[bytes], exited: Callable[[int], object], pidfd: int
) -> None:
    exited(_take_status(process, os.P_PIDFD, pidfd))


def _reap(process: subprocess.Popen[bytes], exited: Callable[[int], object]) -> None:
    exited(_take_status(process, os.P_PID, process.pid))


def _wait_in_thread(
    loop: asyncio.AbstractEventLoop,
    process: subprocess.Popen[bytes],
    exited: Callable[[int], object],
) -> None:
    """Waits without reaping: that is done on the loop, which knows when the number is free."""
    with contextlib.suppress(ChildProcessError):
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    try:
        loop.call_soon_threadsafe(_reap, process, exited)
    except RuntimeError:
        logger.warning("Loop %r that handles pid %r is closed", loop, process.pid)


def _take_over(
    _pid: int,
    returncode: int,
    loop: asyncio.AbstractEventLoop,
    process: subprocess.Popen[bytes],
    exited: Callable[[int], object],
) -> None:
    """The collector has reaped one of ours, on whatever loop it is attached to."""
    process.returncode = returncode
    if not loop.is_closed():
        loop.call_soon_threadsafe(exited, returncode)


def _take_status(process: Any, kind: int, name: int) -> int:
    """The return code, from the system or from whoever asked ``process`` before."""
    # Popen's own lock: a `poll` or `wait` elsewhere may have the status and not have noted it yet.
    with process._waitpid_lock:
        if process.returncode is None:
            process.returncode = _status(kind, name)
        if process.returncode is None:
            logger.warning(
                "child process pid %d exit status already read: will report returncode 255",
                process.pid,
            )
            process.returncode = UNKNOWN
        returncode: int = process.returncode
        return returncode


def _status(kind: int, name: int) -> int | None:
    try:
        result = os.waitid(kind, name, os.WEXITED | os.WNOHANG)
    except ChildProcessError:
        return None
    if result is None:
        return None
    return result.si_status if result.si_code == os.CLD_EXITED else -result.si_status
