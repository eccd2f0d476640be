"""What a worker and its supervisor tell each other, over a pair of sockets.

A message is a :class:`Word` and a few bytes that belong to it, with its length in front. Neither
side ever waits for the other: a supervisor that is stopped must not hold up a worker's loop, nor a
worker that is stopped the supervisor.
"""

from __future__ import annotations

import enum
import pickle
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket

_HEAD = struct.Struct(">BI")

# What waits to be written when the other side reads nothing; more is dropped.
_BOUND = 1024 * 1024


class Word(enum.IntEnum):
    """What a message says."""

    ORDER = 1
    """To a worker, once and first: what it is to do, pickled."""
    READY = 2
    """The worker serves."""
    UNFIT = 3
    """What was asked for cannot be served: trying again is pointless."""
    BEAT = 4
    """The worker's loop is alive; written by the loop itself."""
    REPLACE = 5
    """The worker wants to leave, for the reason in the message, once another one serves."""
    DOUBTS = 6
    """What could be better about the application, a line each."""


class Channel:
    """One end. ``socket`` becomes non-blocking with the first word said or heard."""

    def __init__(self, socket: socket.socket) -> None:
        self.socket = socket
        self.is_open = True
        self._incoming = bytearray()
        self._outgoing = bytearray()

    def fileno(self) -> int:
        """The descriptor, for a selector."""
        return self.socket.fileno()

    def close(self) -> None:
        """Hang up."""
        self.is_open = False
        self.socket.close()

    def say(self, word: Word, content: bytes = b"") -> None:
        """Tell the other side, now or as soon as it reads."""
        if not self.is_open or len(self._outgoing) > _BOUND:
            return
        self._outgoing += _HEAD.pack(word, len(content)) + content
        self.flush()

    def flush(self) -> None:
        """Write what waits, as far as there is room."""
        self.socket.setblocking(False)
        while self._outgoing:
            try:
                del self._outgoing[: self.socket.send(self._outgoing)]
            except BlockingIOError:
                return
            except OSError:  # nobody is there
                self.is_open = False
                return

    def hear(self) -> list[tuple[Word, bytes]]:
        """What the other side has said since; ``is_open`` is false once it has hung up."""
        self.socket.setblocking(False)
        while self.is_open:
            try:
                received = self.socket.recv(65536)
            except BlockingIOError:
                break
            except OSError:
                received = b""
            self.is_open = received != b""
            self._incoming += received
        return list(iter(self._next, None))

    def _next(self) -> tuple[Word, bytes] | None:
        if len(self._incoming) < _HEAD.size:
            return None
        word, length = _HEAD.unpack_from(self._incoming)
        end = _HEAD.size + length
        if len(self._incoming) < end:
            return None
        content = bytes(self._incoming[_HEAD.size : end])
        del self._incoming[:end]
        return Word(word), content

    def order(self, what: dict[str, Any]) -> None:
        """Send the order, which a worker reads before it does anything else.

        Raises:
            OSError: The worker is gone.
        """
        content = pickle.dumps(what)
        self.socket.sendall(_HEAD.pack(Word.ORDER, len(content)) + content)

    def receive_order(self) -> dict[str, Any]:
        """Wait for the order; called once, before anything else.

        Raises:
            EOFError: The supervisor is gone.
        """
        _, length = _HEAD.unpack(self._exactly(_HEAD.size))
        order: dict[str, Any] = pickle.loads(self._exactly(length))
        return order

    def _exactly(self, length: int) -> bytes:
        data = bytearray()
        while len(data) < length:
            received = self.socket.recv(length - len(data))
            if not received:
                raise EOFError
            data += received
        return bytes(data)
