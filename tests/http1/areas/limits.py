"""Limits: 414, 431 and 413, at the byte where they are passed.

Those of the server are the defaults, 8 KiB for the request line, 64 KiB and 100 lines for headers,
and 100,000 bytes for a body.
"""

from __future__ import annotations

from tests.http1.cases import Case, Request, chunked, get, head, post, refused, served

LINE = "RFC 9112, 3"
FIELDS = "RFC 6585, 5"
BODY = "RFC 9110, 15.5.14"

BODY_LIMIT = 100_000

# The blanks, the version and the line's other bytes: what a target of 8 KiB has to leave room for.
LONGEST_TARGET = b"/" + b"a" * (8192 - len(b"GET / HTTP/1.1"))
# "Host: a", the name and the colon, line ends, and the empty line.
LONGEST_VALUE = b"b" * (65_536 - len(b"Host: a\r\n" + b"x:\r\n" + b"\r\n"))

CASES: list[Case] = [
    served(
        "the longest request line", LINE, get(target=LONGEST_TARGET), Request(path=LONGEST_TARGET)
    ),
    refused("a longer request line", LINE, get(target=LONGEST_TARGET + b"a"), 414),
    refused("a request line without an end", LINE, b"GET /" + b"a" * 20_000, 414),
    refused("a method without an end", LINE, b"A" * 20_000, 414),
    served("the largest header block", FIELDS, get(b"x:" + LONGEST_VALUE)),
    refused("a larger header block", FIELDS, get(b"x:b" + LONGEST_VALUE), 431),
    refused("a value without an end", FIELDS, get()[:-2] + b"x: " + b"b" * 70_000, 431),
    refused("a name without an end", FIELDS, get()[:-2] + b"x" * 70_000, 431),
    served("as many lines as may be", FIELDS, get(*[b"x: b"] * 99)),
    refused("one line more", FIELDS, get(*[b"x: b"] * 100), 431),
    refused("lines without an end", FIELDS, get()[:-2] + b"x: b\r\n" * 5_000, 431),
    served(
        "the longest body",
        BODY,
        post(b"Content-Length: 100000", body=b"a" * BODY_LIMIT),
        Request("POST", body=b"a" * BODY_LIMIT),
    ),
    refused("a longer one", BODY, post(b"Content-Length: 100001", body=b"a" * 100_001), 413),
    refused(
        "a much longer one that is only declared",
        BODY,
        post(b"Content-Length: 18446744073709551615"),
        413,
    ),
    refused(
        "one that is declared, with an expectation",
        BODY,
        post(b"Content-Length: 100001", b"Expect: 100-continue"),
        413,
    ),
    served(
        "the longest body in chunks",
        BODY,
        chunked(b"186a0\r\n" + b"a" * BODY_LIMIT + b"\r\n0\r\n\r\n"),
        Request("POST", body=b"a" * BODY_LIMIT),
    ),
    refused("a longer one in a chunk", BODY, chunked(b"186a1\r\n"), 413),
    refused("a longer one in chunks", BODY, chunked(b"1\r\na\r\n" * 3 + b"1869e\r\n"), 413),
    refused("a chunk of the greatest size", BODY, chunked(b"ffffffffffffffff\r\n"), 413),
    refused(
        "a long request line after a request",
        LINE,
        get() + head(b"GET " + LONGEST_TARGET + b"a HTTP/1.1"),
        414,
        Request(),
    ),
]
