"""Which content coding a client gets, and that it can read it."""

from __future__ import annotations

import gzip
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from jebi.web.middleware import _codings
from jebi.web.middleware._codings import choose_coding
from jebi.web.middleware.gzip import GZipMiddleware
from jebi.web.responses import PlainTextResponse, StreamingResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ALL = ("zstd", "br", "gzip")
READ: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "br": import_module("brotli").decompress,
    "zstd": zstd.decompress,
}
TEXT = "The swallow flies low. " * 200


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"),
        ("gzip, br, zstd", "zstd"),
        ("GZIP;q=1.0, br;q=0.9", "gzip"),
        ("gzip; q=0.2, br;q = 0.300", "br"),
        ("zstd;q=0, br;q=0.000, gzip;q=0.001", "gzip"),
        ("gzip;q=0, gzip", None),
        ("identity, deflate", None),
        ("*", None),
        ("", None),
        (", ,;q=1", None),
        ("gzip;q=0.5;level=9, br;q=nonsense", "br"),
        ("xgzip, gzipx", None),
        ("deflate, " * 200 + "gzip", "gzip"),
    ],
)
def test_what_the_client_likes_best(accepted: str, coding: str | None) -> None:
    assert choose_coding(accepted, ALL) == coding


def test_codings_are_gzip_unless_others_are_asked_for() -> None:
    assert GZipMiddleware(None).codings == ("gzip",)  # type: ignore[arg-type]  # never called


def test_a_coding_that_cannot_be() -> None:
    with pytest.raises(ValueError, match=r"unknown content coding 'snappy'; .*gzip, br, zstd"):
        GZipMiddleware(None, codings=["snappy"])  # type: ignore[arg-type]  # wrong on purpose


def test_a_coding_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = (_codings.Brotli, lambda: "no_such_package")
    monkeypatch.setitem(_codings.CODINGS, "br", missing)
    with pytest.raises(ValueError, match="'br' needs the package no_such_package: install it"):
        GZipMiddleware(None, codings=["br"])  # type: ignore[arg-type]  # wrong on purpose


async def whole(scope: Any, receive: Any, send: Any) -> None:
    await PlainTextResponse(TEXT)(scope, receive, send)


async def streaming(scope: Any, receive: Any, send: Any) -> None:
    async def pieces() -> AsyncIterator[str]:
        for start in range(0, len(TEXT), 1000):
            yield TEXT[start : start + 1000]

    await StreamingResponse(pieces(), media_type="text/plain")(scope, receive, send)


@pytest.mark.parametrize("coding", ALL)
@pytest.mark.parametrize("app", [whole, streaming])
def test_every_coding_can_be_read(app: Any, coding: str) -> None:
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    scope = {
        "type": "http",
        "asgi": {"spec_version": "2.4"},
        "headers": [(b"accept-encoding", coding.encode())],
    }
    answering = GZipMiddleware(app, codings=ALL)(scope, None, send)  # type: ignore[arg-type]  # never received from
    with pytest.raises(StopIteration):
        answering.send(None)
    start, *bodies = messages
    headers = dict(start["headers"])
    assert headers[b"content-encoding"] == coding.encode()
    assert headers[b"vary"] == b"Accept-Encoding"
    body = b"".join(message["body"] for message in bodies)
    assert len(body) < len(TEXT) / 10
    assert READ[coding](body).decode() == TEXT
    if app is whole:
        assert headers[b"content-length"] == b"%d" % len(body)
    else:
        assert b"content-length" not in headers
        # Each piece can be read as it arrives.
        assert all(message["body"] for message in bodies)
