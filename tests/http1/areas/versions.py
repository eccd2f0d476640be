"""The version in the request line."""

from __future__ import annotations

from tests.http1.cases import Case, End, Request, get, refused, served

SYNTAX = "RFC 9112, 2.3"
MEANING = "RFC 9110, 2.5"

CASES: list[Case] = [
    served("1.1", SYNTAX, get()),
    served(
        "1.0 ends with its answer",
        MEANING,
        b"GET / HTTP/1.0\r\n\r\n",
        Request(version="1.0"),
        end=End.CLOSES,
    ),
    served("a higher minor version is our highest", MEANING, get(version=b"HTTP/1.2")),
    served("the highest minor version", MEANING, get(version=b"HTTP/1.9")),
    refused("2.0 in a request line", MEANING, get(version=b"HTTP/2.0"), 505),
    refused("0.9", MEANING, get(version=b"HTTP/0.9"), 400),
    refused("3.0", MEANING, get(version=b"HTTP/3.0"), 400),
    refused("9.9", MEANING, get(version=b"HTTP/9.9"), 400),
    refused("two digits in front", SYNTAX, get(version=b"HTTP/11.1"), 400),
    refused("two digits behind", SYNTAX, get(version=b"HTTP/1.10"), 400),
    refused("a leading zero", SYNTAX, get(version=b"HTTP/01.1"), 400),
    refused("no minor version", SYNTAX, get(version=b"HTTP/1"), 400),
    refused("nothing after the dot", SYNTAX, get(version=b"HTTP/1."), 400),
    refused("a comma for the dot", SYNTAX, get(version=b"HTTP/1,1"), 400),
    refused("lower case", SYNTAX, get(version=b"http/1.1"), 400),
    refused("mixed case", SYNTAX, get(version=b"Http/1.1"), 400),
    refused("a space within", SYNTAX, get(version=b"HTTP /1.1"), 400),
    refused("a space after the slash", SYNTAX, get(version=b"HTTP/ 1.1"), 400),
    refused("a sign", SYNTAX, get(version=b"HTTP/+1.1"), 400),
    refused("a hexadecimal digit", SYNTAX, get(version=b"HTTP/1.a"), 400),
    refused("a fullwidth digit", SYNTAX, get(version="HTTP/1.\uff11".encode()), 400),
    refused("another protocol", SYNTAX, get(version=b"HTTPS/1.1"), 400),
    refused("one of another kind", SYNTAX, get(version=b"RTSP/1.0"), 400),
]
