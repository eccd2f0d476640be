"""Requests by the thousand, each from a seed: by a grammar that errs now and then, or mutated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.http1.corpus import EVERY

if TYPE_CHECKING:
    import random

TELLING = (
    *(b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\r\n ", b" ", b"\t", b"\0", b"\x0b", b"\x7f", b"\xe9"),
    *(
        b":",
        b",",
        b";",
        b"=",
        b'"',
        b"\\",
        b"%",
        b"#",
        b"?",
        b"@",
        b"[",
        b"]",
        b"0",
        b"f",
        b"+",
        b"-",
    ),
    *(b"Transfer-Encoding: chunked\r\n", b"Content-Length: 3\r\n", b"Host: b\r\n"),
    *(b"Connection: close\r\n", b"Expect: 100-continue\r\n", b"0\r\n\r\n", b"GET / HTTP/1.1\r\n"),
)

# Those that are refused are wrong enough as they are.
BASES = [
    case.sent
    for area, case in EVERY
    if case.status is None and len(case.sent) <= 300 and area != "upgrade"
]


def mutated(chance: random.Random) -> bytes:
    """A case of the corpus, or two, with mistakes."""
    request = bytearray(b"".join(chance.sample(BASES, chance.choice((1, 1, 1, 2)))))
    for _ in range(chance.choice((1, 1, 2, 4))):
        place = chance.randrange(len(request) + 1)
        length = chance.randrange(1, 12)
        match chance.randrange(6):
            case 0:
                request[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                del request[place : place + length]
            case 2:
                request[place:place] = request[place : place + length]
            case 3:
                request[place:place] = request[chance.randrange(len(request) + 1) :][:length]
            case _:
                request[place:place] = chance.choice(TELLING)
    return bytes(request)


def pick(chance: random.Random, usual: bytes, *others: bytes) -> bytes:
    """The usual spelling, mostly."""
    return usual if chance.random() < 0.96 else chance.choice(others)


def body_lines(chance: random.Random) -> tuple[list[bytes], bytes]:
    """Header lines about a body, and the body."""
    body = chance.randbytes(chance.choice((0, 1, 5, 40)))
    match chance.randrange(4):
        case 0:
            return [], b""
        case 1:
            size = pick(chance, b"%d" % len(body), b"+5", b"%d, 5" % len(body), b"005", b"", b"6")
            return [b"Content-Length: " + size], body
        case _:
            coding = pick(chance, b"chunked", b"gzip, chunked", b"chunked,", b"Chunked", b"x")
            return [b"Transfer-Encoding: " + coding], b"".join(chunks(chance, body))


def chunks(chance: random.Random, body: bytes) -> list[bytes]:
    end = pick(chance, b"\r\n", b"\n", b"\r", b" \r\n", b"\r\r\n")
    extension = pick(chance, b"", b";a", b' ; a = "b"', b";", b";a ", b";a=b;c", b" ", b';a="\\"')
    parts = []
    while body:
        size = chance.randrange(1, 20)
        parts.append(b"%x%b%b%b\r\n" % (len(body[:size]), extension, end, body[:size]))
        body = body[size:]
    trailer = pick(chance, b"", b"X: y\r\n", b"X : y\r\n", b" \r\n", b"X: y\n")
    return [*parts, b"0", extension, b"\r\n", trailer, b"\r\n"]


def generated(chance: random.Random) -> bytes:
    """A few requests, one behind the other, and now and then not all of them."""
    requests = b"".join(one_request(chance) for _ in range(chance.choice((1, 1, 1, 2, 3))))
    return requests[: chance.randrange(1, len(requests))] if chance.random() < 0.1 else requests


def one_request(chance: random.Random) -> bytes:
    method = pick(chance, b"POST", b"GET", b"HEAD", b"OPTIONS", b"CONNECT", b"G;T", b"")
    target = pick(
        *(chance, b"/a?b", b"/", b"*", b"http://b", b"http://b:1/c?d", b"b:1", b"/#", b"/\xe9"),
        *(b"HTTPS://[::1]", b"http://", b"http://u@b/", b"/a b", b"//b", b"http://b:x/"),
    )
    version = pick(
        chance, b"HTTP/1.1", b"HTTP/1.0", b"HTTP/1.7", b"HTTP/2.0", b"HTTP/3.0", b"http/1.1"
    )
    lines, body = body_lines(chance)
    for _ in range(chance.randrange(4)):
        lines.append(
            chance.choice(
                (
                    *(b"X: y", b"X:", b"X: \t", b"Y:  z ", b"Connection: keep-alive", b"A-b: \xff"),
                    *(b"Connection: close", b"Connection: upgrade", b"Upgrade: foo", b"X : y"),
                    *(
                        b"Expect: 100-continue",
                        b"Expect: tea",
                        b"Host: b",
                        b" fold",
                        b"X",
                        b"X: \x01",
                    ),
                )
            )
            if chance.random() < 0.4
            else b"Z: " + bytes(chance.choices(b"abc ,;:\t\xe9", k=5)).strip()
        )
    host = pick(chance, b"Host: a", b"Host:", b"Host: a:1", b"Host: a b", b"Host: [::1]", b"H: a")
    lines.insert(chance.randrange(len(lines) + 1), host)
    end = pick(chance, b"\r\n", b"\n", b"\r", b"\r\r\n")
    head = [b"%b %b %b%b" % (method, target, version, b"\r\n"), *(line + end for line in lines)]
    before = pick(chance, b"", b"\r\n", b"\r\n\r\n", b"\n")
    return before + b"".join(head) + b"\r\n" + body
