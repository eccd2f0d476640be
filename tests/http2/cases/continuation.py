"""Field blocks in several frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.http2.case import Case, Step
from tests.http2.fields import ECHO, GET, ask
from tests.http2.frames import (
    PROTOCOL_ERROR,
    PUSH_PROMISE,
    UNKNOWN,
    continuation,
    data,
    goaway,
    headers,
    ping,
    priority,
    raw,
    reset,
    settings,
    window_update,
)
from tests.http2.outcomes import Answered, GoAway

if TYPE_CHECKING:
    from tests.http2.peer import Peer

PROTOCOL = (GoAway((PROTOCOL_ERROR,)),)
BEGUN = headers(1, GET[:2], complete=False)
REST = continuation(1, GET[2:])


def in_single_octets(peer: Peer) -> None:
    block = ask(b"GET", b"/", (b"x-a", b"1"))
    peer.send(headers(1, block[:1], complete=False))
    for byte in block[1:-1]:
        peer.send(continuation(1, bytes([byte]), complete=False))
    peer.send(continuation(1, block[-1:]))


def between(name: str, frame: bytes, section: str = "9113 §6.2, §6.10") -> Case:
    """A frame in the middle of a block."""
    return Case(f"{name} within a block", section, (BEGUN + frame + REST,), PROTOCOL)


def pieces(name: str, section: str, *script: Step, body: bytes | None = None) -> Case:
    return Case(name, section, script, (Answered(body=body),))


CASES = [
    pieces("a block in two frames", "9113 §4.3, §6.10", BEGUN, REST),
    pieces("a block in frames of one octet", "9113 §4.3, §6.10", in_single_octets),
    pieces(
        "an empty HEADERS, then all of it",
        "9113 §6.10",
        headers(1, b"", complete=False) + continuation(1, GET),
    ),
    pieces(
        "all of it, then an empty CONTINUATION",
        "9113 §6.10",
        headers(1, GET, complete=False) + continuation(1),
    ),
    pieces(
        "END_STREAM counts though more frames follow",
        "9113 §6.2",
        headers(1, ECHO[:2], complete=False) + continuation(1, ECHO[2:]),
        body=b"",
    ),
    pieces(
        "a block in two frames, then content",
        "9113 §8.1",
        headers(1, ECHO[:2], complete=False, end=False)
        + continuation(1, ECHO[2:])
        + data(1, b"abc", end=True),
        body=b"abc",
    ),
    pieces(
        "padding and priority of the first frame",
        "9113 §6.2",
        headers(1, GET[:2], complete=False, padding=7, depends_on=0) + REST,
    ),
    between("DATA", data(1, b"a")),
    between("DATA of another stream", data(3, b"a")),
    between("HEADERS of the same stream", headers(1, GET)),
    between("HEADERS of another stream", headers(3, GET)),
    between("PRIORITY", priority(1), "9113 §6.3, §6.10"),
    between("RST_STREAM", reset(1)),
    between("SETTINGS", settings()),
    between("PUSH_PROMISE", raw(PUSH_PROMISE, 4, 1, b"\0\0\0\2" + GET)),
    between("PING", ping()),
    between("GOAWAY", goaway()),
    between("WINDOW_UPDATE", window_update(0, 1)),
    between("CONTINUATION of another stream", continuation(3, GET)),
    between("an unknown type", raw(UNKNOWN, 0, 0), "9113 §5.5, §6.10"),
    Case(
        "DATA after a CONTINUATION that does not end it",
        "9113 §6.10",
        (BEGUN + continuation(1, GET[2:4], complete=False) + data(1, b"a"),),
        PROTOCOL,
    ),
    Case(
        "CONTINUATION after a block has ended",
        "9113 §6.10",
        (headers(1, ECHO, end=False) + continuation(1, GET),),
        PROTOCOL,
    ),
    Case(
        "CONTINUATION after a CONTINUATION that ends it",
        "9113 §6.10",
        (
            headers(1, ECHO[:2], complete=False, end=False)
            + continuation(1, ECHO[2:])
            + continuation(1, b""),
        ),
        PROTOCOL,
    ),
    Case(
        "CONTINUATION after DATA",
        "9113 §6.10",
        (headers(1, ECHO, end=False) + data(1, b"a") + continuation(1, b""),),
        PROTOCOL,
    ),
]
