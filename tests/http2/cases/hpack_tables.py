"""HPACK's tables: indices, insertions, evictions, changes of size."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hpack import Encoder

from tests.http2.case import Action, Case, Step, answered, was_reset
from tests.http2.fields import GET, WAIT, ask, indexed, inserted, resized
from tests.http2.frames import (
    COMPRESSION_ERROR,
    HEADER_TABLE_SIZE,
    continuation,
    data,
    headers,
    settings,
    window_update,
)
from tests.http2.outcomes import Answered, GoAway

if TYPE_CHECKING:
    from tests.http2.peer import Peer

BROKEN = (GoAway((COMPRESSION_ERROR,)),)
ANSWERED = (Answered(),)
SECOND = (Answered(stream=3),)
TELL = ask(b"GET", b"/tell")
FIRST = 62
"""The index of what was inserted last."""
ENTRY = inserted(b"x-a", b"1")
BIG = inserted(b"x-big", b"b" * 2000)
"""Two of them fill a table of 4,096 octets."""
HUGE = inserted(b"x-huge", b"h" * 5000)


def broken(name: str, section: str, *script: Step, why: str = "") -> Case:
    return Case(name, section, script, BROKEN, why)


def has_told(stream: int, *expected: tuple[str, str]) -> Action:
    """Waits for what the application was told of fields whose names begin with ``x-``."""

    def wait(peer: Peer) -> None:
        headers = json.loads(peer.answer(stream).body)["headers"]
        told = [tuple(pair) for pair in headers if pair[0].startswith("x-")]
        # Of different names, the order is nothing to a server (RFC 9110 §5.3).
        assert sorted(told, key=name) == sorted(expected, key=name)

    return wait


def name(pair: tuple[str, ...]) -> str:
    return pair[0]


def speaks_with_a_memory(peer: Peer) -> None:
    """Requests as a real client compresses them, all of them with each other's entries."""
    encoder = Encoder()
    for number in range(1, 80, 2):
        if number == 41:
            encoder.header_table_size = 100
        fields = [
            (":method", "GET"), (":scheme", "http"), (":path", "/tell"), (":authority", "test"),
            ("x-same", "always"), ("x-number", f"{number}"), ("x-long", "l" * (7 * number)),
        ]  # fmt: skip
        peer.send(headers(number, encoder.encode(fields)))
        has_told(number, *fields[4:])(peer)


def compresses_into(size: int) -> Action:
    """Answers arrive though the client's table is small: `Peer` decodes them, or fails."""

    def wait(peer: Peer) -> None:
        peer.send(settings((HEADER_TABLE_SIZE, size)))
        peer.until(lambda: peer.acks == 2, "an acknowledgement")
        for number in (3, 5, 7):
            assert peer.ask(number).get(b"content-length") == b"5"
        assert peer.decoder.header_table_size <= max(size, 4096)

    return wait


CASES = [
    broken("index 0", "7541 §6.1", headers(1, GET + b"\x80")),
    broken("an index beyond the static table", "7541 §2.3.3", headers(1, GET + indexed(FIRST))),
    broken("an index far beyond", "7541 §2.3.3", headers(1, GET + indexed(5000))),
    broken(
        "a name's index beyond the tables, to be inserted",
        "7541 §2.3.3",
        headers(1, GET + b"\x7f\x40\x01a"),
    ),
    broken(
        "a name's index beyond the tables, not to be inserted",
        "7541 §2.3.3",
        headers(1, GET + b"\x0f\x40\x01a"),
    ),
    Case(
        "what was inserted",
        "7541 §2.3.2, §6.2.1",
        (headers(1, TELL + ENTRY + indexed(FIRST)), has_told(1, ("x-a", "1"), ("x-a", "1"))),
        ANSWERED,
    ),
    Case(
        "what an earlier request inserted",
        "7541 §2.3.2, 9113 §4.3",
        (headers(1, GET + ENTRY), headers(3, TELL + indexed(FIRST)), has_told(3, ("x-a", "1"))),
        SECOND,
    ),
    Case(
        "the newest comes first",
        "7541 §2.3.3",
        (
            headers(1, TELL + inserted(b"x-b", b"2") + ENTRY + indexed(FIRST + 1)),
            has_told(1, ("x-b", "2"), ("x-a", "1"), ("x-b", "2")),
        ),
        ANSWERED,
    ),
    Case(
        "a name from the dynamic table",
        "7541 §6.2.1",
        (headers(1, TELL + ENTRY + b"\x0f\x2f\x012"), has_told(1, ("x-a", "1"), ("x-a", "2"))),
        ANSWERED,
    ),
    broken("what was not to be inserted", "7541 §6.2.2", headers(1, GET + indexed(FIRST))),
    broken(
        "what was never to be inserted",
        "7541 §6.2.3",
        headers(1, GET + b"\x10\x03x-a\x011" + indexed(FIRST)),
    ),
    broken(
        "what was evicted", "7541 §4.4", headers(1, GET + ENTRY + BIG + BIG + indexed(FIRST + 2))
    ),
    Case(
        "what was not evicted yet",
        "7541 §4.4",
        (headers(1, GET + BIG + BIG + indexed(FIRST + 1)),),
        ANSWERED,
    ),
    broken(
        "an entry larger than the table empties it",
        "7541 §4.4",
        headers(1, GET + ENTRY + HUGE + indexed(FIRST)),
    ),
    Case(
        "an entry larger than the table is no error",
        "7541 §4.4",
        (
            headers(1, TELL + HUGE + ENTRY + indexed(FIRST)),
            has_told(1, ("x-huge", "h" * 5000), ("x-a", "1"), ("x-a", "1")),
        ),
        ANSWERED,
    ),
    Case(
        "an entry takes its name from one that it evicts",
        "7541 §4.4",
        (
            headers(1, TELL + inserted(b"x-a", b"a" * 3000) + b"\x7e\x7f\xb9\x16" + b"b" * 3000),
            has_told(1, ("x-a", "a" * 3000), ("x-a", "b" * 3000)),
        ),
        ANSWERED,
    ),
    broken(
        "a table larger than the server allows", "7541 §4.2, §6.3", headers(1, resized(4097) + GET)
    ),
    broken("a table of 4 GiB", "7541 §4.2, §6.3", headers(1, resized((1 << 32) - 1) + GET)),
    broken("a change of size at the block's end", "7541 §4.2", headers(1, GET + resized(0))),
    broken(
        "a change of size in the middle", "7541 §4.2", headers(1, GET[:1] + resized(100) + GET[1:])
    ),
    Case(
        "a change of size at the beginning",
        "7541 §4.2",
        (
            headers(1, resized(100) + TELL + ENTRY),
            headers(3, TELL + indexed(FIRST)),
            has_told(3, ("x-a", "1")),
        ),
        SECOND,
    ),
    Case(
        "two changes at the beginning",
        "7541 §4.2",
        (headers(1, resized(0) + resized(4096) + TELL + ENTRY + indexed(FIRST)),),
        ANSWERED,
    ),
    broken(
        "a table of nothing keeps nothing",
        "7541 §4.3",
        headers(1, GET + ENTRY),
        headers(3, resized(0) + GET + indexed(FIRST)),
    ),
    broken(
        "a table that grows again begins empty",
        "7541 §4.3",
        headers(1, GET + ENTRY),
        headers(3, resized(0) + resized(4096) + GET + indexed(FIRST)),
    ),
    broken(
        "a smaller table evicts",
        "7541 §4.3",
        headers(1, GET + ENTRY + BIG),
        headers(3, resized(2050) + GET + indexed(FIRST + 1)),
    ),
    Case(
        "a malformed request leaves its entries",
        "9113 §4.3",
        (
            headers(1, TELL + inserted(b"x-B", b"bad") + ENTRY),
            headers(3, TELL + indexed(FIRST)),
            has_told(3, ("x-a", "1")),
        ),
        SECOND,
    ),
    Case(
        "trailers leave their entries",
        "9113 §4.3",
        (
            headers(1, ask(b"POST", b"/echo"), end=False) + data(1, b"a") + headers(1, ENTRY),
            answered(1),
            headers(3, TELL + indexed(FIRST)),
            has_told(3, ("x-a", "1")),
        ),
        SECOND,
    ),
    Case(
        "what comes on a stream that the server reset leaves its entries",
        "9113 §4.3, §5.1",
        (
            headers(1, WAIT, end=False) + window_update(1, 0),
            was_reset(1),
            headers(1, ENTRY),
            headers(3, TELL + indexed(FIRST)),
            has_told(3, ("x-a", "1")),
        ),
        SECOND,
    ),
    Case(
        "a block in pieces leaves its entries",
        "9113 §4.3",
        (
            headers(1, GET + ENTRY[:3], complete=False) + continuation(1, ENTRY[3:]),
            headers(3, TELL + indexed(FIRST)),
            has_told(3, ("x-a", "1")),
        ),
        SECOND,
    ),
    Case(
        "forty requests of a client that compresses as it should",
        "7541 §2.2",
        (speaks_with_a_memory,),
        (Answered(stream=79),),
    ),
    Case(
        "answers for a client without a table",
        "7541 §4.2, 9113 §4.3.1",
        (headers(1, GET), answered(1), compresses_into(0)),
        ANSWERED,
    ),
    Case(
        "answers for a client with a small table",
        "7541 §4.2, 9113 §4.3.1",
        (headers(1, GET), answered(1), compresses_into(64)),
        ANSWERED,
    ),
    Case(
        "answers for a client with a large table",
        "7541 §4.2, 9113 §4.3.1",
        (headers(1, GET), answered(1), compresses_into(65_536)),
        ANSWERED,
    ),
]
