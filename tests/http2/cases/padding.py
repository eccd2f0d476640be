"""Padding of DATA and HEADERS."""

from __future__ import annotations

from tests.http2.case import Case
from tests.http2.fields import ECHO, GET
from tests.http2.frames import (
    DATA,
    END_HEADERS,
    END_STREAM,
    FRAME_SIZE_ERROR,
    HEADERS,
    PADDED,
    PROTOCOL_ERROR,
    WITH_PRIORITY,
    data,
    headers,
    raw,
)
from tests.http2.outcomes import Answered, GoAway

PROTOCOL = (GoAway((PROTOCOL_ERROR,)),)
OPEN = headers(1, ECHO, end=False)
WHOLE = END_STREAM | END_HEADERS
NONZERO = (Answered(), *PROTOCOL)
WHY_NONZERO = "a receiver is not obliged to look, and may"

CASES = [
    Case(
        "padding of DATA",
        "9113 §6.1",
        (OPEN + data(1, b"abc", padding=200, end=True),),
        (Answered(body=b"abc"),),
    ),
    Case(
        "padding of nothing",
        "9113 §6.1",
        (OPEN + data(1, b"abc", padding=0, end=True),),
        (Answered(body=b"abc"),),
    ),
    Case(
        "nothing but padding",
        "9113 §6.1",
        (OPEN + data(1, b"", padding=255) + data(1, b"abc", padding=1, end=True),),
        (Answered(body=b"abc"),),
    ),
    Case(
        "padding as long as DATA",
        "9113 §6.1",
        (OPEN + raw(DATA, PADDED, 1, b"\x04\0\0\0"),),
        PROTOCOL,
    ),
    Case(
        "padding longer than DATA",
        "9113 §6.1",
        (OPEN + raw(DATA, PADDED, 1, b"\xff\0\0\0"),),
        PROTOCOL,
    ),
    Case(
        "padding of an empty payload",
        "9113 §6.1",
        (OPEN + raw(DATA, PADDED, 1, b"\x01"),),
        PROTOCOL,
    ),
    Case(
        "padding of DATA that is not zero",
        "9113 §6.1",
        (OPEN + raw(DATA, PADDED | END_STREAM, 1, b"\x03abcXYZ"),),
        NONZERO,
        WHY_NONZERO,
    ),
    Case("padding of HEADERS", "9113 §6.2", (headers(1, GET, padding=200),), (Answered(),)),
    Case(
        "padding of HEADERS with a priority",
        "9113 §6.2",
        (headers(1, GET, padding=9, depends_on=0),),
        (Answered(),),
    ),
    Case(
        "padding as long as HEADERS",
        "9113 §6.2",
        (raw(HEADERS, WHOLE | PADDED, 1, bytes([len(GET) + 1]) + GET),),
        PROTOCOL,
    ),
    Case(
        "padding longer than HEADERS",
        "9113 §6.2",
        (raw(HEADERS, WHOLE | PADDED, 1, b"\xff" + GET),),
        PROTOCOL,
    ),
    Case(
        "padding that reaches into the priority",
        "9113 §6.2",
        (raw(HEADERS, WHOLE | PADDED | WITH_PRIORITY, 1, b"\x04\0\0\0\0\x0f\0\0\0"),),
        (GoAway((PROTOCOL_ERROR, FRAME_SIZE_ERROR)),),
        "too much padding (§6.2), so that a field of theirs has no room (§4.2)",
    ),
    Case(
        "padding of HEADERS that is not zero",
        "9113 §6.2",
        (raw(HEADERS, WHOLE | PADDED, 1, b"\x03" + GET + b"XYZ"),),
        NONZERO,
        WHY_NONZERO,
    ),
]
