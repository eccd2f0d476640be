"""Much of what is legitimate in small numbers: the server ends it, and says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpack.hpack import encode_integer

from tests.http2.case import Case
from tests.http2.fields import ECHO, GET, WAIT, ask, indexed, inserted
from tests.http2.frames import (
    CANCEL,
    ENHANCE_YOUR_CALM,
    FRAME_SIZE_ERROR,
    GREATEST,
    HEADER_TABLE_SIZE,
    INITIAL_WINDOW_SIZE,
    PRIORITY,
    PROTOCOL_ERROR,
    STREAM_CLOSED,
    UNKNOWN,
    continuation,
    data,
    headers,
    ping,
    priority,
    raw,
    reset,
    settings,
    window_update,
)
from tests.http2.outcomes import Answered, Closed, GoAway, Lives, Outcome, Reset

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.http2.peer import Peer

MANY = 20_000
"""More than any bound, and little work for who does not mind."""
AT_ONCE = 100
CALM: tuple[Outcome, ...] = (GoAway((ENHANCE_YOUR_CALM,)), Closed())
WHY = (
    "§10.5 has the code; GOAWAY may be lost (§5.4.1), for what a client goes on sending to a closed"
    " socket resets it"
)
TOO_LARGE: tuple[Outcome, ...] = (
    Answered(431),
    Reset((PROTOCOL_ERROR, ENHANCE_YOUR_CALM)),
    GoAway((ENHANCE_YOUR_CALM,)),
)
WHY_TOO_LARGE = (
    "§10.5.1 has 431, if the rest of the block is decoded; else the connection has to end"
)


def flood(
    name: str,
    section: str,
    frames: Callable[[int], bytes],
    *,
    first: bytes = b"",
    expected: tuple[Outcome, ...] = CALM,
    why: str = WHY,
) -> Case:
    """``frames(n)`` for n = 0, 1, ... until the server has had enough."""

    def pour(peer: Peer) -> None:
        peer.send(first)
        for begin in range(0, MANY, AT_ONCE):
            peer.send(b"".join(frames(n) for n in range(begin, begin + AT_ONCE)))
            if peer.has_hung_up():
                break

    return Case(f"flood: {name}", section, (pour,), expected, why)


def shrugged_off(name: str, section: str, frames: Callable[[int], bytes]) -> Case:
    """A flood that costs so little that a server may as well take it."""
    why = "cheap, so it may be taken; §10.5 lets a server end it all the same"
    return flood(name, section, frames, expected=(*CALM, Lives()), why=why)


def own_resets(name: str, *frames: Callable[[int], bytes], at_once: int | None = None) -> Case:
    """MadeYouReset (CVE-2025-8671): streams on which the client makes the server send RST_STREAM.

    Each frees a place among the concurrent ones while the application still works on it. Where a
    server may make an error of the connection of it, ``at_once`` is that error's code.
    """
    ends = () if at_once is None else (GoAway((at_once,)),)
    return flood(
        f"resets that the server is made to send by {name}",
        "9113 §10.5, §5.4.1",
        lambda n: b"".join(frame(2 * n + 1) for frame in frames),
        expected=(*CALM, *ends),
    )


def opened(stream: int) -> bytes:
    return headers(stream, WAIT, end=False)


def asked(stream: int) -> bytes:
    return headers(stream, WAIT)


UPPER = ask(b"GET", b"/", (b"X-Upper", b"x"))
SHORT = ask(b"POST", b"/echo", (b"content-length", b"9"))
BOMB = inserted(b"x-bomb", b"b" * 4000) + indexed(62) * 12_000
"""16 KiB that say 48 MiB."""


def cancels_as_clients_do(peer: Peer) -> None:
    """Of thousands of requests, many are not wanted any more: nobody minds."""
    for begin in range(1, 10_000, 40):
        numbers = range(begin, begin + 38, 2)
        peer.send(b"".join(headers(number, GET) for number in numbers))
        peer.send(headers(begin + 38, WAIT) + reset(begin + 38, CANCEL))
        peer.grant(0, 5 * len(numbers))
        for number in numbers:
            peer.answer(number)


def reports_as_clients_do(peer: Peer) -> None:
    """Opens the windows after each frame of a large answer, and pings now and then."""
    stream = peer.stream(1)
    peer.send(headers(1, ask(b"GET", b"/large?3000000")))
    granted = 0
    while not stream.ended:
        peer.until(lambda: len(stream.body) > granted or stream.ended, "more")  # noqa: B023 - called at once
        came = len(stream.body) - granted
        granted += came
        peer.send(window_update(0, came or 1) + window_update(1, came or 1))
        if granted // 100_000 != (granted - came) // 100_000:
            peer.ping()


def sends_many_small_pieces(peer: Peer) -> None:
    """Content in pieces of one octet, as some clients write it."""
    peer.send(headers(1, ask(b"POST", b"/count"), end=False))
    for _ in range(50):
        peer.send(data(1, b"x") * 100)
    peer.send(data(1, end=True))


CASES = [
    flood(
        "requests that are reset",
        "9113 §10.5; CVE-2023-44487",
        lambda n: asked(2 * n + 1) + reset(2 * n + 1),
    ),
    flood(
        "requests that are reset before their end",
        "9113 §10.5; CVE-2023-44487",
        lambda n: opened(2 * n + 1) + reset(2 * n + 1),
    ),
    own_resets("increments of 0", opened, lambda n: window_update(n, 0)),
    own_resets("windows that grow too large", opened, lambda n: window_update(n, GREATEST)),
    own_resets(
        "PRIORITY of the wrong length",
        opened,
        lambda n: raw(PRIORITY, 0, n, bytes(4)),
        at_once=FRAME_SIZE_ERROR,
    ),
    own_resets("DATA after the end", asked, lambda n: data(n, b"a"), at_once=STREAM_CLOSED),
    own_resets("HEADERS after the end", asked, lambda n: headers(n, GET), at_once=STREAM_CLOSED),
    own_resets(
        "content that is too short",
        lambda n: headers(n, SHORT, end=False),
        lambda n: data(n, b"a", end=True),
    ),
    own_resets("trailers that do not end", opened, lambda n: headers(n, ECHO, end=False)),
    own_resets("malformed requests", lambda n: headers(n, UPPER)),
    own_resets("more streams than allowed", asked),
    flood(
        "CONTINUATION",
        "9113 §10.5; CVE-2024-27316",
        lambda n: continuation(1, b"\x00\x01x\x01y", complete=False),
        first=headers(1, GET, complete=False),
    ),
    flood(
        "CONTINUATION of nothing",
        "9113 §10.5; CVE-2019-9518",
        lambda n: continuation(1, complete=False),
        first=headers(1, GET, complete=False),
    ),
    flood(
        "CONTINUATION of as much as fits",
        "9113 §10.5.1",
        lambda n: continuation(1, b"\x00\x7f\x80\x7f" + b"x" * 16_000, complete=False),
        first=headers(1, GET, complete=False),
    ),
    flood(
        "DATA of nothing",
        "9113 §10.5; CVE-2019-9518",
        lambda n: data(1),
        first=headers(1, WAIT, end=False),
    ),
    flood(
        "DATA of nothing but padding",
        "9113 §10.5",
        lambda n: data(1, padding=0),
        first=headers(1, WAIT, end=False),
    ),
    flood("SETTINGS", "9113 §10.5; CVE-2019-9515", lambda n: settings()),
    flood(
        "SETTINGS that change",
        "9113 §10.5; CVE-2019-9515",
        lambda n: settings((HEADER_TABLE_SIZE, n), (INITIAL_WINDOW_SIZE, n)),
    ),
    flood("PING", "9113 §10.5; CVE-2019-9512", lambda n: ping(n.to_bytes(8))),
    flood("PRIORITY", "9113 §10.5; CVE-2019-9513", lambda n: priority(2 * n + 1, 2 * n)),
    shrugged_off("PING that answers", "9113 §10.5", lambda n: ping(n.to_bytes(8), ack=True)),
    shrugged_off("WINDOW_UPDATE", "9113 §10.5", lambda n: window_update(0, 1)),
    shrugged_off("unknown types", "9113 §5.5", lambda n: raw(UNKNOWN, 0, 0)),
    Case(
        "a field list far beyond what the server takes, by HPACK's table",
        "9113 §10.5.1, 7541 §7.3",
        (headers(1, GET + BOMB),),
        TOO_LARGE,
        WHY_TOO_LARGE,
    ),
    Case(
        "ten thousand fields",
        "9113 §10.5.1",
        (headers(1, GET + indexed(16) * 10_000),),
        TOO_LARGE,
        WHY_TOO_LARGE,
    ),
    Case(
        "a field of 200 KiB",
        "9113 §10.5.1",
        (
            headers(
                1,
                GET + b"\x00\x01x" + bytes([0x7F, *encode_integer(208_000, 7)[1:]]),
                complete=False,
            )
            + b"".join(continuation(1, b"x" * 16_000, complete=n == 12) for n in range(13)),
        ),
        (*TOO_LARGE, GoAway((PROTOCOL_ERROR,))),
        WHY_TOO_LARGE,
    ),
    Case(
        "some resets among thousands of requests",
        "9113 §10.5",
        (cancels_as_clients_do,),
        (Lives(),),
    ),
    Case(
        "windows that open after each frame", "9113 §10.5", (reports_as_clients_do,), (Answered(),)
    ),
    Case(
        "content in five thousand pieces",
        "9113 §10.5",
        (sends_many_small_pieces,),
        (Answered(body=b"5000"),),
    ),
]
