"""PRIORITY, RST_STREAM, PING and GOAWAY."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.http2.case import Action, Case, answered, settled
from tests.http2.fields import ECHO, GET, WAIT, ask
from tests.http2.frames import (
    ENHANCE_YOUR_CALM,
    NO_ERROR,
    PROTOCOL_ERROR,
    data,
    goaway,
    headers,
    ping,
    priority,
    raw,
    reset,
)
from tests.http2.outcomes import Answered, Closed, GoAway, Lives, Outcome, Reset

if TYPE_CHECKING:
    from tests.http2.peer import Peer

ANSWERED = (Answered(),)
ITSELF: tuple[Outcome, ...] = (
    Answered(),
    Reset((PROTOCOL_ERROR,)),
    GoAway((PROTOCOL_ERROR,)),
)
WHY_ITSELF = "an error of RFC 7540 (§5.3.1), which RFC 9113 no longer speaks of"


def ponged(*payloads: bytes) -> Action:
    """Waits for answers to pings, in order."""
    return lambda peer: peer.until(lambda: peer.pongs == list(payloads), f"pongs {payloads}")


def is_left_alone(peer: Peer) -> None:
    """Whoever has asked for nothing more is closed, sooner or later, with GOAWAY or without."""
    peer.until_closed()
    assert [code for _, code in peer.goaways] in ([], [NO_ERROR])


CASES = [
    Case(
        "PRIORITY of an open stream",
        "9113 §5.3.2",
        (headers(1, ECHO, end=False) + priority(1, 9) + data(1, end=True),),
        ANSWERED,
    ),
    Case(
        "PRIORITY on a stream that is idle, for another",
        "9113 §5.3.2",
        (priority(7, 5) + headers(1, GET, depends_on=7),),
        ANSWERED,
    ),
    Case("PRIORITY on an even stream", "9113 §5.3.2", (priority(2) + headers(1, GET),), ANSWERED),
    Case(
        "PRIORITY opens no stream",
        "9113 §5.1.1, §6.3",
        (priority(101) + headers(1, GET),),
        ANSWERED,
    ),
    Case(
        "HEADERS that depend on a later stream",
        "9113 §5.3.2",
        (headers(1, GET, depends_on=99),),
        ANSWERED,
    ),
    Case(
        "PRIORITY of a stream that depends on itself",
        "9113 §5.3.2",
        (headers(1, ECHO, end=False) + priority(1, 1) + data(1, end=True),),
        ITSELF,
        WHY_ITSELF,
    ),
    Case(
        "HEADERS of a stream that depends on itself",
        "9113 §5.3.2",
        (headers(1, GET, depends_on=1),),
        ITSELF,
        WHY_ITSELF,
    ),
    Case(
        "PRIORITY_UPDATE and its header field",
        "9218 §7.1, 9113 §5.5",
        (
            raw(0x10, 0, 0, b"\0\0\0\x01u=1, i")
            + headers(1, ask(b"GET", b"/", (b"priority", b"u=0"))),
        ),
        ANSWERED,
    ),
    Case(
        "RST_STREAM of a request whose content is on its way",
        "9113 §6.4",
        (headers(1, ECHO, end=False) + data(1, b"abc") + reset(1),),
        (Lives(),),
    ),
    Case(
        "RST_STREAM of a request that waits",
        "9113 §6.4",
        (headers(1, WAIT), settled, reset(1), settled),
        (Lives(),),
    ),
    Case(
        "RST_STREAM with a code that nobody knows",
        "9113 §7",
        (headers(1, WAIT) + reset(1, 0xFEDCBA98),),
        (Lives(),),
    ),
    Case(
        "RST_STREAM without an error",
        "9113 §7",
        (headers(1, WAIT, end=False) + reset(1, NO_ERROR),),
        (Lives(),),
    ),
    Case("RST_STREAM twice", "9113 §5.4.2", (headers(1, WAIT) + reset(1) + reset(1),), (Lives(),)),
    Case(
        "RST_STREAM of one stream among others",
        "9113 §5.4.2",
        (headers(1, ECHO, end=False) + headers(3, WAIT) + reset(3) + data(1, b"abc", end=True),),
        (Answered(body=b"abc"),),
    ),
    Case(
        "RST_STREAM with an unknown flag",
        "9113 §6.4",
        (headers(1, WAIT) + raw(3, 0xFF, 1, b"\0\0\0\x08"),),
        (Lives(),),
    ),
    Case("PING", "9113 §6.7", (ping(b"\0\xff\0\xfe1234"), ponged(b"\0\xff\0\xfe1234")), (Lives(),)),
    Case(
        "PING twice, in order",
        "9113 §6.7",
        (ping(b"first...") + ping(b"second.."), ponged(b"first...", b"second..")),
        (Lives(),),
    ),
    Case(
        "PING that answers is not answered",
        "9113 §6.7",
        (ping(b"unasked.", ack=True) + ping(b"asked..."), ponged(b"asked...")),
        (Lives(),),
    ),
    Case(
        "PING while a request waits and another has no window",
        "9113 §6.7",
        (
            headers(1, WAIT) + headers(3, ask(b"GET", b"/large?90000")) + ping(),
            lambda peer: peer.until(lambda: bool(peer.pongs), "a pong"),
        ),
        (Lives(),),
    ),
    Case(
        "GOAWAY: what is under way is answered",
        "9113 §6.8",
        (
            headers(1, ECHO, end=False) + goaway(),
            settled,
            data(1, b"abc", end=True),
            answered(1),
            is_left_alone,
        ),
        (Closed(),),
    ),
    Case(
        "GOAWAY: who has nothing under way is let go",
        "9113 §6.8",
        (goaway(debug=b"bye"), is_left_alone),
        (Closed(),),
    ),
    Case(
        "GOAWAY after an answer",
        "9113 §6.8",
        (headers(1, GET), answered(1), goaway(), is_left_alone),
        (Closed(),),
    ),
    Case(
        "GOAWAY with an error", "9113 §6.8", (goaway(ENHANCE_YOUR_CALM), is_left_alone), (Closed(),)
    ),
    Case(
        "GOAWAY with a code that nobody knows",
        "9113 §7",
        (goaway(0xFEDCBA98), is_left_alone),
        (Closed(),),
    ),
]
