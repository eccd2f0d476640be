"""What the engine finds in headers, beside what every list of pairs of bytes would show."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import pytest

from jebi._engine import find_header, find_headers
from jebi.web.datastructures import Headers, MutableHeaders, QueryParams
from jebi.web.requests import Request


def raw(*names: str) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), b"%d" % number) for number, name in enumerate(names)]


@pytest.mark.parametrize("kind", [list, tuple, iter])
def test_any_iterable_of_pairs(kind: Any) -> None:
    assert find_header(kind(raw("a", "b", "a")), "A") == "0"
    assert find_headers(kind(raw("a", "b", "a")), "A") == ["0", "2"]
    assert find_header(kind([[b"a", b"pair"]]), "a") == "pair"
    assert find_header(kind([(bytearray(b"a"), memoryview(b"x").tobytes())]), "a") == "x"
    assert find_header(kind([]), "a") is None


def test_names_beyond_ascii() -> None:
    headers = MutableHeaders()
    headers["X-Ünited"] = "Größe"
    assert headers.raw == [("x-ünited".encode("latin-1"), "Größe".encode("latin-1"))]
    assert headers["x-üNITED"] == "Größe"
    for key in ("x-€", "x-\ud800"):
        with pytest.raises(UnicodeEncodeError):
            headers[key]
        with pytest.raises(UnicodeEncodeError):
            headers["x-plain"] = key
    assert "x-plain" not in headers


def test_what_is_no_pair() -> None:
    with pytest.raises((TypeError, IndexError)):
        Headers(raw=[(b"a",)])["a"]  # type: ignore[list-item]  # wrong on purpose
    with pytest.raises(TypeError):
        Headers(raw=[5])["a"]  # type: ignore[list-item]  # wrong on purpose
    with pytest.raises(TypeError):
        MutableHeaders()["a"] = 5  # type: ignore[assignment]  # wrong on purpose


def test_setting_takes_the_first_place_and_removes_the_rest() -> None:
    headers = MutableHeaders(raw=raw("a", "b", "a", "c", "a", "b"))
    shared = headers.raw
    headers["A"] = "new"
    assert headers.items() == [("a", "new"), ("b", "1"), ("c", "3"), ("b", "5")]
    del headers["B"]
    assert headers.items() == [("a", "new"), ("c", "3")]
    del headers["c"], headers["nothing"]
    assert headers.raw is shared == [(b"a", b"new")]


def test_they_are_shared_with_the_message() -> None:
    message: dict[str, Any] = {"headers": raw("a")}
    headers = MutableHeaders(scope=message)
    headers.append("b", "1")
    assert message["headers"] is headers.raw
    assert Headers(scope=message).raw == message["headers"]


def test_they_can_be_copied_and_subclassed() -> None:
    class Own(MutableHeaders):
        def __init__(self, more: str) -> None:
            super().__init__({"X-More": more})
            self.more = more

    own = Own("1")
    for twin in (copy.deepcopy(own), copy.copy(own)):
        assert (twin, twin.more, type(twin)) == (own, "1", Own)
    assert pickle.loads(pickle.dumps(Headers(raw=raw("a")))) == Headers(raw=raw("a"))
    assert isinstance(own, Mapping)
    match own:
        case {"x-more": value}:
            assert value == "1"
        case _:
            pytest.fail("it is a mapping")


def test_cookies_of_several_headers() -> None:
    headers = [(b"cookie", b"a=1; b=2"), (b"cookie", b'b="3\\054"; =c; d'), (b"x", b"a=4")]
    request = Request({"type": "http", "headers": headers})
    assert request.cookies == {"a": "1", "b": "3,", "": "d"}


@pytest.mark.parametrize(
    "query",
    [b"", b"a", b"a=1&a=2&&b=", b"a+b=%C3%A9+%zz%", b"\xc3\xa9=%ff", b"=&==&a;b=1", b"%00=\x00"],
)
def test_queries_are_what_the_standard_library_makes_of_them(query: bytes) -> None:
    expected = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    assert QueryParams(query).multi_items() == expected
    assert QueryParams(query.decode("latin-1")).multi_items() == expected
