"""systemd's two protocols: sockets that it has opened, and being told how its service is.

Both are a few environment variables (sd_listen_fds(3), sd_notify(3)). They are meant for this
process alone, so they leave the environment when they are read.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import MutableMapping

# SD_LISTEN_FDS_START
_FIRST = 3


def passed_descriptors(environ: MutableMapping[str, str] = os.environ) -> dict[int, str]:
    """The descriptors of the sockets that systemd has opened for this process, with their names."""
    pid = environ.get("LISTEN_PID")
    count = environ.get("LISTEN_FDS", "")
    names = environ.get("LISTEN_FDNAMES", "").split(":")
    for variable in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        environ.pop(variable, None)
    # A program in between that did not exec has passed on what was its own.
    if pid != str(os.getpid()) or not (count.isascii() and count.isdigit()):
        return {}
    numbers = range(_FIRST, _FIRST + int(count))
    return {number: names[at] if at < len(names) else "" for at, number in enumerate(numbers)}


class Notifier:
    """Tells systemd, or whoever has set ``NOTIFY_SOCKET``, how the service is; else nothing."""

    def __init__(self, environ: MutableMapping[str, str] = os.environ) -> None:
        address = environ.pop("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        microseconds = environ.pop("WATCHDOG_USEC", "")
        pid = environ.pop("WATCHDOG_PID", "") or str(os.getpid())
        is_asked = bool(address) and pid == str(os.getpid()) and microseconds.isdigit()
        self.alive_every = int(microseconds) / 2e6 if is_asked else float("inf")
        """How often :meth:`alive` has to be called, in seconds: twice as often as is asked for."""

    def ready(self) -> None:
        """Somebody answers, for the first time or again."""
        self._tell("READY=1", f"MAINPID={os.getpid()}")

    def reloading(self) -> None:
        """New workers come; :meth:`ready` ends it."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """The end has begun."""
        self._tell("STOPPING=1")

    def alive(self) -> None:
        """The watchdog is to be kept quiet."""
        self._tell("WATCHDOG=1")

    def _tell(self, *assignments: str) -> None:
        if not self._address:
            return
        # Nobody listening is no reason not to serve.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
            way.setblocking(False)
            way.sendto("\n".join(assignments).encode(), self._address)
