"""The control data of a request, in fields whose names begin with a colon."""

from __future__ import annotations

from tests.http2.case import Case
from tests.http2.fields import Field, ask, block, request, without
from tests.http2.frames import headers
from tests.http2.outcomes import Answered, Outcome, malformed


def asking(
    name: str,
    section: str,
    fields: list[Field],
    expected: tuple[Outcome, ...] = (),
    why: str = "",
) -> Case:
    """A request of these fields without content; malformed unless something else is expected."""
    return Case(name, section, (headers(1, block(fields)),), expected or malformed(), why)


def path(value: bytes, method: bytes = b"GET") -> list[Field]:
    return request(method, value)


def authority(value: bytes, *more: Field) -> list[Field]:
    return request(b"GET", b"/", *more, authority=value)


PATH, AUTHORITY, SCHEME = "9113 §8.3.1, 9110 §4.2", "9113 §8.3.1, 9110 §4.2", "9113 §8.3.1"
ANSWERED = (Answered(),)
HOST = (b"host", b"test")

CASES = [
    *[
        asking(f"no {name.decode()}", "9113 §8.3.1", without(name, request()))
        for name in (b":method", b":scheme", b":path")
    ],
    asking("no fields at all", "9113 §8.3.1", []),
    *[
        asking(f"{name.decode()} twice", "9113 §8.3", [(name, value), *request()])
        for name, value in request()
    ],
    asking("an unknown one", "9113 §8.3", [*request(), (b":unknown", b"x")]),
    asking("one of answers", "9113 §8.3", [*request(), (b":status", b"200")]),
    asking("one without a name", "9113 §8.3", [*request(), (b":", b"x")]),
    asking("after a field", "9113 §8.3", [*request()[:3], (b"x-a", b"1"), *request()[3:]]),
    asking("in any order", "9113 §8.3", request()[::-1], ANSWERED),
    asking(":method that is empty", "9113 §8.3.1, 9110 §9.1", request(b"")),
    asking(":method with a blank", "9113 §8.3.1, 9110 §9.1", request(b"GET /x")),
    asking(":method with a line's end", "9113 §8.3.1, 9110 §9.1", request(b"GET\r\n")),
    asking(":method that nobody knows", "9110 §9.1", request(b"BREW"), ANSWERED),
    asking(":path that is empty", PATH, path(b"")),
    asking(":path without a slash", PATH, path(b"x")),
    asking(":path with a blank", PATH, path(b"/a b")),
    asking(":path with a line's end", PATH, path(b"/\r\nx: y")),
    asking(":path with a NUL", PATH, path(b"/\0")),
    asking(":path with a fragment", PATH, path(b"/a#b")),
    asking(
        ":path with octets above ASCII",
        PATH,
        path("/é".encode()),
        (*malformed(), *ANSWERED),
        "no URI has them; HTTP/1.1 servers take them, for clients send them",
    ),
    asking(":path of absolute form", PATH, path(b"http://test/")),
    asking(":path with a query", PATH, path(b"/?a=b&c"), ANSWERED),
    asking(":path with two slashes", PATH, path(b"//other/"), ANSWERED),
    asking(":path * of OPTIONS", PATH, path(b"*", b"OPTIONS"), ANSWERED),
    asking(":path * of GET", PATH, path(b"*")),
    asking(":scheme that is empty", SCHEME, request(scheme=b"")),
    asking(":scheme with a blank", SCHEME, request(scheme=b"ht tp")),
    asking(":scheme with a colon", SCHEME, request(scheme=b"http://test/?")),
    asking(":authority that is empty", AUTHORITY, authority(b"")),
    asking(":authority with a user", AUTHORITY, authority(b"user@test")),
    asking(":authority with a blank", AUTHORITY, authority(b"te st")),
    asking(":authority with a path", AUTHORITY, authority(b"test/x")),
    asking(":authority with a line's end", AUTHORITY, authority(b"test\r\nx: y")),
    asking(":authority with a port that is none", AUTHORITY, authority(b"test:8o")),
    asking(":authority with a port", AUTHORITY, authority(b"test:8080"), ANSWERED),
    asking(":authority of IPv6", AUTHORITY, authority(b"[::1]:80"), ANSWERED),
    asking("host beside an equal :authority", "9113 §8.3.1", authority(b"test", HOST), ANSWERED),
    asking(
        "host beside another :authority",
        "9113 §8.3.1",
        authority(b"other", HOST),
        why="a SHOULD of the RFC; what asks two hosts is how requests are smuggled",
    ),
    asking(
        "host instead of :authority",
        "9113 §8.3.1",
        [*without(b":authority", request()), HOST],
        ANSWERED,
    ),
    asking("host twice", "9110 §7.2, 9112 §3.2", [*without(b":authority", request()), HOST, HOST]),
    asking(
        "host that is none", "9110 §7.2", [*without(b":authority", request()), (b"host", b"a/b")]
    ),
    asking(
        "neither host nor :authority",
        "9113 §8.3.1, 9110 §4.2.1",
        without(b":authority", request()),
        (*malformed(), *ANSWERED),
        "an http URI has a host (9110 §4.2.1); that a request must tell it, §8.3.1 leaves out",
    ),
    Case(
        "a block without a trace of a table, and one without Huffman's code",
        "7541 §6.2",
        (headers(1, block(request(), huffman=False)) + headers(3, ask()),),
        (Answered(stream=3),),
    ),
]
