"""A listening socket of the server's, and how it stops listening without losing anybody."""

from __future__ import annotations

import array
import contextlib
import socket
import struct
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jebi.loop.unix import SocketFile

# How long a handshake that has begun may take to end, in seconds.
HANDSHAKE_SECONDS = 0.1

_SO_ATTACH_FILTER = 26

# A socket filter (classic BPF) that drops segments which only ask for a connection: it loads the
# flags of the TCP header, and looks whether of SYN and ACK only SYN is set.
_DROP_SYN = [
    (0x30, 0, 0, 13),  # A = byte at 13
    (0x54, 0, 0, 0x12),  # A &= SYN | ACK
    (0x15, 0, 1, 0x02),  # if A != SYN: skip one
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFFFFFF),  # pass whole
]


class Listener(socket.socket):
    """A listening socket, and what has to be known of it."""

    host = ""
    """The host as it was asked for, where the address alone would say less."""
    file: SocketFile | None = None
    """The file by which a UNIX socket is found."""
    is_shared = False
    """Whether somebody else has it open, and may go on with it."""

    def shut_the_door(self) -> None:
        """Let nobody new in; who has connected already still waits to be accepted.

        Closing it instead would reset those. On systems without socket filters TCP cannot have
        both, and new clients are let in until it is closed.
        """
        if self.is_shared or self.fileno() < 0:
            return
        if self.file is not None:
            self.file.remove()
        with contextlib.suppress(OSError):
            if self.family == socket.AF_UNIX:
                self.shutdown(socket.SHUT_RD)
            elif sys.platform == "linux":
                _drop_new(self)

    def close(self) -> None:
        """Close it, and remove its file if that still is its own."""
        if self.file is not None and self.fileno() >= 0:
            self.file.remove()
        super().close()


def _drop_new(listener: socket.socket) -> None:
    """Have the kernel drop what asks for a connection; clients ask again, elsewhere by then."""
    program = array.array("B", b"".join(struct.pack("HBBI", *step) for step in _DROP_SYN))
    address, _ = program.buffer_info()
    described = struct.pack("HP", len(_DROP_SYN), address)
    listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, described)


def may_be_in_handshake(listener: socket.socket) -> bool:
    """Whether a client may be connecting just now: one on this machine is done at once."""
    # Whoever passed a socket may have closed it meanwhile.
    if listener.family not in {socket.AF_INET, socket.AF_INET6} or listener.fileno() < 0:
        return False
    host = str(listener.getsockname()[0])
    return host != "::1" and not host.startswith("127.")


def shut_doors(sockets: Iterable[socket.socket]) -> None:
    """Let nobody new in at those that are the server's own."""
    for listener in sockets:
        if isinstance(listener, Listener):
            listener.shut_the_door()
