"""When a process has served long enough, and had better be replaced by a fresh one."""

from __future__ import annotations

import os
import resource
import sys
import time
from typing import TYPE_CHECKING

from jebi.server.errors import CannotStart

if TYPE_CHECKING:
    from jebi.server.config import Config

MIB = 1 << 20

_CHECK_SECONDS = 1.0


def rss() -> int:
    """The resident memory of this process, in bytes; its peak where the system tells only that."""
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except FileNotFoundError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


class Wear:
    """The memory and the age of this process, against ``limit_max_rss`` and ``limit_max_age``.

    Raises:
        CannotStart: It has more memory than it may ever have before it serves anything: it would
            be replaced for ever.
    """

    def __init__(self, config: Config) -> None:
        self._max_rss = config.limit_max_rss
        self._max_age = config.limit_max_age
        self._began = self._next = time.monotonic()
        if self._max_rss is not None and rss() >= self._max_rss * MIB:
            raise CannotStart(
                f"limit_max_rss is {self._max_rss} MiB, and the application takes "
                f"{rss() // MIB} MiB before it has served anything: allow more"
            )

    def reason(self) -> str | None:
        """Why it had better be replaced, if there is a reason; cheap to ask ten times a second."""
        now = time.monotonic()
        if now < self._next:
            return None
        self._next = now + _CHECK_SECONDS
        if self._max_age is not None and now - self._began >= self._max_age:
            return f"Maximum age of {self._max_age} s exceeded."
        if self._max_rss is not None and (used := rss()) > self._max_rss * MIB:
            return f"Maximum memory of {self._max_rss} MiB exceeded: {used // MIB} MiB."
        return None
