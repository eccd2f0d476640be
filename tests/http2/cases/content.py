"""Content, and whether it is as long as was said."""

from __future__ import annotations

from tests.http2.case import Case, Step, settled
from tests.http2.fields import ECHO, ask
from tests.http2.frames import data, headers
from tests.http2.outcomes import Answered, Outcome, malformed

SECTION = "9113 §8.1.1"
VALUE = "9113 §8.1.1, 9110 §8.6"


def posting(
    name: str,
    length: bytes,
    *rest: Step,
    end: bool = False,
    expected: tuple[Outcome, ...] = (),
    section: str = SECTION,
    why: str = "",
) -> Case:
    """A request that declares ``length``, and what follows; malformed unless said otherwise."""
    block = ask(b"POST", b"/echo", (b"content-length", length))
    return Case(name, section, (headers(1, block, end=end), *rest), expected or malformed(), why)


def value(text: bytes) -> Case:
    return posting(
        f"content-length: {text.decode()}", text, data(1, b"abcde", end=True), section=VALUE
    )


TWICE = ask(b"POST", b"/echo", (b"content-length", b"5"), (b"content-length", b"5"))
UNEQUAL = ask(b"POST", b"/echo", (b"content-length", b"5"), (b"content-length", b"6"))
LONG = b"".join(data(1, b"x") for _ in range(500)) + data(1, end=True)

CASES = [
    posting(
        "as long as declared",
        b"5",
        data(1, b"abcde", end=True),
        expected=(Answered(body=b"abcde"),),
    ),
    posting(
        "as long as declared, in pieces",
        b"5",
        data(1, b"ab") + data(1) + data(1, b"cde") + data(1, end=True),
        expected=(Answered(body=b"abcde"),),
    ),
    posting(
        "as long as declared, beside padding",
        b"5",
        data(1, b"ab", padding=9) + data(1, b"cde", padding=0, end=True),
        expected=(Answered(body=b"abcde"),),
    ),
    posting("none, and none declared", b"0", end=True, expected=(Answered(body=b""),)),
    posting("none, in a frame", b"0", data(1, end=True), expected=(Answered(body=b""),)),
    posting("shorter than declared", b"5", data(1, b"abcd", end=True)),
    posting("shorter than declared, in pieces", b"5", data(1, b"abcd"), settled, data(1, end=True)),
    posting("none but declared", b"5", end=True),
    posting("none in a frame but declared", b"5", data(1, end=True)),
    posting("longer than declared", b"5", data(1, b"abcdef", end=True)),
    posting(
        "longer than declared, in pieces", b"5", data(1, b"abcde"), settled, data(1, b"f", end=True)
    ),
    posting("longer than declared, before its end", b"5", data(1, b"abcdef")),
    posting("some where none was declared", b"0", data(1, b"a", end=True)),
    value(b"+5"),
    value(b"-5"),
    value(b"0x5"),
    value(b"5_0"),
    value(b"five"),
    value(b""),
    value(b"5, 6"),
    value(b"18446744073709551621"),
    Case(
        "two lengths that differ",
        VALUE,
        (headers(1, UNEQUAL, end=False) + data(1, b"abcde", end=True),),
        malformed(),
    ),
    Case(
        "two lengths that are equal",
        VALUE,
        (headers(1, TWICE, end=False) + data(1, b"abcde", end=True),),
        (*malformed(), Answered(body=b"abcde")),
        "9110 §8.6 leaves it to the recipient",
    ),
    Case(
        "no length declared",
        "9113 §8.1",
        (headers(1, ECHO, end=False) + data(1, b"abc", end=True),),
        (Answered(body=b"abc"),),
    ),
    Case(
        "no length and no content",
        "9113 §8.1",
        (headers(1, ECHO, end=False) + data(1, end=True),),
        (Answered(body=b""),),
    ),
    Case(
        "content of GET",
        "9110 §9.3.1",
        (headers(1, ask(b"GET", b"/echo"), end=False) + data(1, b"abc", end=True),),
        (Answered(body=b"abc"),),
    ),
    Case(
        "many small pieces",
        "9113 §6.1",
        (headers(1, ECHO, end=False) + LONG,),
        (Answered(body=b"x" * 500),),
    ),
    Case(
        "two at once, in turns",
        "9113 §5",
        (
            headers(1, ECHO, end=False)
            + headers(3, ECHO, end=False)
            + data(1, b"a")
            + data(3, b"c")
            + data(1, b"b", end=True)
            + data(3, b"d", end=True),
            lambda peer: peer.answer(1),
        ),
        (Answered(stream=3, body=b"cd"),),
    ),
]
