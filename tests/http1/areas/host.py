"""Host: one, and a host."""

from __future__ import annotations

from tests.http1.cases import Case, End, Request, refused, served

COUNT = "RFC 9112, 3.2"
VALUE = "RFC 9110, 7.2"


def host(name: str, value: bytes) -> Case:
    sent = b"GET / HTTP/1.1\r\nHost: " + value + b"\r\n\r\n"
    return served(name, VALUE, sent, Request(headers=((b"host", value.strip(b" \t")),)))


def bad(name: str, value: bytes) -> Case:
    return refused(name, VALUE, b"GET / HTTP/1.1\r\nHost: " + value + b"\r\n\r\n", 400)


CASES: list[Case] = [
    host("a name", b"example.com"),
    host("a name and a port", b"example.com:8000"),
    host("an empty port", b"example.com:"),
    host("an address", b"127.0.0.1:80"),
    host("an address of IPv6", b"[2001:db8::1]"),
    host("one with a port", b"[::1]:8000"),
    host("an address to come", b"[v1.a:b]"),
    host("an escaped byte", b"%65xample"),
    host("marks of names", b"a_b-c.d~e!$&'()*+,;="),
    host("empty, as clients without an authority send", b""),
    host("blanks around it", b" \t example.com \t"),
    refused("none", COUNT, b"GET / HTTP/1.1\r\n\r\n", 400),
    refused("none, with others", COUNT, b"GET / HTTP/1.1\r\nX-Host: a\r\n\r\n", 400),
    refused("two", COUNT, b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    refused("twice the same", COUNT, b"GET / HTTP/1.1\r\nHost: a\r\nhOST: a\r\n\r\n", 400),
    refused("two in HTTP/1.0", COUNT, b"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400),
    served(
        "none in HTTP/1.0",
        COUNT,
        b"GET / HTTP/1.0\r\n\r\n",
        Request(version="1.0", headers=()),
        end=End.CLOSES,
    ),
    bad("a list", b"a, b"),
    bad("a path", b"a/b"),
    bad("a query", b"a?b"),
    bad("a fragment", b"a#b"),
    bad("a user", b"user@a"),
    bad("a URL", b"http://a"),
    bad("a space within", b"a b"),
    bad("a backslash", b"a\\b"),
    bad("two ports", b"a:80:80"),
    bad("a port with a sign", b"a:+80"),
    bad("a port out of range", b"a:70000"),
    bad("a port alone", b":80"),
    bad("brackets left open", b"[::1"),
    bad("an address of IPv6 without brackets", b"::1"),
    bad("something behind the brackets", b"[::1]a"),
    bad("no address in brackets", b"[g]"),
    bad("half an escape", b"a%4"),
    bad("UTF-8", "é".encode()),
    bad("angle brackets", b"<a>"),
]
