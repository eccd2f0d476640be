"""The request line: its parts, its blanks and its end."""

from __future__ import annotations

from tests.http1.cases import Case, Request, get, head, refused, served, waits

LINE = "RFC 9112, 3"
EMPTY = "RFC 9112, 2.2"

CASES: list[Case] = [
    served("plain", LINE, get()),
    refused("no method", LINE, b" / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    refused("two spaces after the method", LINE, head(b"GET  / HTTP/1.1"), 400),
    refused("two spaces before the version", LINE, head(b"GET /  HTTP/1.1"), 400),
    refused("tab after the method", LINE, head(b"GET\t/ HTTP/1.1"), 400),
    refused("tab before the version", LINE, head(b"GET /\tHTTP/1.1"), 400),
    refused("vertical tab as a blank", LINE, head(b"GET\x0b/ HTTP/1.1"), 400),
    refused("form feed as a blank", LINE, head(b"GET /\x0cHTTP/1.1"), 400),
    refused("no-break space as a blank", LINE, head(b"GET\xa0/ HTTP/1.1"), 400),
    refused("space before the method", LINE, head(b" GET / HTTP/1.1"), 400),
    refused("space after the version", LINE, head(b"GET / HTTP/1.1 "), 400),
    refused("tab after the version", LINE, head(b"GET / HTTP/1.1\t"), 400),
    refused("a fourth word", LINE, head(b"GET / HTTP/1.1 x"), 400),
    refused("no target", LINE, head(b"GET HTTP/1.1"), 400),
    refused("an empty target", LINE, head(b"GET  HTTP/1.1"), 400),
    refused("only a method", LINE, b"GET\r\nHost: a\r\n\r\n", 400),
    refused("no version, as HTTP/0.9 had none", LINE, b"GET /\r\n", 400),
    refused("no version, with a space", LINE, b"GET / \r\n", 400),
    refused("line feed alone at the end", EMPTY, b"GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
    refused("carriage return alone at the end", EMPTY, b"GET / HTTP/1.1\rHost: a\r\n\r\n", 400),
    refused("two carriage returns", EMPTY, b"GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", 400),
    refused("carriage return within the target", EMPTY, head(b"GET /\ra HTTP/1.1"), 400),
    refused("NUL within the method", LINE, head(b"GE\0T / HTTP/1.1"), 400),
    refused("NUL within the target", LINE, head(b"GET /\0 HTTP/1.1"), 400),
    refused("NUL within the version", LINE, head(b"GET / HTTP/1\0.1"), 400),
    refused("NUL before everything", LINE, b"\0" + get(), 400),
    refused("a byte order mark before everything", LINE, b"\xef\xbb\xbf" + get(), 400),
    served("one empty line before", EMPTY, b"\r\n" + get()),
    refused("two empty lines before", EMPTY, b"\r\n\r\n" + get(), 400),
    refused("a bare line feed before", EMPTY, b"\n" + get(), 400),
    refused("a bare carriage return before", EMPTY, b"\r" + get(), 400),
    refused("a header before the request line", LINE, b"Host: a\r\n" + get(), 400),
    refused("a status line", LINE, b"HTTP/1.1 200 OK\r\n\r\n", 400),
    refused("TLS in place of HTTP", LINE, b"\x16\x03\x01\x02\x00\x01\x00", 400),
    refused("the SOCKS of a proxy", LINE, b"\x05\x01\x00", 400),
    refused("words", LINE, b"hello there\r\n", 400),
    waits("a part of the line", LINE, b"GET / HT"),
    waits("a line without its end", LINE, b"GET / HTTP/1.1\r"),
    waits("nothing but an empty line", EMPTY, b"\r\n"),
    served(
        "one empty line between two requests",
        EMPTY,
        get() + b"\r\n" + get(target=b"/2"),
        Request(),
        Request(path=b"/2"),
    ),
]
