"""Whether the connection lives on, and pipelining."""

from __future__ import annotations

from tests.http1.cases import Case, End, Request, get, head, post, refused, served

SECTION = "RFC 9112, 9.3"
PIPELINE = "RFC 9112, 9.3.2"


def old(name: str, *lines: bytes, end: End) -> Case:
    sent = b"".join(line + b"\r\n" for line in (b"GET / HTTP/1.0", *lines, b""))
    return served(name, SECTION, sent, Request(version="1.0"), end=end)


CASES: list[Case] = [
    served("stays by itself", SECTION, get()),
    served("stays if asked to", SECTION, get(b"Connection: keep-alive")),
    served("close", SECTION, get(b"Connection: close"), end=End.CLOSES),
    served("close in any case", SECTION, get(b"Connection: CLOSE"), end=End.CLOSES),
    served("close in a list", SECTION, get(b"Connection: a, close, b"), end=End.CLOSES),
    served(
        "close in a second line",
        SECTION,
        get(b"Connection: a", b"Connection: close"),
        end=End.CLOSES,
    ),
    served(
        "close beside keep-alive", SECTION, get(b"Connection: keep-alive, close"), end=End.CLOSES
    ),
    served("a word that only contains it", SECTION, get(b"Connection: closed, not-close")),
    served("an empty element", SECTION, get(b"Connection: ,")),
    served("Proxy-Connection means nothing", SECTION, get(b"Proxy-Connection: close")),
    old("1.0 closes by itself", end=End.CLOSES),
    old("1.0 stays if asked to", b"Connection: keep-alive", end=End.STAYS),
    old("1.0 stays if asked to in any case", b"Connection: Keep-Alive", end=End.STAYS),
    old("1.0 closes if asked both", b"Connection: keep-alive, close", end=End.CLOSES),
    old("1.0 closes at another word", b"Connection: keep-alives", end=End.CLOSES),
    served(
        "four at once",
        PIPELINE,
        get(target=b"/1")
        + post(b"Content-Length: 1", body=b"2")
        + head(b"HEAD /3 HTTP/1.1")
        + get(target=b"/4"),
        *(Request(path=b"/1"), Request("POST", body=b"2"), Request("HEAD", b"/3")),
        Request(path=b"/4"),
    ),
    served(
        "what follows a close is not served",
        PIPELINE,
        get(b"Connection: close") + get(target=b"/2"),
        end=End.CLOSES,
    ),
    served(
        "what follows 1.0 is not served",
        PIPELINE,
        b"GET / HTTP/1.0\r\n\r\n" + get(target=b"/2"),
        Request(version="1.0"),
        end=End.CLOSES,
    ),
    refused("a mistake in the second", PIPELINE, get() + b"nonsense\r\n", 400, Request()),
    refused(
        "a mistake after a body",
        PIPELINE,
        post(b"Content-Length: 3", body=b"abc:") + get(),
        400,
        Request("POST", body=b"abc"),
    ),
    refused(
        "a second body behind a length of nothing",
        PIPELINE,
        post(b"Content-Length: 0", body=b"5\r\nabcde\r\n0\r\n\r\n"),
        400,
        Request("POST"),
    ),
]
