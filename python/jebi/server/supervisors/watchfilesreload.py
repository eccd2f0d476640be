"""One worker, restarted when a file changes."""

from __future__ import annotations

import threading
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jebi.server.errors import CANNOT_START
from jebi.server.logging import get_logger
from jebi.server.supervisors.base import Supervisor

if TYPE_CHECKING:
    import socket

    from jebi.server.config import Config
    from jebi.server.supervisors.process import Process

INCLUDES = ("*.py",)
EXCLUDES = (".*", ".py[cod]", ".sw.*", "~*")


class FileFilter:
    """Which changes count: Python files and what was asked for, but not what was excluded."""

    def __init__(self, config: Config) -> None:
        self.includes = [p for p in INCLUDES if p not in config.reload_excludes]
        self.includes += config.reload_includes
        self.excludes = [p for p in EXCLUDES if p not in config.reload_includes]
        self.excludes += [p for p in config.reload_excludes if not Path(p).is_dir()]
        self.exclude_dirs = [Path(p).resolve() for p in config.reload_excludes if Path(p).is_dir()]

    def __call__(self, path: Path) -> bool:
        if not any(path.match(pattern) for pattern in self.includes):
            return False
        if any(directory in path.parents for directory in self.exclude_dirs):
            return False
        return not any(path.match(pattern) for pattern in self.excludes)


class WatchFilesReload(Supervisor):
    """Restarts the worker through the same drain as any stop.

    A worker that cannot start, because of an unfinished edit, is no reason to leave: the next
    change starts it again.
    """

    def __init__(self, config: Config, target: Any = None, sockets: Any = None) -> None:
        # uvicorn passes what to run in the worker; ours knows.
        listeners: list[socket.socket] = sockets if sockets is not None else target
        super().__init__(config, listeners)
        self._filter = FileFilter(config)
        self._changed: deque[list[Path]] = deque()
        self._stop_watching = threading.Event()
        self._blindness = ""
        """Why changes cannot be seen."""

    def run(self) -> int:
        watcher = threading.Thread(target=self._watch, name="jebi file watch", daemon=True)
        watcher.start()
        try:
            return super().run()
        finally:
            self._stop_watching.set()
            watcher.join(5.0)

    def begin(self) -> None:
        self.start_worker()

    def on_wake(self) -> None:
        if self._blindness and not self.leaving:
            self._go_blind()
        if not self._changed or self.leaving:
            return
        paths = sorted({_short(path) for change in self._changed for path in change})
        self._changed.clear()
        get_logger().warning("Changed: %s. Reloading...", ", ".join(paths))
        if self.workers:
            self.stop_worker(self.workers[0])
        else:
            self.start_worker()

    def on_stopped(self, worker: Process) -> None:  # noqa: ARG002 - others ask which one it was
        self.start_worker()

    def on_no_worker(self) -> None:
        if self.announced:
            get_logger().error("Waiting for a change")
        else:
            self.leave(CANNOT_START)

    def on_end(self, worker: Process, code: int) -> None:
        if worker.unfit and not self.announced:
            self.leave(code or CANNOT_START)
            return
        get_logger().error("Worker [%d] %s; waiting for a change", worker.pid, worker.end())

    def _go_blind(self) -> None:
        """Changes cannot be seen: that is no reload, but what serves already may go on."""
        reason, self._blindness = self._blindness, ""
        get_logger().error("Changes of files cannot be watched: %s", reason)
        if not self.announced:
            self.leave(CANNOT_START)

    def _watch(self) -> None:
        try:
            self._note_changes()
        except Exception as error:
            self._blindness = f"{error}; WATCHFILES_FORCE_POLLING=true looks for them instead"
            self.wake()

    def _note_changes(self) -> None:
        from watchfiles import watch

        changes = watch(
            *self.config.reload_dirs,
            watch_filter=lambda _, path: self._filter(Path(path)),
            debounce=max(50, int(self.config.reload_delay * 1000)),
            stop_event=self._stop_watching,
            raise_interrupt=False,
            ignore_permission_denied=True,
        )
        for change in changes:
            self._changed.append([Path(path) for _, path in change])
            self.wake()


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
