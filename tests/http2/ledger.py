"""What a client has sent, read back, so that it knows what a server may do."""

from __future__ import annotations

import struct
from collections import defaultdict

from hpack import Decoder

from tests.http2 import frames


class Ledger:
    """Streams, windows and settings as a server must see them.

    Settings count from their acknowledgement, which a server sends when it has applied them;
    windows from the moment in which the client opens them.
    """

    def __init__(self) -> None:
        self.streams: dict[int, bytes] = {}
        """The method of each stream that the client used, as far as it can be read."""
        self.frame_size = frames.DEFAULT_FRAME_SIZE
        self._initial = frames.DEFAULT_WINDOW
        self._opened: defaultdict[int, int] = defaultdict(int)
        self._spent: defaultdict[int, int] = defaultdict(int)
        self._unacknowledged: list[list[tuple[int, int]]] = []
        self._pending = bytearray()

    def sent(self, data: bytes) -> None:
        """Reads what leaves; what is no frame is left alone."""
        self._pending += data
        if self._pending.startswith(frames.PREFACE):
            del self._pending[: len(frames.PREFACE)]
        while len(self._pending) >= 9:
            length = int.from_bytes(self._pending[:3])
            if len(self._pending) < 9 + length:
                return
            kind, flags, stream = struct.unpack(">BBI", self._pending[3:9])
            payload = bytes(self._pending[9 : 9 + length])
            del self._pending[: 9 + length]
            self._note(kind, flags, stream & frames.GREATEST, payload)

    def _note(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if stream:
            method = method_of(payload) if kind == frames.HEADERS else b""
            self.streams.setdefault(stream, method)
        if kind == frames.WINDOW_UPDATE and len(payload) == 4:
            self._opened[stream] += int.from_bytes(payload)
        elif kind == frames.SETTINGS and not flags & frames.ACK and not len(payload) % 6:
            self._unacknowledged.append(list(struct.iter_unpack(">HI", payload)))

    def acknowledged(self) -> list[tuple[int, int]]:
        """The settings that the server's acknowledgement is about; they are in force now."""
        assert self._unacknowledged, "an acknowledgement of nothing"
        pairs = self._unacknowledged.pop(0)
        for name, value in pairs:
            if name == frames.INITIAL_WINDOW_SIZE:
                self._initial = value
            elif name == frames.MAX_FRAME_SIZE:
                self.frame_size = value
        return pairs

    def spend(self, stream: int, length: int) -> None:
        """The server sends content: checks that both windows were open so far."""
        self._spent[0] += length
        self._spent[stream] += length
        if length:  # the empty frame at the end needs no window (RFC 9113 §6.9.1)
            assert self.room(0) >= 0, "beyond the connection's window"
            assert self.room(stream) >= 0, f"beyond the window of {stream}"

    def room(self, stream: int) -> int:
        """What is left of a window; 0 is the connection."""
        initial = self._initial if stream else frames.DEFAULT_WINDOW
        return initial + self._opened[stream] - self._spent[stream]

    def next_stream(self) -> int:
        """A stream that was not used, and may be."""
        return max((number for number in self.streams if number % 2), default=-1) + 2


def method_of(block: bytes) -> bytes:
    """The method, where a decoder without a memory can read the block."""
    try:
        return dict(Decoder().decode(block, raw=True)).get(b":method", b"")
    except Exception:  # whatever is wrong with it is meant to be
        return b""
