"""Names and values of fields."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.http2.case import Case
from tests.http2.fields import ask
from tests.http2.frames import headers
from tests.http2.outcomes import Answered, Outcome, malformed

if TYPE_CHECKING:
    from tests.http2.peer import Peer

ANSWERED = (Answered(),)
SECTION = "9113 §8.2.1"
EITHER = (*malformed(), *ANSWERED)
WHY_CONTROLS = "invalid (9110 §5.5), but a recipient may keep them, and §8.2.1 does not forbid them"


def field(
    what: str,
    name: bytes,
    value: bytes,
    expected: tuple[Outcome, ...] = (),
    section: str = SECTION,
    why: str = "",
) -> Case:
    """A request with this field; malformed unless something else is expected."""
    block = ask(b"GET", b"/", (b"x-first", b"1"), (name, value), (b"x-last", b"2"))
    return Case(what, section, (headers(1, block),), expected or malformed(), why)


def connection_specific(name: bytes, value: bytes) -> Case:
    what = f"{name.decode()}: {value.decode()}"
    return field(what, name, value, section="9113 §8.2.2")


def told(peer: Peer) -> list[list[str]]:
    """The fields as the application saw them."""
    answer = peer.answer(1)
    assert answer.status == 200
    headers: list[list[str]] = json.loads(answer.body)["headers"]
    return headers


def passes_all(peer: Peer) -> None:
    fields = told(peer)
    assert [value for name, value in fields if name == "x-a"] == ["1", "2, 3"]
    assert [value for name, value in fields if name == "x-b"] == [""]


def passes_text(peer: Peer) -> None:
    assert ["x-text", "\xe9\ta"] in told(peer)


def joins_cookies(peer: Peer) -> None:
    assert [value for name, value in told(peer) if name == "cookie"] == ["a=b; c=d; e=f"]


def keeps_authority(peer: Peer) -> None:
    assert [value for name, value in told(peer) if name == "host"] == ["test"]


def telling(*more: tuple[bytes, bytes]) -> bytes:
    return headers(1, ask(b"GET", b"/tell", *more))


CASES = [
    field("a name in upper case", b"X-Upper", b"x"),
    field("a name with one capital", b"x-uppeR", b"x"),
    field("a name that is empty", b"", b"x"),
    field("a name with a blank", b"x a", b"x"),
    field("a name that ends in a blank", b"x-a ", b"x"),
    field("a name with a colon", b"x:a", b"x"),
    field("a name that ends in a colon", b"x-a:", b"x"),
    field("a name with a NUL", b"x\0a", b"x"),
    field("a name with a line's end", b"x\r\na", b"x"),
    field("a name with DEL", b"x\x7fa", b"x"),
    field("a name above ASCII", b"x\xe9", b"x"),
    field(
        "a name with a delimiter",
        b"x(a)",
        b"x",
        section="9113 §8.2.1, 9110 §5.1",
        why="a SHOULD of §8.2.1: no token",
    ),
    field("a name of all kinds of octets", b"!#$%&'*+-.^_`|~09az", b"x", ANSWERED),
    field("a value with a NUL", b"x-a", b"a\0b"),
    field("a value with a line feed", b"x-a", b"a\nb"),
    field("a value with a carriage return", b"x-a", b"a\rb"),
    field("a value with a line's end", b"x-a", b"a\r\nx-b: c"),
    field("a value that begins with a blank", b"x-a", b" a"),
    field("a value that begins with a tab", b"x-a", b"\ta"),
    field("a value that ends in a blank", b"x-a", b"a "),
    field("a value that ends in a tab", b"x-a", b"a\t"),
    field("a value that is a blank", b"x-a", b" "),
    field("a value with another control octet", b"x-a", b"a\x01b", EITHER, why=WHY_CONTROLS),
    field("a value with DEL", b"x-a", b"a\x7fb", EITHER, why=WHY_CONTROLS),
    field("a value that is empty", b"x-a", b"", ANSWERED),
    connection_specific(b"connection", b"close"),
    connection_specific(b"connection", b"keep-alive"),
    connection_specific(b"keep-alive", b"timeout=5"),
    connection_specific(b"proxy-connection", b"close"),
    connection_specific(b"transfer-encoding", b"chunked"),
    connection_specific(b"upgrade", b"websocket"),
    connection_specific(b"te", b"gzip"),
    connection_specific(b"te", b"trailers, gzip"),
    field("te: trailers", b"te", b"trailers", ANSWERED, "9113 §8.2.2"),
    Case(
        "fields pass, those of one name in order",
        "9110 §5.3",
        (telling((b"x-a", b"1"), (b"x-b", b""), (b"x-a", b"2, 3")), passes_all),
        ANSWERED,
    ),
    Case(
        "octets above ASCII and tabs within pass",
        "9110 §5.5",
        (telling((b"x-text", b"\xe9\ta")), passes_text),
        ANSWERED,
    ),
    Case(
        "cookies are put together",
        "9113 §8.2.3",
        (telling((b"cookie", b"a=b"), (b"x-a", b"1"), (b"cookie", b"c=d; e=f")), joins_cookies),
        ANSWERED,
    ),
    Case(
        "the authority becomes the one host",
        "9113 §8.3.1",
        (telling((b"host", b"test")), keeps_authority),
        ANSWERED,
    ),
]
