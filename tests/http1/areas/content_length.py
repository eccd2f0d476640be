"""Content-Length: digits, once."""

from __future__ import annotations

from tests.http1.cases import Case, End, Request, post, refused, served, waits

SECTION = "RFC 9110, 8.6"
FRAMING = "RFC 9112, 6.3"
POST = Request("POST")


def bad(name: str, value: bytes) -> Case:
    """Whatever a reader might take it for, a body of five bytes follows."""
    return refused(name, FRAMING, post(b"Content-Length: " + value, body=b"abcde"), 400)


def good(name: str, value: bytes, body: bytes) -> Case:
    sent = post(b"Content-Length: " + value, body=body)
    return served(name, SECTION, sent, Request("POST", body=body))


CASES: list[Case] = [
    good("five", b"5", b"abcde"),
    good("nothing", b"0", b""),
    good("leading zeros", b"0005", b"abcde"),
    good("many leading zeros", b"0" * 30 + b"5", b"abcde"),
    good("blanks around", b" \t5\t ", b"abcde"),
    good("a body that looks like a request", b"18", b"GET /x HTTP/1.1\r\n\r"),
    good("bytes of every kind", b"256", bytes(range(256))),
    served("none, so no body", FRAMING, post(), POST),
    served(
        "a GET has a body too, if it says so",
        "RFC 9110, 9.3.1",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
        Request(body=b"abc"),
    ),
    served(
        "what follows the body is the next request",
        FRAMING,
        post(b"Content-Length: 3", body=b"abcGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"),
        Request("POST", body=b"abc"),
        Request(path=b"/2"),
    ),
    served(
        "in HTTP/1.0",
        FRAMING,
        b"POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
        Request("POST", body=b"abc", version="1.0"),
        end=End.CLOSES,
    ),
    waits("a part of the body", FRAMING, post(b"Content-Length: 5", body=b"abc")),
    bad("a plus sign", b"+5"),
    bad("a minus sign", b"-5"),
    bad("minus nothing", b"-0"),
    bad("empty", b""),
    bad("a list of the same", b"5, 5"),
    bad("a list of others", b"5, 6"),
    bad("a list of one", b"5,"),
    bad("two numbers", b"5 5"),
    bad("a fraction", b"5.0"),
    bad("an exponent", b"5e0"),
    bad("hexadecimal", b"0x5"),
    bad("hexadecimal digits", b"a"),
    bad("octal in a spelling of Python's", b"0o5"),
    bad("an underscore", b"0_5"),
    bad("a quote", b'"5"'),
    bad("a letter behind", b"5a"),
    bad("a parameter", b"5;a=b"),
    bad("a fullwidth digit", "\uff15".encode()),
    bad("an Arabic digit", "\u0665".encode()),
    bad("a superscript in Latin-1", b"\xb25"),
    bad("a no-break space", b"\xa05"),
    bad("one more than fits in 64 bits", b"18446744073709551616"),
    bad("one that is five if cut to 64 bits", b"18446744073709551621"),
    bad("a hundred nines", b"9" * 100),
    refused(
        "twice the same",
        FRAMING,
        post(b"Content-Length: 5", b"Content-Length: 5", body=b"abcde"),
        400,
    ),
    refused(
        "two others",
        FRAMING,
        post(b"Content-Length: 5", b"Content-Length: 0", body=b"abcde"),
        400,
    ),
    refused(
        "twice in HTTP/1.0",
        FRAMING,
        b"POST / HTTP/1.0\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
        400,
    ),
]
