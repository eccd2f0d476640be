"""Which streams a client may open, and how many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.http2.case import Case, answered, settled
from tests.http2.fields import GET, WAIT
from tests.http2.frames import (
    CANCEL,
    GREATEST,
    MAX_CONCURRENT_STREAMS,
    PROTOCOL_ERROR,
    REFUSED_STREAM,
    STREAM_CLOSED,
    continuation,
    data,
    goaway,
    headers,
    ping,
    priority,
    raw,
    reset,
    settings,
)
from tests.http2.outcomes import Answered, GoAway, Lives

if TYPE_CHECKING:
    from tests.http2.peer import Peer

PROTOCOL = (GoAway((PROTOCOL_ERROR,)),)
LOWER = (GoAway((PROTOCOL_ERROR, STREAM_CLOSED)),)
WHY_LOWER = "an unexpected identifier (§5.1.1) is also one of a closed stream (§5.1)"


def at_stream(stream: int, frame: bytes) -> bytes:
    """The frame on another stream; `hyperframe` builds none on the wrong one."""
    return frame[:5] + stream.to_bytes(4) + frame[9:]


def one_too_many(peer: Peer) -> None:
    """Opens as many streams as the server takes, then one more; the others go on."""
    most = peer.settings[MAX_CONCURRENT_STREAMS]
    peer.send(b"".join(headers(1 + 2 * n, WAIT) for n in range(most)))
    beyond = 1 + 2 * most
    peer.send(headers(beyond, GET))
    refused = peer.stream(beyond)
    peer.until(lambda: refused.reset is not None, "a refusal")
    assert refused.reset in {REFUSED_STREAM, PROTOCOL_ERROR}
    assert not refused.fields
    peer.send(reset(1))


def as_many_again(peer: Peer) -> None:
    """What is answered or reset makes room."""
    most = peer.settings[MAX_CONCURRENT_STREAMS]
    for number in range(1, 4 * most, 4):
        peer.ask(number)
        if number % 20 == 1:
            peer.send(headers(number + 2, WAIT) + reset(number + 2, CANCEL))
    for number in range(4 * most + 1, 6 * most - 1, 2):
        peer.send(headers(number, WAIT))


CASES = [
    Case("HEADERS on an even stream", "9113 §5.1.1", (headers(2, GET),), PROTOCOL),
    Case(
        "a stream below one that is open",
        "9113 §5.1.1",
        (headers(5, WAIT), headers(3, GET)),
        LOWER,
        WHY_LOWER,
    ),
    Case(
        "a stream below one that is over",
        "9113 §5.1.1",
        (headers(5, GET), answered(5), headers(3, GET)),
        LOWER,
        WHY_LOWER,
    ),
    Case(
        "streams may be skipped",
        "9113 §5.1.1",
        (headers(1, GET), answered(1), headers(1001, GET)),
        (Answered(stream=1001),),
    ),
    Case(
        "the last stream of all",
        "9113 §5.1.1",
        (headers(GREATEST, GET),),
        (Answered(stream=GREATEST),),
    ),
    Case(
        "after the last stream there is no other",
        "9113 §5.1.1",
        (headers(GREATEST, GET), answered(GREATEST), headers(3, GET)),
        LOWER,
        WHY_LOWER,
    ),
    Case("DATA on 0", "9113 §6.1", (at_stream(0, data(1, b"a")),), PROTOCOL),
    Case("HEADERS on 0", "9113 §6.2", (at_stream(0, headers(1, GET)),), PROTOCOL),
    Case("PRIORITY on 0", "9113 §6.3", (at_stream(0, priority(1)),), PROTOCOL),
    Case("RST_STREAM on 0", "9113 §6.4", (at_stream(0, reset(1)),), PROTOCOL),
    Case(
        "CONTINUATION on 0",
        "9113 §6.10",
        (headers(1, GET, complete=False) + at_stream(0, continuation(1)),),
        PROTOCOL,
    ),
    Case(
        "SETTINGS on a stream",
        "9113 §6.5",
        (headers(1, WAIT) + at_stream(1, settings()),),
        PROTOCOL,
    ),
    Case("PING on a stream", "9113 §6.7", (headers(1, WAIT) + at_stream(1, ping()),), PROTOCOL),
    Case("GOAWAY on a stream", "9113 §6.8", (headers(1, WAIT) + at_stream(1, goaway()),), PROTOCOL),
    Case("PUSH_PROMISE on 0", "9113 §6.6, §8.4", (raw(5, 4, 0, b"\0\0\0\2" + GET),), PROTOCOL),
    Case("one stream more than the server takes", "9113 §5.1.2", (one_too_many,), (Lives(lost=1),)),
    Case("streams that are over do not count", "9113 §5.1.2", (as_many_again, settled), (Lives(),)),
]
