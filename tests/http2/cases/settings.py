"""SETTINGS: what they say, what they may say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.http2.case import Action, Case, has_received
from tests.http2.fields import GET, ask
from tests.http2.frames import (
    ENABLE_CONNECT_PROTOCOL,
    ENABLE_PUSH,
    GREATEST,
    HEADER_TABLE_SIZE,
    INITIAL_WINDOW_SIZE,
    MAX_CONCURRENT_STREAMS,
    MAX_FRAME_SIZE,
    MAX_HEADER_LIST_SIZE,
    PROTOCOL_ERROR,
    SETTINGS_ACK,
    headers,
    settings,
    window_update,
)
from tests.http2.outcomes import Answered, GoAway, Lives

if TYPE_CHECKING:
    from tests.http2.peer import Peer

PROTOCOL = (GoAway((PROTOCOL_ERROR,)),)
MAX = (1 << 32) - 1


def saying(name: str, *pairs: tuple[int, int], section: str = "9113 §6.5.2") -> Case:
    """Settings that are in order; a request follows."""
    return Case(name, section, (settings(*pairs), acknowledged(2), headers(1, GET)), (Answered(),))


def wrong(name: str, *pairs: tuple[int, int]) -> Case:
    return Case(name, "9113 §6.5.2", (settings(*pairs) + headers(1, GET),), PROTOCOL)


def acknowledged(times: int) -> Action:
    """Waits for acknowledgements, and checks that no more come."""

    def wait(peer: Peer) -> None:
        peer.until(lambda: peer.acks >= times, f"{times} acknowledgements")
        peer.ping()
        assert peer.acks == times

    return wait


def are_in_order(peer: Peer) -> None:
    """The server's own settings."""
    said = peer.settings
    assert said.get(ENABLE_PUSH, 0) == 0, "a server must not say 1"
    assert 100 <= said[MAX_CONCURRENT_STREAMS] <= 10_000, "bounded, and no less than the RFC's 100"
    assert said.get(INITIAL_WINDOW_SIZE, 0) <= GREATEST
    assert 16_384 <= said.get(MAX_FRAME_SIZE, 16_384) < 1 << 24
    assert said[MAX_HEADER_LIST_SIZE] <= 1 << 20, "what is refused is said before"
    assert said[ENABLE_CONNECT_PROTOCOL] == 1, "RFC 8441 §3"


LARGE = ask(b"GET", b"/large?50000")


def longest(least: int, most: int) -> Action:
    """Receives a large answer; frames are no longer than ``most``, which `Peer` checks as well."""

    def wait(peer: Peer) -> None:
        peer.send(headers(1, LARGE))
        assert len(peer.answer(1).body) == 50_000
        assert least <= peer.longest <= most

    return wait


CASES = [
    Case("the server's own", "9113 §6.5.2, 8441 §3", (are_in_order,), (Lives(),)),
    saying("nothing"),
    saying("unknown ones", (0x99, 7), (0, 0), (0xFFFF, MAX)),
    saying("push on, push off", (ENABLE_PUSH, 1), (ENABLE_PUSH, 0)),
    wrong("push 2", (ENABLE_PUSH, 2)),
    wrong("push of the greatest number", (ENABLE_PUSH, MAX)),
    wrong("frames shorter than the least", (MAX_FRAME_SIZE, 16_383)),
    wrong("frames of no length", (MAX_FRAME_SIZE, 0)),
    wrong("frames longer than the greatest", (MAX_FRAME_SIZE, 1 << 24)),
    saying("frames of the least length", (MAX_FRAME_SIZE, 16_384)),
    saying("frames of the greatest length", (MAX_FRAME_SIZE, (1 << 24) - 1)),
    saying("no streams of the server's", (MAX_CONCURRENT_STREAMS, 0)),
    saying("streams without end", (MAX_CONCURRENT_STREAMS, MAX)),
    saying("a table of nothing", (HEADER_TABLE_SIZE, 0)),
    saying("a table of the greatest size", (HEADER_TABLE_SIZE, MAX)),
    saying("header lists of the greatest size", (MAX_HEADER_LIST_SIZE, MAX)),
    saying("what only a server says", (ENABLE_CONNECT_PROTOCOL, 1), section="8441 §3"),
    saying(
        "everything at once",
        (HEADER_TABLE_SIZE, 0),
        (ENABLE_PUSH, 0),
        (MAX_CONCURRENT_STREAMS, 5),
        (INITIAL_WINDOW_SIZE, 70_000),
        (MAX_FRAME_SIZE, 20_000),
        (MAX_HEADER_LIST_SIZE, 9000),
    ),
    wrong("the wrong one after good ones", (HEADER_TABLE_SIZE, 0), (MAX_FRAME_SIZE, 1)),
    Case(
        "the last of several is meant",
        "9113 §6.5.3",
        (
            settings(
                (INITIAL_WINDOW_SIZE, 500), (INITIAL_WINDOW_SIZE, 0), (INITIAL_WINDOW_SIZE, 9)
            ),
            headers(1, ask(b"GET", b"/large?100")),
            has_received(1, 9),
            window_update(1, 91),
        ),
        (Answered(),),
    ),
    Case(
        "each of three is acknowledged",
        "9113 §6.5.3",
        (settings() + settings((HEADER_TABLE_SIZE, 9)) + settings(), acknowledged(4)),
        (Lives(),),
    ),
    Case(
        "an acknowledgement of nothing",
        "9113 §6.5.3",
        (SETTINGS_ACK,),
        (Lives(), *PROTOCOL),
        "no rule speaks of it; a frame that no state permits is an error of the connection (§5.1)",
    ),
    Case(
        "frames are no longer than the client takes",
        "9113 §4.2",
        (longest(1, 16_384),),
        (Answered(),),
    ),
    Case(
        "a client may take longer frames",
        "9113 §4.2",
        (settings((MAX_FRAME_SIZE, 40_000)), acknowledged(2), longest(1, 40_000)),
        (Answered(),),
    ),
]
