"""Expect: one expectation is known, and it is honoured where there is a body."""

from __future__ import annotations

from tests.http1.cases import Case, End, Request, get, post, refused, served

SECTION = "RFC 9110, 10.1.1"
BODY = Request("POST", body=b"abc")

CASES: list[Case] = [
    served(
        "with the body at once",
        SECTION,
        post(b"Content-Length: 3", b"Expect: 100-continue", body=b"abc"),
        BODY,
    ),
    served(
        "in any case",
        SECTION,
        post(b"Content-Length: 3", b"EXPECT: 100-Continue", body=b"abc"),
        BODY,
    ),
    served("without a body", SECTION, get(b"Expect: 100-continue")),
    served(
        "in HTTP/1.0 it means nothing",
        SECTION,
        b"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        Request("POST", body=b"abc", version="1.0"),
        end=End.CLOSES,
    ),
    refused("another", SECTION, get(b"Expect: 200-ok"), 417),
    refused("another beside it", SECTION, get(b"Expect: 100-continue, tea"), 417),
    refused("another in a second line", SECTION, get(b"Expect: 100-continue", b"Expect: a"), 417),
    refused("with a value", SECTION, get(b"Expect: 100-continue=1"), 417),
    refused("with a parameter", SECTION, get(b"Expect: 100-continue;a=b"), 417),
    refused("nearly", SECTION, get(b"Expect: 100 continue"), 417),
]
