"""URLs, headers, multidicts and the rest."""

from __future__ import annotations

import io
from typing import Any

import anyio
import pytest

from jebi.web.datastructures import (
    URL,
    CommaSeparatedStrings,
    FormData,
    Headers,
    ImmutableMultiDict,
    MultiDict,
    MutableHeaders,
    QueryParams,
    Secret,
    State,
    UploadFile,
    URLPath,
)


def scope(path: str = "/", host: bytes | None = None, **more: Any) -> dict[str, Any]:
    headers = [] if host is None else [(b"host", host)]
    return {"scheme": "http", "path": path, "query_string": b"", "headers": headers, **more}


def test_a_url_is_taken_apart_and_changed() -> None:
    url = URL("https://ann:pw@[::1]:8000/a?b=1#c")
    assert (url.scheme, url.hostname, url.port, url.path) == ("https", "::1", 8000, "/a")
    assert url.is_secure
    assert str(url.replace(port=None)) == "https://ann:pw@[::1]/a?b=1#c"
    assert str(url.replace(hostname="fe80::2")) == "https://ann:pw@[fe80::2]:8000/a?b=1#c"
    assert str(url.include_query_params(b=2, d="x")) == "https://ann:pw@[::1]:8000/a?b=2&d=x#c"
    assert str(url.remove_query_params("b")) == "https://ann:pw@[::1]:8000/a#c"
    assert "pw" not in repr(url)


@pytest.mark.parametrize(
    "host", [b"evil/path", b"evil?x", b"evil#x", b"a@evil", b"a b", b"[::1", b"x:99999", b""]
)
def test_a_host_that_is_no_authority_does_not_move_the_url(host: bytes) -> None:
    url = URL(scope=scope("/admin", host, server=("real", 80)))
    assert str(url) == "http://real/admin"


def test_a_path_stays_a_path() -> None:
    assert str(URL(scope=scope("/a?b#c\\d", b"h"))) == "http://h/a%3Fb%23c%5Cd"
    assert URL(scope=scope("//evil/x")).netloc == ""
    assert URL(scope=scope("evil", b"h")).netloc == "h"
    assert URLPath("//evil/x") == "/%2Fevil/x"


def test_a_query_of_other_than_utf8_is_no_error() -> None:
    assert URL(scope=scope("/", b"h", query_string=b"\xff")).path == "/"


def test_url_path_keeps_the_security_of_its_base() -> None:
    path = URLPath("/ws", protocol="websocket")
    assert str(path.make_absolute_url("https://h/root/")) == "wss://h/root/ws"
    assert str(URLPath("/a", host="other").make_absolute_url("http://h/")) == "http://other/a"


def test_headers_repeat_and_ignore_case() -> None:
    headers = Headers(raw=[(b"a", b"1"), (b"a", b"2"), (b"b", b"3")])
    assert headers["A"] == "1"
    assert headers.getlist("A") == ["1", "2"]
    assert headers.items() == [("a", "1"), ("a", "2"), ("b", "3")]
    assert "B" in headers
    assert "c" not in headers


def test_mutable_headers_keep_their_order() -> None:
    headers = MutableHeaders(raw=[(b"a", b"1"), (b"b", b"2"), (b"a", b"3")])
    headers["A"] = "4"
    assert headers.raw == [(b"a", b"4"), (b"b", b"2")]
    assert headers.setdefault("c", "5") == "5"
    headers.add_vary_header("Origin")
    headers.add_vary_header("Cookie")
    assert headers["vary"] == "Origin, Cookie"
    del headers["a"]
    assert (headers | {"b": "6"}).raw[0] == (b"b", b"6")
    with pytest.raises(TypeError):
        headers |= 1  # type: ignore[arg-type]  # wrong on purpose


def test_a_multidict_reads_as_the_last_value() -> None:
    pairs = ImmutableMultiDict([("a", 1), ("a", 2), ("b", 3)])
    assert pairs["a"] == 2
    assert pairs.getlist("a") == [1, 2]
    assert pairs == ImmutableMultiDict([("b", 3), ("a", 1), ("a", 2)])
    assert pairs != ImmutableMultiDict([("a", 2), ("a", 1), ("b", 3)])


def test_a_multidict_changes() -> None:
    pairs = MultiDict([("a", 1), ("a", 2), ("b", 3)])
    assert pairs.poplist("a") == [1, 2]
    pairs.append("b", 4)
    pairs.setlist("c", [5, 6])
    pairs.update(b=7)
    assert pairs.multi_items() == [("c", 5), ("c", 6), ("b", 7)]
    assert pairs.popitem() == ("c", 6)
    assert dict(pairs) == {"b": 7}


def test_query_params() -> None:
    params = QueryParams("a=1&a=2&b=&c=%20")
    assert params.getlist("a") == ["1", "2"]
    assert params["b"] == ""
    assert str(params) == "a=1&a=2&b=&c=+"
    assert QueryParams(b"a=1") == QueryParams({"a": 1})


def test_settings() -> None:
    assert repr(Secret("x")) == "Secret('**********')"
    assert str(Secret("x")) == "x"
    assert list(CommaSeparatedStrings('a, "b, c"')) == ["a", "b, c"]


def test_state_is_read_by_attribute_and_by_key() -> None:
    kept = {"a": 1}
    state = State(kept)
    state.b = 2
    assert state["a"] == 1
    assert kept == {"a": 1, "b": 2}
    del state.a
    with pytest.raises(AttributeError):
        _ = state.a


async def upload_and_close() -> None:
    file = UploadFile(io.BytesIO(), size=0, filename="f")
    form = FormData([("file", file), ("text", "x")])
    await file.write(b"data")
    await file.seek(0)
    assert await file.read() == b"data"
    assert file.size == 4
    await form.close()
    assert file.file.closed


def test_an_upload_is_a_file() -> None:
    anyio.run(upload_and_close)
