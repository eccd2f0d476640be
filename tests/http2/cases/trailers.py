"""Field sections after the content."""

from __future__ import annotations

from tests.http2.case import Case
from tests.http2.fields import ECHO, GET, Field, ask, block
from tests.http2.frames import continuation, data, headers
from tests.http2.outcomes import Answered, Outcome, malformed

BEGUN = headers(1, ECHO, end=False) + data(1, b"abc")
ANSWERED = (Answered(body=b"abc"),)
TRAILER = block([(b"x-checksum", b"1")])
DECLARED = headers(1, ask(b"POST", b"/echo", (b"content-length", b"5")), end=False)


def trailing(name: str, section: str, *fields: Field, expected: tuple[Outcome, ...] = ()) -> Case:
    """Content, then these fields; malformed unless something else is expected."""
    return Case(name, section, (BEGUN + headers(1, block(fields)),), expected or malformed())


CASES = [
    trailing("a trailer", "9113 §8.1", (b"x-checksum", b"1"), expected=ANSWERED),
    trailing("no trailer in an empty block", "9113 §8.1", expected=ANSWERED),
    Case(
        "a trailer and no content",
        "9113 §8.1",
        (headers(1, ECHO, end=False) + headers(1, TRAILER),),
        (Answered(body=b""),),
    ),
    Case(
        "a trailer in two frames",
        "9113 §8.1",
        (BEGUN + headers(1, TRAILER[:3], complete=False) + continuation(1, TRAILER[3:]),),
        ANSWERED,
    ),
    Case(
        "a trailer that does not end the stream",
        "9113 §8.1",
        (BEGUN + headers(1, TRAILER, end=False),),
        malformed(),
    ),
    Case(
        "a second request on the stream",
        "9113 §8.1",
        (BEGUN + headers(1, GET, end=False),),
        malformed(),
    ),
    trailing("a trailer with :path", "9113 §8.1, §8.3", (b":path", b"/other")),
    trailing("a trailer with :status", "9113 §8.1, §8.3", (b":status", b"200")),
    trailing("a trailer with an unknown pseudo-header field", "9113 §8.3", (b":x", b"1")),
    trailing("a trailer in upper case", "9113 §8.2.1", (b"X-Checksum", b"1")),
    trailing("a trailer with a line's end", "9113 §8.2.1", (b"x-checksum", b"1\r\nx: y")),
    trailing("a trailer of the connection", "9113 §8.2.2", (b"transfer-encoding", b"chunked")),
    Case(
        "a trailer after less content than declared",
        "9113 §8.1.1",
        (DECLARED + data(1, b"abc") + headers(1, TRAILER),),
        malformed(),
    ),
    Case(
        "a trailer after more content than declared",
        "9113 §8.1.1",
        (DECLARED + data(1, b"abcdef") + headers(1, TRAILER),),
        malformed(),
    ),
    Case(
        "a trailer after as much content as declared",
        "9113 §8.1.1",
        (DECLARED + data(1, b"abcde") + headers(1, TRAILER),),
        (Answered(body=b"abcde"),),
    ),
]
