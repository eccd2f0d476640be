"""What a new response's headers are, whatever they were given as."""

from __future__ import annotations

from collections import UserDict
from types import MappingProxyType
from typing import Any

import pytest

from jebi.web.datastructures import Headers
from jebi.web.responses import JSONResponse, PlainTextResponse, Response


class Own(dict[str, str]):
    """A dictionary that shows other items than it holds."""

    def items(self) -> Any:
        return [("X-Own", "1")]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"X-A": "1", "x-b": "é"}, [(b"x-a", b"1"), (b"x-b", b"\xe9")]),
        (UserDict({"X-A": "1"}), [(b"x-a", b"1")]),
        (MappingProxyType({"X-A": "1"}), [(b"x-a", b"1")]),
        (Headers(raw=[(b"a", b"1"), (b"a", b"2")]), [(b"a", b"1"), (b"a", b"2")]),
        (Own(hidden="1"), [(b"x-own", b"1")]),
        ({}, []),
        (None, []),
    ],
    ids=lambda given: type(given).__name__,
)
def test_headers_are_those_of_any_mapping(given: Any, expected: list[Any]) -> None:
    assert Response(b"ab", headers=given).raw_headers == [*expected, (b"content-length", b"2")]


def test_what_is_given_is_not_added() -> None:
    given = {"Content-Length": "9", "CONTENT-TYPE": "x/y"}
    assert PlainTextResponse("ab", headers=given).raw_headers == [
        (b"content-length", b"9"),
        (b"content-type", b"x/y"),
    ]


@pytest.mark.parametrize(
    ("media_type", "charset", "expected"),
    [
        ("text/plain", "utf-8", b"text/plain; charset=utf-8"),
        ("text/plain", "latin-1", b"text/plain; charset=latin-1"),
        ("text/x; CharSet=utf-16", "utf-8", b"text/x; CharSet=utf-16"),
        ("text/caf\xe9", "utf-8", b"text/caf\xe9; charset=utf-8"),
        ("Text/plain", "utf-8", b"Text/plain"),
        ("image/png", "utf-8", b"image/png"),
        ("text/", "", b"text/; charset="),
        ("", "utf-8", b""),
    ],
)
def test_the_type_of_text_names_its_charset(media_type: str, charset: str, expected: bytes) -> None:
    class Own(Response):
        pass

    Own.charset = charset
    response = Own(b"", media_type=media_type)
    assert response.raw_headers == [(b"content-length", b"0"), (b"content-type", expected)]


@pytest.mark.parametrize("status", [100, 199, 204, 304])
def test_no_length_where_there_is_no_body(status: int) -> None:
    assert Response(status_code=status).raw_headers == []


def test_lengths_are_counted_in_bytes() -> None:
    for content in ("é" * 5, memoryview(bytes(10)), memoryview(bytes(40)).cast("I")[:1]):
        response = Response(content)
        assert response.headers["content-length"] == str(len(response.body))
    assert JSONResponse({"a": "é"}).headers["content-length"] == "10"


@pytest.mark.parametrize("headers", [{"x": "€"}, {"€": "x"}, {"x": 1}, [("x", "y")], {1: "x"}])
def test_what_cannot_be_a_header(headers: Any) -> None:
    with pytest.raises((UnicodeEncodeError, TypeError, AttributeError)):
        Response(b"", headers=headers)


def test_subclasses_have_their_way() -> None:
    class Own(Response):
        media_type = "text/own"

        def render(self, content: Any) -> bytes:
            return super().render(f"<{content}>")  # type: ignore[return-value]  # text becomes bytes

        def init_headers(self, headers: Any = None) -> None:
            super().init_headers(headers)
            self.raw_headers.append((b"x-own", str(self.status_code).encode()))

    response = Own("a", 201, {"x": "y"})
    assert response.body == b"<a>"
    assert response.raw_headers == [
        (b"x", b"y"),
        (b"content-length", b"3"),
        (b"content-type", b"text/own; charset=utf-8"),
        (b"x-own", b"201"),
    ]
