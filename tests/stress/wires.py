"""Connections whose every byte says where it belongs.

A stream is made of frames: the number of the wire, the number of the frame, its length, and bytes
that follow from those. So bytes that come from another connection, twice or not at all are seen.
"""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.stress.ledger import Ledger

FRAME = struct.Struct("!III")
LETTER = struct.Struct("!III")
# The side that was connected to answers under the same number with this bit.
ANSWER = 1 << 31
LONGEST = 60_000


def fill(wire: int, number: int, length: int) -> bytes:
    return bytes([(wire * 31 + number * 7) & 0xFF]) * length


class Wire(asyncio.BaseProtocol):
    """One end of a connection; what its kinds of protocol have in common."""

    def __init__(self, ledger: Ledger, wire: int | None = None) -> None:
        self.ledger = ledger
        # What is written; the side that was connected to learns it from the first frame.
        self.wire = wire
        self.transport: Any = None
        self.lost = False
        # Given up by this side: nothing is said of what arrives, or does not.
        self.deserted = False
        self.finished = False
        self.may_write = True
        self.sent = 0
        self.received = 0
        self._incoming = bytearray()

    def connection_made(self, transport: Any) -> None:
        if self.transport is not None:
            self.ledger.wrong(f"connection_made twice for {self.wire}")
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self.lost or self.transport is None:
            self.ledger.wrong(f"connection_lost out of place for {self.wire}")
        self.lost = True

    def pause_writing(self) -> None:
        self.may_write = False

    def resume_writing(self) -> None:
        self.may_write = True

    @property
    def is_open(self) -> bool:
        return self.transport is not None and not self.lost and not self.transport.is_closing()

    @property
    def writes(self) -> bool:
        """Whether it has a side to write to, and has not ended it."""
        return isinstance(self.transport, asyncio.WriteTransport) and not self.finished

    def abort(self) -> None:
        """Goes down at once; ends that only read have no other way than to close."""
        self.deserted = True
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()
        elif self.transport is not None:
            self.transport.close()

    def send(self, length: int) -> None:
        """Writes one frame, if it may."""
        if self.wire is None or not self.writes or not self.is_open or not self.may_write:
            return
        if self.deserted:
            # Its number may be another's by now.
            return
        body = fill(self.wire, self.sent, length)
        self.transport.write(FRAME.pack(self.wire, self.sent, length) + body)
        self.sent += 1

    def take(self, data: bytes) -> None:
        if self.lost:
            self.ledger.wrong(f"data after connection_lost for {self.wire}")
        self._incoming += data
        while len(self._incoming) >= FRAME.size:
            wire, number, length = FRAME.unpack_from(self._incoming)
            if self.wire is None:
                self.wire = wire ^ ANSWER
            if wire != self.wire ^ ANSWER or number != self.received or length > LONGEST:
                self.ledger.wrong(
                    f"{self.wire} got frame {number} of {wire}, {length} bytes; "
                    f"it waits for {self.received}"
                )
                self._incoming.clear()
                return
            if len(self._incoming) < FRAME.size + length:
                return
            if self._incoming[FRAME.size : FRAME.size + length] != fill(wire, number, length):
                self.ledger.wrong(f"{self.wire} got foreign bytes in frame {number}")
            del self._incoming[: FRAME.size + length]
            self.received += 1


class End(Wire, asyncio.Protocol):
    def data_received(self, data: bytes) -> None:
        self.take(data)


class BufferedEnd(Wire, asyncio.BufferedProtocol):
    def __init__(self, ledger: Ledger, wire: int | None = None) -> None:
        super().__init__(ledger, wire)
        self._memory = bytearray(5000)

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._memory

    def buffer_updated(self, nbytes: int) -> None:
        self.take(bytes(self._memory[:nbytes]))


class Box(asyncio.DatagramProtocol):
    """A datagram endpoint: letters say from whom and to whom they are."""

    def __init__(self, ledger: Ledger, number: int) -> None:
        self.ledger = ledger
        self.number = number
        self.transport: Any = None
        self.lost = False
        self._sent = 0
        self._newest: dict[int, int] = {}

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self.lost or self.transport is None:
            self.ledger.wrong(f"connection_lost out of place for box {self.number}")
        self.lost = True

    def error_received(self, exc: Exception) -> None:
        if self.lost:
            self.ledger.wrong(f"error after connection_lost for box {self.number}")

    @property
    def is_open(self) -> bool:
        return self.transport is not None and not self.lost and not self.transport.is_closing()

    def send(self, to: Box, length: int) -> None:
        if not self.is_open or not to.is_open:
            return
        head = LETTER.pack(to.number, self.number, self._sent)
        body = fill(self.number, self._sent, length)
        self._sent += 1
        self.transport.sendto(head + body, to.transport.get_extra_info("sockname"))

    def datagram_received(self, data: bytes, addr: Any) -> None:
        to, sender, number = LETTER.unpack_from(data)
        if self.lost or to != self.number:
            self.ledger.wrong(f"box {self.number} (lost: {self.lost}) got a letter to {to}")
        if data[LETTER.size :] != fill(sender, number, len(data) - LETTER.size):
            self.ledger.wrong(f"box {self.number} got foreign bytes from {sender}")
        if number <= self._newest.get(sender, -1):
            self.ledger.wrong(f"box {self.number} got letter {number} of {sender} too late")
        self._newest[sender] = number
