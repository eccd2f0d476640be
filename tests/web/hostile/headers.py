"""Headers: cookies, hosts, lists, and the same name over and over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jebi.web.datastructures import Headers, QueryParams
from jebi.web.middleware.cors import CORSMiddleware
from jebi.web.middleware.gzip import GZipMiddleware
from jebi.web.middleware.sessions import SessionMiddleware
from jebi.web.middleware.trustedhost import TrustedHostMiddleware
from jebi.web.requests import Request
from jebi.web.responses import Response
from tests.web.hostile.forms import fill
from tests.web.hostile.row import Row, drive

if TYPE_CHECKING:
    from collections.abc import Callable

COOKIES = b"session=0123456789abcdef; theme=dark; consent=yes; "


def scope(*headers: tuple[bytes, bytes], method: str = "GET") -> dict[str, Any]:
    return {"type": "http", "method": method, "path": "/", "headers": list(headers)}


def cookies(header: bytes) -> bool:
    """Reads the cookies of a header."""
    return isinstance(Request(scope((b"cookie", header))).cookies, dict)


def query(text: bytes) -> bool:
    """Reads a query string."""
    return isinstance(QueryParams(text), QueryParams)


async def _answer(scope: Any, receive: Any, send: Any) -> None:
    await Response(b"answer")(scope, receive, send)


def through(
    middleware: Any, name: bytes, *more: tuple[bytes, bytes], method: str = "GET"
) -> Callable[[bytes], bool]:
    """Asks through a middleware, with a header; whether the answer is a good one."""

    def ask(value: bytes) -> bool:
        statuses: list[int] = []

        async def send(message: Any) -> None:
            statuses.append(message.get("status", 0))

        drive(middleware(scope(*more, (name, value), method=method), None, send))
        return statuses[0] == 200

    return ask


def one_name(values: list[tuple[bytes, bytes]]) -> bool:
    """Sets a header that stands there many times already."""
    headers = Headers(raw=values).mutablecopy()
    headers["x-name"] = "value"
    return headers["X-Name"] == "value"


PREFLIGHT = ((b"origin", b"https://a.example"), (b"access-control-request-method", b"GET"))

ROWS = [
    Row(
        "cookies of nothing but semicolons",
        cookies,
        lambda size: fill(COOKIES, size),
        lambda size: fill(b"; ", size),
    ),
    Row(
        "one cookie over and over",
        cookies,
        lambda size: fill(COOKIES, size),
        lambda size: fill(b"aaaaaaaaaaaaaa=bbbbbb; ", size),
    ),
    Row(
        "a cookie of escapes in quotes",
        cookies,
        lambda size: fill(COOKIES, size),
        lambda size: b'a="' + fill(rb"\054\"", size - 4) + b'"',
    ),
    Row(
        "a cookie whose quotes are never closed",
        cookies,
        lambda size: fill(COOKIES, size),
        lambda size: b'a="' + fill(b'\\"', size - 3),
    ),
    Row(
        "a session of separators",
        through(SessionMiddleware(_answer, "secret"), b"cookie"),
        lambda size: fill(COOKIES, size),
        lambda size: b"session=" + fill(b".", size - 8),
    ),
    Row(
        "a host that never ends in one",
        through(TrustedHostMiddleware(_answer, ["a.example"]), b"host", (b"host", b"a.example")),
        lambda size: fill(b"a.", size),
        lambda size: fill(b"[:", size - 1) + b"@",
    ),
    Row(
        "codings without end",
        through(GZipMiddleware(_answer), b"accept-encoding"),
        lambda size: fill(b"gzip;q=0.5, deflate, ", size),
        lambda size: fill(b"gzip;q=0.0, ;q==, ", size),
    ),
    Row(
        "headers to allow without end",
        through(
            CORSMiddleware(_answer, allow_origins=["*"], allow_headers=["x-a"]),
            b"access-control-request-headers",
            *PREFLIGHT,
            method="OPTIONS",
        ),
        lambda size: fill(b"x-a, accept, ", size) + b"x-a",
        lambda size: fill(b" ,\t", size - 1) + b"X",
        accepted=False,
    ),
    Row(
        "a header many times",
        one_name,
        lambda size: [(b"x-%d" % number, b"") for number in range(size)],
        lambda size: [(b"x-name", b"")] * size,
        size=1024,
    ),
    Row(
        "a query of signs alone",
        query,
        lambda size: fill(b"id=42&q=a+b&p=%31&", size),
        lambda size: fill(b"%=+&", size),
    ),
]
