"""Frames: their length, their type, their flags, the reserved bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.http2.case import Case, answered
from tests.http2.fields import ECHO, GET, WAIT, ask
from tests.http2.frames import (
    ACK,
    CONTINUATION,
    DATA,
    DEFAULT_FRAME_SIZE,
    END_HEADERS,
    END_STREAM,
    FRAME_SIZE_ERROR,
    GOAWAY,
    HEADERS,
    PADDED,
    PING,
    PRIORITY,
    PROTOCOL_ERROR,
    RST_STREAM,
    SETTINGS,
    UNKNOWN,
    WINDOW_UPDATE,
    WITH_PRIORITY,
    data,
    headers,
    raw,
)
from tests.http2.outcomes import Answered, GoAway, Lives, Reset

if TYPE_CHECKING:
    from tests.http2.peer import Peer

SIZE = GoAway((FRAME_SIZE_ERROR,))
OPEN = headers(1, WAIT, end=False)
TOO_LONG = bytes(DEFAULT_FRAME_SIZE + 1)


def trickle(peer: Peer) -> None:
    for byte in headers(1, ECHO, end=False) + data(1, b"abc", end=True):
        peer.send(bytes([byte]))


def wrong(name: str, kind: int, stream: int, lengths: tuple[int, ...], section: str) -> list[Case]:
    """Frames whose length their type does not allow."""
    return [
        Case(f"{name} of {n} octets", section, (OPEN + raw(kind, 0, stream, bytes(n)),), (SIZE,))
        for n in lengths
    ]


CASES = [
    Case(
        "DATA of the greatest length",
        "9113 §4.2",
        (headers(1, ECHO, end=False) + data(1, bytes(DEFAULT_FRAME_SIZE), end=True),),
        (Answered(body=bytes(DEFAULT_FRAME_SIZE)),),
    ),
    Case(
        "DATA that is too long",
        "9113 §4.2",
        (OPEN + data(1, TOO_LONG),),
        (SIZE, Reset((FRAME_SIZE_ERROR,))),
        "DATA changes the connection's window; whether that is its state, §4.2 leaves open",
    ),
    Case(
        "HEADERS that are too long",
        "9113 §4.2",
        (headers(1, ask(b"GET", b"/", (b"x-long", b"x" * 30_000))),),
        (SIZE,),
    ),
    Case(
        "CONTINUATION that is too long",
        "9113 §4.2",
        (headers(1, GET, complete=False) + raw(CONTINUATION, END_HEADERS, 1, TOO_LONG),),
        (SIZE,),
    ),
    Case(
        "an unknown frame on the connection that is too long",
        "9113 §4.2",
        (raw(UNKNOWN, 0, 0, TOO_LONG),),
        (SIZE,),
    ),
    Case(
        "a frame whose length is the greatest of all, of which only the beginning comes",
        "9113 §4.2",
        (OPEN + b"\xff\xff\xff\x00\x00\x00\x00\x00\x01",),
        (SIZE, Reset((FRAME_SIZE_ERROR,))),
        "who waits for the rest, waits for 16 MiB",
    ),
    *wrong("PING", PING, 0, (0, 7, 9), "9113 §6.7"),
    *wrong("RST_STREAM", RST_STREAM, 1, (0, 3, 5), "9113 §6.4"),
    *wrong("WINDOW_UPDATE of the connection", WINDOW_UPDATE, 0, (0, 3, 5), "9113 §6.9"),
    *wrong("WINDOW_UPDATE of a stream", WINDOW_UPDATE, 1, (3, 5), "9113 §6.9"),
    *wrong("SETTINGS", SETTINGS, 0, (1, 5, 7), "9113 §6.5"),
    *wrong("GOAWAY", GOAWAY, 0, (0, 7), "9113 §4.2, §6.8"),
    Case(
        "an acknowledgement of settings with settings in it",
        "9113 §6.5",
        (raw(SETTINGS, ACK, 0, b"\x00\x03\x00\x00\x00\x64"),),
        (SIZE,),
    ),
    *[
        Case(
            f"PRIORITY of {length} octets",
            "9113 §6.3",
            (OPEN + raw(PRIORITY, 0, 1, bytes(length)),),
            (Reset((FRAME_SIZE_ERROR,)), SIZE),
            "a stream error, which §5.4.1 lets a server make the connection's: it is no"
            " application's mistake, but one of the client's HTTP/2",
        )
        for length in (4, 6)
    ],
    Case(
        "HEADERS that are PADDED and empty",
        "9113 §4.2, §6.2",
        (raw(HEADERS, END_HEADERS | END_STREAM | PADDED, 1),),
        (GoAway((FRAME_SIZE_ERROR, PROTOCOL_ERROR)),),
        "too short for a field of theirs (§4.2), and padding as long as the payload (§6.2)",
    ),
    Case(
        "HEADERS that are too short for their priority",
        "9113 §4.2, §6.2",
        (raw(HEADERS, END_HEADERS | END_STREAM | WITH_PRIORITY, 1, bytes(4)),),
        (GoAway((FRAME_SIZE_ERROR, PROTOCOL_ERROR)),),
        "the generic code may take the place of any (§5.4)",
    ),
    Case(
        "DATA that are PADDED and empty",
        "9113 §4.2, §6.1",
        (OPEN + raw(DATA, PADDED, 1),),
        (GoAway((FRAME_SIZE_ERROR, PROTOCOL_ERROR)), Reset((FRAME_SIZE_ERROR,))),
        "too short for a field of theirs (§4.2), and padding as long as the payload (§6.1)",
    ),
    Case(
        "frames in single octets",
        "9113 §4.1",
        (trickle,),
        (Answered(body=b"abc"),),
    ),
    Case(
        "an unknown type on the connection, on a stream and on an idle one",
        "9113 §4.1, §5.5",
        (OPEN + raw(UNKNOWN, 0xFF, 0, b"?") + raw(0xFF, 0, 1) + raw(UNKNOWN, 0, 9, b"?" * 99),),
        (Lives(),),
    ),
    Case(
        "an unknown type after the request has ended",
        "9113 §5.1, §5.5",
        (headers(1, WAIT) + raw(UNKNOWN, 0, 1, b"?"),),
        (Lives(),),
    ),
    Case(
        "an unknown type on a stream that is over",
        "9113 §5.1, §5.5",
        (headers(1, GET), answered(1), raw(UNKNOWN, 0, 1, b"?")),
        (Lives(),),
    ),
    Case(
        "unknown flags of HEADERS and DATA",
        "9113 §4.1",
        (
            raw(HEADERS, END_HEADERS | 0xD2, 1, ECHO),
            raw(DATA, END_STREAM | 0xF6, 1, b"abc"),
        ),
        (Answered(body=b"abc"),),
    ),
    Case(
        "unknown flags of SETTINGS, PING, WINDOW_UPDATE and PRIORITY",
        "9113 §4.1",
        (
            raw(SETTINGS, 0xFE, 0),
            raw(PING, 0xFE, 0, b"swallows"),
            raw(WINDOW_UPDATE, 0xFF, 0, b"\0\0\0\1"),
            raw(PRIORITY, 0xFF, 1, b"\0\0\0\0\1"),
            lambda peer: peer.until(lambda: b"swallows" in peer.pongs, "a pong"),
            lambda peer: peer.until(lambda: peer.acks == 2, "an acknowledgement"),
        ),
        (Lives(),),
    ),
    Case(
        "the reserved bit of the stream's identifier",
        "9113 §4.1",
        (raw(HEADERS, END_HEADERS | END_STREAM, 1 | 1 << 31, GET),),
        (Answered(),),
    ),
    Case(
        "the reserved bit of a window's increment",
        "9113 §6.9",
        (raw(WINDOW_UPDATE, 0, 0, b"\x80\0\0\1"),),
        (Lives(),),
    ),
    Case(
        "DATA without content before the last",
        "9113 §6.1",
        (headers(1, ECHO, end=False) + data(1) + data(1, b"a") + data(1) + data(1, end=True),),
        (Answered(body=b"a"),),
    ),
]
