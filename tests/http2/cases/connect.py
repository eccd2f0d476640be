"""CONNECT, and extended CONNECT for WebSocket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.http2.case import Action, Case
from tests.http2.fields import Field, block, without
from tests.http2.frames import PROTOCOL_ERROR, data, headers
from tests.http2.outcomes import Answered, Lives, Outcome, Reset, malformed

if TYPE_CHECKING:
    from tests.http2.peer import Peer

PLAIN = [(b":method", b"CONNECT"), (b":authority", b"test:443")]
VERSION = (b"sec-websocket-version", b"13")
WEBSOCKET = [
    (b":method", b"CONNECT"),
    (b":protocol", b"websocket"),
    (b":scheme", b"http"),
    (b":path", b"/ws"),
    (b":authority", b"test"),
    VERSION,
]
REFUSED = (Answered(400), Answered(404), Answered(405), Answered(501), *malformed())
HELLO = b"\x81\x85\0\0\0\0hello"
CLOSE = b"\x88\x82\0\0\0\0\x03\xe8"


def opening(
    name: str,
    section: str,
    fields: list[Field],
    expected: tuple[Outcome, ...] = (),
    why: str = "",
) -> Case:
    """An extended CONNECT; malformed unless something else is expected."""
    return Case(
        name, section, (headers(1, block(fields), end=False),), expected or malformed(), why
    )


def accepted(peer: Peer) -> None:
    """The WebSocket is open: 200, and nothing that HTTP/1.1's handshake has."""
    stream = peer.stream(1)
    peer.until(lambda: bool(stream.fields), "an answer")
    assert stream.status == 200
    assert not stream.ended
    assert stream.get(b"sec-websocket-accept") is None


def has_said(data: bytes) -> Action:
    return lambda peer: peer.until(lambda: bytes(peer.stream(1).body) == data, f"{data!r}")


CASES = [
    Case(
        "CONNECT, which an origin server has no tunnel for",
        "9113 §8.5, 9110 §9.3.6",
        (headers(1, block(PLAIN)),),
        REFUSED,
    ),
    Case(
        "CONNECT with :scheme and :path",
        "9113 §8.5",
        (headers(1, block([*PLAIN, (b":scheme", b"http"), (b":path", b"/")])),),
        malformed(),
    ),
    Case("CONNECT without :authority", "9113 §8.5", (headers(1, block(PLAIN[:1])),), malformed()),
    Case(
        "WebSocket: opened, spoken on, closed",
        "8441 §5",
        (
            headers(1, block(WEBSOCKET), end=False),
            accepted,
            data(1, HELLO),
            has_said(b"\x81\x05hello"),
            data(1, CLOSE),
        ),
        (Answered(),),
    ),
    Case(
        "WebSocket: a frame in pieces",
        "8441 §5",
        (
            headers(1, block(WEBSOCKET), end=False),
            accepted,
            data(1, HELLO[:1]),
            data(1, HELLO[1:7]) + data(1),
            data(1, HELLO[7:] + HELLO),
            has_said(b"\x81\x05hello" * 2),
            data(1, CLOSE),
        ),
        (Answered(),),
    ),
    Case(
        "WebSocket: END_STREAM instead of a closing frame",
        "8441 §5.1",
        (headers(1, block(WEBSOCKET), end=False), accepted, data(1, end=True)),
        (Answered(), Reset((0, PROTOCOL_ERROR, 8))),
        "as TCP's end: the server's own end follows, in whatever way",
    ),
    Case(
        "WebSocket beside requests",
        "8441 §5",
        (
            headers(1, block(WEBSOCKET), end=False),
            accepted,
            lambda peer: peer.ask(3),
            data(1, HELLO),
            has_said(b"\x81\x05hello"),
        ),
        (Lives(),),
    ),
    *[
        opening(f"WebSocket without {name.decode()}", "8441 §4", without(name, WEBSOCKET))
        for name in (b":scheme", b":path", b":authority")
    ],
    opening(":protocol with GET", "8441 §4", [(b":method", b"GET"), *WEBSOCKET[1:]]),
    opening(":protocol twice", "9113 §8.3", [WEBSOCKET[1], *WEBSOCKET]),
    opening(
        ":protocol that is empty",
        "8441 §4",
        [(n, b"" if n == b":protocol" else v) for n, v in WEBSOCKET],
        (*malformed(), Answered(501)),
    ),
    opening(
        ":protocol that nobody knows",
        "8441 §4, 9110 §15.6.2",
        [(n, b"gopher" if n == b":protocol" else v) for n, v in WEBSOCKET],
        (Answered(501), *malformed()),
        "501 is what RFC 9220 §3 has for HTTP/3",
    ),
    opening(
        "WebSocket with HTTP/1.1's Upgrade",
        "8441 §5, 9113 §8.2.2",
        [*WEBSOCKET, (b"upgrade", b"websocket"), (b"connection", b"upgrade")],
    ),
    opening(
        "WebSocket of another version",
        "8441 §5, 6455 §4.4",
        [*WEBSOCKET[:-1], (b"sec-websocket-version", b"12")],
        (Answered(400), Answered(426)),
    ),
    opening(
        "WebSocket of no version",
        "8441 §5, 6455 §4.2.1",
        WEBSOCKET[:-1],
        (Answered(400), Answered(426)),
    ),
    Case(
        "WebSocket whose stream ends at once",
        "8441 §5",
        (headers(1, block(WEBSOCKET)),),
        (Answered(400), Answered(), Reset((0, PROTOCOL_ERROR, 8))),
        "a connection that is closed as soon as it is open, or a request that is none",
    ),
]
