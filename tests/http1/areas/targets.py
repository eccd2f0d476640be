"""The four forms of a target, and the bytes in it."""

from __future__ import annotations

from tests.http1.cases import Case, Request, get, head, refused, served

ORIGIN = "RFC 9112, 3.2.1"
ABSOLUTE = "RFC 9112, 3.2.2"
AUTHORITY = "RFC 9112, 3.2.3"
ASTERISK = "RFC 9112, 3.2.4"
BYTES = "RFC 9112, 3.2"


def origin(name: str, target: bytes, path: bytes, query: bytes = b"") -> Case:
    return served(name, ORIGIN, get(target=target), Request(path=path, query=query))


def absolute(name: str, target: bytes, host: bytes, path: bytes, query: bytes = b"") -> Case:
    """Its authority stands in for the Host that was sent, which is ``a``."""
    expected = Request(path=path, query=query, headers=((b"host", host),))
    return served(name, ABSOLUTE, get(target=target), expected)


def bad(name: str, section: str, target: bytes) -> Case:
    return refused(name, section, get(target=target), 400)


CASES: list[Case] = [
    origin("a path", b"/a/b.c", b"/a/b.c"),
    origin("a query", b"/a?b=c&d", b"/a", b"b=c&d"),
    origin("an empty query", b"/a?", b"/a"),
    origin("a query with a question mark", b"/?a?b", b"/", b"a?b"),
    origin("two slashes in front", b"//a/b", b"//a/b"),
    origin("dots stay", b"/a/../b/./c", b"/a/../b/./c"),
    origin("escapes stay", b"/%2e%2E/%00%zz", b"/%2e%2E/%00%zz"),
    origin("a URL as a path", b"/http://b/c", b"/http://b/c"),
    origin("a colon and an at sign", b"/a:b@c;d=e,f", b"/a:b@c;d=e,f"),
    origin("what browsers leave as it is", b'/a|b[]"<>^`{}\\', b'/a|b[]"<>^`{}\\'),
    absolute("absolute", b"http://b/c?d", b"b", b"/c", b"d"),
    absolute("absolute with a port", b"http://b:8080/c", b"b:8080", b"/c"),
    absolute("absolute without a path", b"http://b", b"b", b"/"),
    absolute("absolute without a path but a query", b"http://b?c", b"b", b"/", b"c"),
    absolute("absolute in TLS's scheme", b"https://b/", b"b", b"/"),
    absolute("a scheme in upper case", b"HTTP://b/", b"b", b"/"),
    absolute("absolute with an address", b"http://[::1]:80/", b"[::1]:80", b"/"),
    absolute("the same as Host", b"http://a/", b"a", b"/"),
    served(
        "absolute without Host in HTTP/1.0",
        ABSOLUTE,
        b"GET http://b/c HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        Request(path=b"/c", version="1.0"),
    ),
    refused(
        "absolute does not stand in for a missing Host",
        "RFC 9112, 3.2",
        b"GET http://b/ HTTP/1.1\r\n\r\n",
        400,
    ),
    refused(
        "absolute does not mend a wrong Host",
        "RFC 9112, 3.2",
        b"GET http://b/ HTTP/1.1\r\nHost: b c\r\n\r\n",
        400,
    ),
    bad("absolute without an authority", ABSOLUTE, b"http:///c"),
    bad("absolute with nothing", ABSOLUTE, b"http://"),
    bad("absolute with one slash", ABSOLUTE, b"http:/b/c"),
    bad("absolute with a user", "RFC 9110, 4.2.4", b"http://user@b/"),
    bad("absolute with a password", "RFC 9110, 4.2.4", b"http://user:secret@b/"),
    bad("absolute with a port that is none", ABSOLUTE, b"http://b:x/"),
    bad("absolute with a port out of range", ABSOLUTE, b"http://b:65536/"),
    bad("absolute with a backslash", ABSOLUTE, b"http://b\\@c/"),
    bad("a scheme that nobody serves here", ABSOLUTE, b"ftp://b/c"),
    bad("a scheme alone", ABSOLUTE, b"urn:a"),
    bad("a word", BYTES, b"a"),
    bad("dots", BYTES, b"../a"),
    bad("a query alone", BYTES, b"?a"),
    bad("an authority with GET", AUTHORITY, b"a:443"),
    bad("an asterisk with GET", ASTERISK, b"*"),
    refused("an asterisk with more", ASTERISK, head(b"OPTIONS *a HTTP/1.1"), 400),
    refused("CONNECT to a path", AUTHORITY, head(b"CONNECT / HTTP/1.1"), 400),
    refused("CONNECT to a URL", AUTHORITY, head(b"CONNECT http://b/ HTTP/1.1"), 400),
    refused("CONNECT without a port", AUTHORITY, head(b"CONNECT b HTTP/1.1"), 400),
    refused("CONNECT to an empty port", AUTHORITY, head(b"CONNECT b: HTTP/1.1"), 400),
    bad("a fragment", BYTES, b"/a#b"),
    bad("a space", BYTES, b"/a b"),
    bad("a control byte", BYTES, b"/a\x01"),
    bad("delete", BYTES, b"/a\x7f"),
    bad("UTF-8", BYTES, "/é".encode()),
    bad("Latin-1", BYTES, b"/\xe9"),
    bad("a tab", BYTES, b"/a\tb"),
]
