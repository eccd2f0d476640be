"""Which frames a stream takes in which state."""

from __future__ import annotations

from tests.http2.case import Case, answered, settled, was_reset
from tests.http2.fields import ECHO, GET, WAIT, ask
from tests.http2.frames import (
    CANCEL,
    PROTOCOL_ERROR,
    PUSH_PROMISE,
    STREAM_CLOSED,
    continuation,
    data,
    headers,
    priority,
    raw,
    reset,
    window_update,
)
from tests.http2.outcomes import Answered, GoAway, Lives, Reset

PROTOCOL = (GoAway((PROTOCOL_ERROR,)),)
HALF_CLOSED = (Reset((STREAM_CLOSED,)), GoAway((STREAM_CLOSED,)))
WHY_HALF_CLOSED = (
    "a stream error, which §5.4.1 lets a server make the connection's: it is no application's"
    " mistake, but one of the client's HTTP/2, on which nothing can be built"
)
OVER = (Lives(), Reset((STREAM_CLOSED,)), GoAway((STREAM_CLOSED, PROTOCOL_ERROR)))
WHY_OVER = (
    "what comes on a closed stream may be discarded, or be an error of the connection, of type"
    " STREAM_CLOSED or, once the client must know, PROTOCOL_ERROR (§5.1); §6.1 wants a stream error"
)

CASES = [
    Case("idle: DATA", "9113 §5.1", (data(1, b"a", end=True),), PROTOCOL),
    Case("idle: RST_STREAM", "9113 §5.1, §6.4", (reset(1),), PROTOCOL),
    Case("idle: WINDOW_UPDATE", "9113 §5.1", (window_update(1, 100),), PROTOCOL),
    Case("idle: CONTINUATION", "9113 §5.1, §6.10", (continuation(1, GET),), PROTOCOL),
    Case("idle: PRIORITY", "9113 §5.1, §6.3", (priority(1), headers(1, GET)), (Answered(),)),
    Case(
        "idle above others: WINDOW_UPDATE",
        "9113 §5.1",
        (headers(1, WAIT) + window_update(3, 1),),
        PROTOCOL,
    ),
    Case(
        "idle above others: DATA",
        "9113 §5.1",
        (headers(1, WAIT) + data(3, b"a"),),
        PROTOCOL,
    ),
    Case("idle and the server's: DATA", "9113 §5.1", (data(2, b"a"),), PROTOCOL),
    Case("idle and the server's: RST_STREAM", "9113 §5.1, §6.4", (reset(2),), PROTOCOL),
    Case("idle and the server's: WINDOW_UPDATE", "9113 §5.1", (window_update(2, 1),), PROTOCOL),
    Case(
        "PUSH_PROMISE from a client",
        "9113 §8.4",
        (headers(1, WAIT, end=False) + raw(PUSH_PROMISE, 4, 1, b"\0\0\0\2" + GET),),
        PROTOCOL,
    ),
    Case(
        "open: all that is allowed",
        "9113 §5.1",
        (
            headers(1, ECHO, end=False) + window_update(1, 9) + priority(1) + data(1, b"ab"),
            settled,
            data(1, b"c", end=True),
        ),
        (Answered(body=b"abc"),),
    ),
    Case(
        "half-closed: DATA",
        "9113 §5.1, §6.1",
        (headers(1, WAIT) + data(1, b"a", end=True),),
        HALF_CLOSED,
        WHY_HALF_CLOSED,
    ),
    Case(
        "half-closed by DATA: DATA",
        "9113 §5.1, §6.1",
        (headers(1, WAIT, end=False) + data(1, b"a", end=True) + data(1, b"b"),),
        HALF_CLOSED,
        WHY_HALF_CLOSED,
    ),
    Case(
        "half-closed: HEADERS",
        "9113 §5.1",
        (headers(1, WAIT) + headers(1, ask(b"GET", b"/other")),),
        HALF_CLOSED,
        WHY_HALF_CLOSED,
    ),
    Case(
        "half-closed: CONTINUATION",
        "9113 §5.1, §6.10",
        (headers(1, WAIT) + continuation(1, GET),),
        (*PROTOCOL, GoAway((STREAM_CLOSED,))),
        "it continues nothing (§6.10), on a stream that takes nothing (§5.1)",
    ),
    Case(
        "half-closed: WINDOW_UPDATE, PRIORITY",
        "9113 §5.1",
        (headers(1, WAIT) + window_update(1, 9) + priority(1),),
        (Lives(),),
    ),
    Case(
        "half-closed: RST_STREAM",
        "9113 §5.1",
        (headers(1, WAIT) + reset(1),),
        (Lives(),),
    ),
    Case(
        "closed by both ends: PRIORITY",
        "9113 §5.1",
        (headers(1, GET), answered(1), priority(1)),
        (Lives(),),
    ),
    Case(
        "closed by both ends: WINDOW_UPDATE",
        "9113 §5.1, §6.9",
        (headers(1, GET), answered(1), window_update(1, 9)),
        (Lives(),),
    ),
    Case(
        "closed by both ends: RST_STREAM",
        "9113 §5.1",
        (headers(1, GET), answered(1), reset(1)),
        (Lives(),),
    ),
    Case(
        "closed by both ends: DATA",
        "9113 §5.1, §6.1",
        (headers(1, GET), answered(1), data(1, b"a")),
        OVER,
        WHY_OVER,
    ),
    Case(
        "closed by both ends: HEADERS",
        "9113 §5.1, §5.1.1",
        (headers(1, GET), answered(1), headers(1, GET)),
        OVER[1:],
        WHY_OVER + "; a second request on it is an unexpected identifier (§5.1.1)",
    ),
    Case(
        "closed by both ends: CONTINUATION",
        "9113 §5.1, §6.10",
        (headers(1, GET), answered(1), continuation(1, GET)),
        (*PROTOCOL, GoAway((STREAM_CLOSED,))),
        "it continues nothing (§6.10), on a stream that takes nothing (§5.1)",
    ),
    Case(
        "closed by the client's reset: DATA",
        "9113 §5.1, §6.1",
        (headers(1, WAIT, end=False) + reset(1) + data(1, b"a"),),
        OVER,
        WHY_OVER,
    ),
    Case(
        "closed by the client's reset: HEADERS",
        "9113 §5.1, §5.1.1",
        (headers(1, WAIT, end=False) + reset(1) + headers(1, GET),),
        OVER[1:],
        WHY_OVER + "; a second request on it is an unexpected identifier (§5.1.1)",
    ),
    Case(
        "closed by the client's reset: WINDOW_UPDATE, PRIORITY, RST_STREAM",
        "9113 §5.1, §5.4.2",
        (headers(1, WAIT) + reset(1) + window_update(1, 9) + priority(1) + reset(1, CANCEL),),
        (Lives(),),
        "the first may have left before the reset; RST_STREAM answers no RST_STREAM",
    ),
    Case(
        "closed by the server's reset: whatever was on its way",
        "9113 §5.1, §5.4.2",
        (
            headers(1, WAIT, end=False) + window_update(1, 0),
            was_reset(1),
            data(1, b"a") + window_update(1, 9) + priority(1) + data(1, b"b", end=True),
        ),
        (Reset((PROTOCOL_ERROR,)),),
        "a server must be prepared for what was sent before its reset arrived",
    ),
    Case(
        "skipped, so closed: PRIORITY",
        "9113 §5.1.1, §6.3",
        (headers(9, GET), answered(9), priority(3)),
        (Lives(),),
    ),
    Case(
        "skipped, so closed: DATA",
        "9113 §5.1, §5.1.1",
        (headers(9, WAIT) + data(3, b"a"),),
        (
            Reset((STREAM_CLOSED,), 3),
            GoAway((STREAM_CLOSED, PROTOCOL_ERROR)),
            Lives(),
        ),
        WHY_OVER,
    ),
]
