"""Frames as a client sends them: `hyperframe`'s, and bytes where it refuses what is wrong."""

from __future__ import annotations

import struct

from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    RstStreamFrame,
    WindowUpdateFrame,
)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE = range(6)
PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(6, 10)
UNKNOWN = 0x0B
"""A type that nobody has defined."""

END_STREAM, END_HEADERS, PADDED, WITH_PRIORITY = 0x01, 0x04, 0x08, 0x20
ACK = 0x01

HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE = range(1, 5)
MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE = 5, 6
ENABLE_CONNECT_PROTOCOL = 8

NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT = range(5)
STREAM_CLOSED, FRAME_SIZE_ERROR, REFUSED_STREAM, CANCEL, COMPRESSION_ERROR = range(5, 10)
CONNECT_ERROR, ENHANCE_YOUR_CALM, INADEQUATE_SECURITY, HTTP_1_1_REQUIRED = range(10, 14)

DEFAULT_WINDOW = 65_535
DEFAULT_FRAME_SIZE = 16_384
GREATEST = (1 << 31) - 1
"""The greatest window, and the greatest identifier of a stream."""


def raw(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Any frame at all; the length is the payload's."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def _bytes(frame: Frame, *flags: str) -> bytes:
    for flag in flags:
        frame.flags.add(flag)
    return frame.serialize()


def data(
    stream: int, payload: bytes = b"", *, end: bool = False, padding: int | None = None
) -> bytes:
    """A DATA frame, with ``padding`` octets of padding if that is a number."""
    frame = DataFrame(stream, payload, pad_length=padding or 0)
    flags = ["PADDED"] * (padding is not None) + ["END_STREAM"] * end
    return _bytes(frame, *flags)


def headers(
    stream: int,
    block: bytes,
    *,
    end: bool = True,
    complete: bool = True,
    padding: int | None = None,
    depends_on: int | None = None,
) -> bytes:
    """A HEADERS frame; it says that no CONTINUATION follows if it is ``complete``."""
    frame = HeadersFrame(stream, block, pad_length=padding or 0)
    flags = ["PADDED"] * (padding is not None) + ["END_STREAM"] * end + ["END_HEADERS"] * complete
    if depends_on is not None:
        frame.depends_on, frame.stream_weight = depends_on, 15
        flags.append("PRIORITY")
    return _bytes(frame, *flags)


def continuation(stream: int, block: bytes = b"", *, complete: bool = True) -> bytes:
    return _bytes(ContinuationFrame(stream, block), *["END_HEADERS"] * complete)


def priority(stream: int, depends_on: int = 0) -> bytes:
    return _bytes(PriorityFrame(stream, depends_on=depends_on, stream_weight=15))


def reset(stream: int, code: int = CANCEL) -> bytes:
    return _bytes(RstStreamFrame(stream, error_code=code))


def settings(*pairs: tuple[int, int]) -> bytes:
    """A SETTINGS frame; unlike `hyperframe`'s, it may say a thing twice, and say nonsense."""
    return raw(SETTINGS, 0, 0, b"".join(struct.pack(">HI", *pair) for pair in pairs))


SETTINGS_ACK = raw(SETTINGS, ACK, 0)


def ping(payload: bytes = b"swallows", *, ack: bool = False) -> bytes:
    return _bytes(PingFrame(0, payload), *["ACK"] * ack)


def goaway(code: int = NO_ERROR, *, last: int = 0, debug: bytes = b"") -> bytes:
    return _bytes(GoAwayFrame(0, last, code, debug))


def window_update(stream: int, increment: int) -> bytes:
    """A WINDOW_UPDATE frame; zero, which `hyperframe` refuses, included."""
    if 1 <= increment <= GREATEST:
        return _bytes(WindowUpdateFrame(stream, increment))
    return raw(WINDOW_UPDATE, 0, stream, struct.pack(">I", increment))
