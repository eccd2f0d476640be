"""Methods: any token, as it is spelled; CONNECT is for proxies."""

from __future__ import annotations

from tests.http1.cases import Case, End, Request, head, refused, served

SYNTAX = "RFC 9110, 9.1"
TOKEN = "RFC 9110, 5.6.2"


def plain(method: str, *, end: End = End.STAYS) -> Case:
    """A method without a meaning of its own for the framing."""
    line = f"{method} / HTTP/1.1".encode()
    return served(f"{method}", SYNTAX, head(line), Request(method), end=end)


def bad(name: str, method: bytes) -> Case:
    return refused(name, TOKEN, head(method + b" / HTTP/1.1"), 400)


CASES: list[Case] = [
    *map(plain, ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "QUERY")),
    *map(plain, ("PROPFIND", "M-SEARCH", "get", "Get", "X")),
    plain("!#$%&'*+-.^_`|~09"),
    served("a long method", SYNTAX, head(b"A" * 200 + b" / HTTP/1.1"), Request("A" * 200)),
    served(
        "OPTIONS of everything",
        "RFC 9110, 9.3.7",
        head(b"OPTIONS * HTTP/1.1"),
        Request("OPTIONS", b"*"),
    ),
    refused("CONNECT", "RFC 9110, 9.3.6", head(b"CONNECT a:443 HTTP/1.1"), 400),
    bad("a colon", b"GET:"),
    bad("parentheses", b"G(E)T"),
    bad("a comma", b"GET,POST"),
    bad("a slash", b"G/T"),
    bad("a quote", b'"GET"'),
    bad("brackets", b"[GET]"),
    bad("braces", b"{GET}"),
    bad("an at sign", b"GET@"),
    bad("a backslash", b"G\\T"),
    bad("an equals sign", b"G=T"),
    bad("a control byte", b"G\x01T"),
    bad("delete", b"G\x7fT"),
    bad("a letter beyond ASCII", "GÉT".encode()),
]
