"""Windows: who may send how much."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.http2.case import Action, Case, answered, has_received, was_reset
from tests.http2.fields import GET, IGNORE, WAIT, ask
from tests.http2.frames import (
    DEFAULT_FRAME_SIZE,
    DEFAULT_WINDOW,
    FLOW_CONTROL_ERROR,
    GREATEST,
    INITIAL_WINDOW_SIZE,
    PROTOCOL_ERROR,
    STREAM_CLOSED,
    data,
    headers,
    reset,
    settings,
    window_update,
)
from tests.http2.outcomes import Answered, GoAway, Lives, Reset

if TYPE_CHECKING:
    from tests.http2.peer import Peer

OVERFLOW = GoAway((FLOW_CONTROL_ERROR,))
HUNDRED = ask(b"GET", b"/large?100")
MANY = ask(b"GET", b"/large?100000")
OPEN = headers(1, WAIT, end=False)
COUNT = ask(b"POST", b"/count")


def window(size: int) -> tuple[tuple[int, int], ...]:
    return ((INITIAL_WINDOW_SIZE, size),)


def resize(size: int) -> bytes:
    return settings(*window(size))


def begun(peer: Peer) -> None:
    """Waits for the answer's fields."""
    peer.until(lambda: bool(peer.stream(1).fields), "the answer's beginning")


def grant_singly(peer: Peer) -> None:
    """Lets the answer through octet by octet."""
    for length in range(1, 101):
        peer.grant(1, 1)
        has_received(1, length)(peer)


def upload(
    length: int, *, padding: int | None = None, piece: int = 8000, stream: int = 1
) -> Action:
    """Sends content as fast as the server's windows allow."""

    def send(peer: Peer) -> None:
        peer.send(headers(stream, COUNT, end=False))
        sent = left = 0
        while left < length:
            part = data(stream, bytes(min(piece, length - left)), padding=padding)
            sent += len(part) - 9
            left += piece
            peer.until(lambda: may_send(peer, stream) >= sent, "open windows")  # noqa: B023 - called at once
            peer.send(part)
        peer.send(data(stream, end=True))

    return send


def may_send(peer: Peer, stream: int) -> int:
    """How much the server has allowed in all on a stream."""
    initial = peer.settings.get(INITIAL_WINDOW_SIZE, DEFAULT_WINDOW)
    return min(connection_window(peer), initial + peer.opened_window.get(stream, 0))


def too_much(peer: Peer) -> None:
    """One octet more than the stream's window; nobody reads, so the server opens it no further."""
    peer.ping()
    room = may_send(peer, 1)
    for at in range(0, room, DEFAULT_FRAME_SIZE):
        peer.send(data(1, bytes(min(DEFAULT_FRAME_SIZE, room - at))))
    peer.ping()
    for _ in range(1 + (may_send(peer, 1) - room) // DEFAULT_FRAME_SIZE):
        peer.send(data(1, bytes(DEFAULT_FRAME_SIZE)))


def in_vain(peer: Peer) -> None:
    """Much content on streams that are over: the connection's window opens again, every time."""
    peer.ping()
    piece = data(1, bytes(DEFAULT_FRAME_SIZE))
    sent = 0
    for number in range(1, 41, 2):
        peer.send(headers(number, WAIT, end=False) + window_update(number, 0))
        was_reset(number)(peer)
        for _ in range(3):
            sent += DEFAULT_FRAME_SIZE
            peer.until(lambda: connection_window(peer) >= sent, "an open window")  # noqa: B023 - called at once
            peer.send(piece[:5] + number.to_bytes(4) + piece[9:])


def connection_window(peer: Peer) -> int:
    """How much the server has allowed in all on the connection."""
    return DEFAULT_WINDOW + peer.opened_window.get(0, 0)


CASES = [
    Case(
        "an increment of 0 on a stream",
        "9113 §6.9",
        (OPEN + window_update(1, 0),),
        (Reset((PROTOCOL_ERROR,)),),
    ),
    Case(
        "an increment of 0 on the connection",
        "9113 §6.9",
        (window_update(0, 0),),
        (GoAway((PROTOCOL_ERROR,)),),
    ),
    Case(
        "a stream's window grows too large",
        "9113 §6.9.1",
        (OPEN + window_update(1, GREATEST),),
        (Reset((FLOW_CONTROL_ERROR,)),),
    ),
    Case(
        "a stream's window grows too large, in two steps",
        "9113 §6.9.1",
        (OPEN + window_update(1, 1 << 30) + window_update(1, 1 << 30),),
        (Reset((FLOW_CONTROL_ERROR,)),),
    ),
    Case(
        "a stream's window grows to its greatest",
        "9113 §6.9.1",
        (OPEN + window_update(1, GREATEST - DEFAULT_WINDOW),),
        (Lives(),),
    ),
    Case(
        "the connection's window grows too large",
        "9113 §6.9.1",
        (window_update(0, GREATEST),),
        (OVERFLOW,),
    ),
    Case(
        "the connection's window grows too large, in two steps",
        "9113 §6.9.1",
        (window_update(0, 1 << 30) + window_update(0, 1 << 30),),
        (OVERFLOW,),
    ),
    Case(
        "the connection's window grows to its greatest",
        "9113 §6.9.1",
        (window_update(0, GREATEST - DEFAULT_WINDOW),),
        (Lives(),),
    ),
    Case("a first window above the greatest", "9113 §6.5.2", (resize(GREATEST + 1),), (OVERFLOW,)),
    Case(
        "a first window far above the greatest",
        "9113 §6.5.2",
        (resize((1 << 32) - 1),),
        (OVERFLOW,),
    ),
    Case(
        "a first window that is the greatest",
        "9113 §6.5.2",
        (resize(GREATEST) + headers(1, GET),),
        (Answered(),),
    ),
    Case(
        "a change of the first window makes another too large",
        "9113 §6.9.2",
        (OPEN + window_update(1, GREATEST - DEFAULT_WINDOW) + resize(DEFAULT_WINDOW + 1),),
        (OVERFLOW,),
    ),
    Case(
        "a change of the first window makes one just large enough",
        "9113 §6.9.2",
        (OPEN + window_update(1, GREATEST - DEFAULT_WINDOW - 1) + resize(DEFAULT_WINDOW + 1),),
        (Lives(),),
    ),
    Case(
        "no window: the fields come, the content waits",
        "9113 §5.2.1, §6.9.1",
        (headers(1, HUNDRED), begun, has_received(1, 0), window_update(1, 100)),
        (Answered(),),
        settings=window(0),
    ),
    Case(
        "a window of one octet",
        "9113 §6.9.1",
        (headers(1, HUNDRED), has_received(1, 1), window_update(1, 99)),
        (Answered(),),
        settings=window(1),
    ),
    Case(
        "a window that opens octet by octet",
        "9113 §6.9.1",
        (headers(1, HUNDRED), begun, grant_singly),
        (Answered(),),
        settings=window(0),
    ),
    Case(
        "no window, and no content: the end comes",
        "9113 §6.9.1",
        (headers(1, ask(b"GET", b"/nothing")),),
        (Answered(body=b""),),
        settings=window(0),
    ),
    Case(
        "a window that was opened before it was needed",
        "9113 §6.9",
        (headers(1, HUNDRED, end=False) + window_update(1, 100) + data(1, end=True),),
        (Answered(),),
        settings=window(0),
    ),
    Case(
        "the first window grows: a stream that waits goes on",
        "9113 §6.9.2",
        (headers(1, HUNDRED), has_received(1, 10), resize(100)),
        (Answered(),),
        settings=window(10),
    ),
    Case(
        "the first window grows in part",
        "9113 §6.9.2",
        (headers(1, HUNDRED), has_received(1, 10), resize(30), has_received(1, 30), resize(100)),
        (Answered(),),
        settings=window(10),
    ),
    Case(
        "the first window shrinks: a stream's may be negative",
        "9113 §6.9.2",
        (
            headers(1, HUNDRED),
            has_received(1, 30),
            resize(10),
            has_received(1, 30),
            window_update(1, 20),
            has_received(1, 30),
            window_update(1, 5),
            has_received(1, 35),
            window_update(1, 65),
        ),
        (Answered(),),
        settings=window(30),
    ),
    Case(
        "a negative window and a larger first one",
        "9113 §6.9.2",
        (
            headers(1, HUNDRED),
            has_received(1, 30),
            resize(0),
            has_received(1, 30),
            resize(29),
            has_received(1, 30),
            resize(31),
            has_received(1, 31),
            resize(100),
        ),
        (Answered(),),
        settings=window(30),
    ),
    Case(
        "the first window is that of later streams",
        "9113 §6.9.2",
        (
            headers(1, GET),
            answered(1),
            resize(7),
            headers(3, HUNDRED),
            has_received(3, 7),
            window_update(3, 93),
        ),
        (Answered(stream=3),),
    ),
    Case(
        "the connection's window ends it for all streams",
        "9113 §6.9.1",
        (
            headers(1, MANY),
            has_received(1, DEFAULT_WINDOW),
            headers(3, MANY),
            has_received(3, 0),
            headers(5, ask(b"GET", b"/nothing")),
            answered(5),
            window_update(0, 34_465),
            lambda peer: peer.until(
                lambda: len(peer.stream(1).body) + len(peer.stream(3).body) == 100_000, "the rest"
            ),
            window_update(0, 100_000),
        ),
        (Answered(stream=3),),
        settings=window(1 << 20),
    ),
    Case(
        "a change of the first window leaves the connection's alone",
        "9113 §6.9.2",
        (
            headers(1, MANY),
            has_received(1, DEFAULT_WINDOW),
            resize(1 << 21),
            has_received(1, DEFAULT_WINDOW),
            window_update(0, 34_465),
        ),
        (Answered(),),
        settings=window(1 << 20),
    ),
    Case(
        "one stream without a window holds up no other",
        "9113 §5.2.1",
        (
            headers(1, HUNDRED),
            begun,
            headers(3, GET) + window_update(3, 5),
            answered(3),
            has_received(1, 0),
            window_update(1, 100),
        ),
        (Answered(),),
        settings=window(0),
    ),
    Case(
        "who is reset while it waits for a window gives back the connection's",
        "9113 §5.2",
        (
            headers(1, MANY),
            has_received(1, 1000),
            reset(1),
            headers(3, MANY),
            has_received(3, 1000),
            window_update(3, 99_000),
            has_received(3, DEFAULT_WINDOW - 1000),
            window_update(0, 100_000),
        ),
        (Answered(stream=3),),
        settings=window(1000),
    ),
    Case(
        "more than the server's window",
        "9113 §6.9.1",
        (headers(1, IGNORE, end=False), too_much),
        (Reset((FLOW_CONTROL_ERROR, STREAM_CLOSED)), OVERFLOW),
        "of the stream or, where its windows are equal, of the connection",
    ),
    Case(
        "a megabyte, as the windows open",
        "9113 §6.9",
        (upload(1_000_000),),
        (Answered(body=b"1000000"),),
    ),
    Case(
        "padding takes window, and gives it back",
        "9113 §6.1, §6.9",
        (upload(1000, padding=255, piece=1),),
        (Answered(body=b"1000"),),
    ),
    Case(
        "content that goes nowhere gives back the connection's window",
        "9113 §5.1, §6.9",
        (in_vain, headers(99, GET)),
        (Answered(stream=99),),
    ),
    Case(
        "more than one frame's content",
        "9113 §4.2, §6.1",
        (headers(1, ask(b"GET", b"/large?60000")),),
        (Answered(body=b"x" * 60_000),),
    ),
]
