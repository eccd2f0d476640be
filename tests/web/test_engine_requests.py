"""What middleware asks the engine of a scope, and what a new response begins with."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from jebi._engine import initial_headers, is_for_host, request_cookie, request_header

LENGTH = (b"content-length", b"3")


def scope(*headers: tuple[bytes, bytes], kind: Any = list) -> Any:
    return {"type": "http", "headers": kind(headers)}


@pytest.mark.parametrize("kind", [list, tuple, iter])
def test_headers_of_any_kind(kind: Any) -> None:
    request = scope((b"a", b"1"), (b"b", b"2"), (b"a", b"3"), kind=kind)
    assert request_header(request, "A") == "1"
    # An iterator would be at its end now.
    assert request_header(request, "b") == "2"
    assert request_header(request, "c") is None
    assert type(request["headers"]) is list


def test_a_list_is_left_where_it_is() -> None:
    request = scope((b"a", b"1"))
    headers = request["headers"]
    request_header(request, "a")
    assert request["headers"] is headers
    assert request_header(MappingProxyType(request), "a") == "1"  # type: ignore[arg-type]  # read only
    with pytest.raises(KeyError, match="headers"):
        request_header({}, "a")


def test_the_last_cookie_counts() -> None:
    request = scope((b"cookie", b"a=1; b=2; a=3"), (b"cookie", b"c=4"))
    assert request_cookie(request, "a") == "3"
    assert request_cookie(request, "c") == "4"
    assert request_cookie(request, "d") is None
    request = scope((b"cookie", b"a=1"), (b"cookie", b'a="2"'))
    assert request_cookie(request, "a") == "2"


@pytest.mark.parametrize(
    ("host", "listed"),
    [
        (b"example.com", True),
        (b"EXAMPLE.com:8000", True),
        (b"example.com:", False),
        (b"example.com:80a", False),
        ("example.com:٣".encode("latin-1", "replace"), False),
        (b"example.com:80:80", False),
        (b"example.co", False),
        (b"x.example.com", False),
        (b"example.com/", False),
        (b":80", False),
        (b"", False),
        (b"\xe9xample.com", False),
    ],
)
def test_hosts_to_the_letter(host: bytes, listed: bool) -> None:
    assert is_for_host(scope((b"host", host)), ["other", "example.com"]) is listed
    assert not is_for_host(scope((b"host", host)), [])


def test_no_host() -> None:
    assert not is_for_host(scope(), ["example.com", ""])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((None, b"abc", 200, "text/x"), [LENGTH, (b"content-type", b"text/x; charset=utf-8")]),
        ((None, b"", 200, None), [(b"content-length", b"0")]),
        ((None, memoryview(b"abc"), 500, "a/b"), [LENGTH, (b"content-type", b"a/b")]),
        ((None, None, 200, None), []),
        ((None, b"", 204, None), []),
        ((None, b"", 304, None), []),
        ((None, b"", 103, None), []),
        (({}, None, 200, "text/x; Charset=z"), [(b"content-type", b"text/x; Charset=z")]),
        (
            ({"Content-Length": "9", "X-Ä": "ö", "CONTENT-TYPE": "a"}, b"abc", 200, "text/x"),
            [(b"content-length", b"9"), (b"x-\xe4", b"\xf6"), (b"content-type", b"a")],
        ),
    ],
)  # fmt: skip
def test_what_a_response_begins_with(arguments: Any, expected: Any) -> None:
    headers, body, status, media_type = arguments
    assert initial_headers(headers, body, status, media_type, "utf-8") == expected


def test_headers_that_are_none() -> None:
    with pytest.raises(UnicodeEncodeError):
        initial_headers({"a": "€"}, None, 200, None, "utf-8")
    with pytest.raises(TypeError):
        initial_headers({"a": 5}, None, 200, None, "utf-8")  # type: ignore[dict-item]  # wrong on purpose
