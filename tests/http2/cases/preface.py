"""How a connection begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.http2.case import Case
from tests.http2.fields import GET
from tests.http2.frames import (
    INITIAL_WINDOW_SIZE,
    PREFACE,
    PROTOCOL_ERROR,
    SETTINGS_ACK,
    goaway,
    headers,
    ping,
    settings,
    window_update,
)
from tests.http2.outcomes import Answered, Closed, GoAway

if TYPE_CHECKING:
    from tests.http2.peer import Peer

INVALID = (GoAway((PROTOCOL_ERROR,)), Closed())
WHY = "GOAWAY may be left out here: the other may not speak HTTP/2"


def byte_by_byte(peer: Peer) -> None:
    for byte in PREFACE + settings() + headers(1, GET):
        peer.send(bytes([byte]))


def acknowledges_once(peer: Peer) -> None:
    peer.ping()
    assert peer.acks == 1


def says_first(peer: Peer) -> None:
    peer.until(lambda: peer.settings_frames == 1, "SETTINGS that do not wait for the client's")


CASES = [
    Case(
        "a request right after the preface",
        "9113 §3.4",
        (PREFACE + settings() + headers(1, GET), SETTINGS_ACK),
        (Answered(),),
        begins=False,
    ),
    Case(
        "a preface in single octets",
        "9113 §3.4",
        (byte_by_byte,),
        (Answered(),),
        begins=False,
    ),
    Case(
        "settings that are never acknowledged",
        "9113 §3.4, §6.5.3",
        (PREFACE + settings(), headers(1, GET)),
        (Answered(),),
        begins=False,
    ),
    Case(
        "one acknowledgement of one SETTINGS",
        "9113 §6.5.3",
        (PREFACE + settings((INITIAL_WINDOW_SIZE, 100)), acknowledges_once, headers(1, GET)),
        (Answered(),),
        begins=False,
    ),
    Case(
        "the server's settings come first, unasked",
        "9113 §3.4",
        (PREFACE, says_first, settings(), headers(1, GET)),
        (Answered(),),
        begins=False,
    ),
    Case(
        "a preface that ends otherwise",
        "9113 §3.4",
        (PREFACE[:-6] + b"XX\r\n\r\n" + settings(),),
        INVALID,
        WHY,
        begins=False,
    ),
    Case(
        "a preface of another version",
        "9113 §3.4",
        (b"PRI * HTTP/3.0\r\n\r\nSM\r\n\r\n" + settings(),),
        INVALID,
        WHY,
        begins=False,
    ),
    Case(
        "no preface, but frames",
        "9113 §3.4",
        (settings() + headers(1, GET),),
        INVALID,
        WHY,
        begins=False,
    ),
    Case(
        "HEADERS before SETTINGS",
        "9113 §3.4",
        (PREFACE + headers(1, GET),),
        INVALID,
        WHY,
        begins=False,
    ),
    Case(
        "PING before SETTINGS",
        "9113 §3.4",
        (PREFACE + ping(),),
        INVALID,
        WHY,
        begins=False,
    ),
    Case(
        "WINDOW_UPDATE before SETTINGS",
        "9113 §3.4",
        (PREFACE + window_update(0, 1),),
        INVALID,
        WHY,
        begins=False,
    ),
    Case(
        "GOAWAY before SETTINGS",
        "9113 §3.4",
        (PREFACE + goaway(),),
        INVALID,
        WHY,
        begins=False,
    ),
    Case(
        "a second preface",
        "9113 §3.4, §4.2",
        (PREFACE,),
        (GoAway((PROTOCOL_ERROR, 6)),),
        "read as a frame, it is of an unknown type and 5,263,945 octets long",
    ),
]
