"""URLs: the parts that `urllib.parse` gives, and how they are changed, copied and compared."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

import pytest

from jebi.web._utils import parse_host_header
from jebi.web.datastructures import URL

TEXTS = [
    "",
    "/",
    "/a?b=1#c",
    "//host/a",
    "http://host",
    "HTTPS://User:pw@Host:8443/Path?Q#F",
    "http://[::1]:80/a",
    "http://[v1.x]/",
    "mailto:a@b.example",
    "a:b",
    "1:b",
    "path:with/colon?x",
    "?only",
    "#only",
    " http://host/ ",
    "http://h/a b",
    "http://h/\na\tb",
    "http://café.example/é?ü#ö",
    "http://h/[x]?[y]",
    "http://h?x/y#z?w",
    "http:///path",
    "http://u@/",
    "wss://h:/",
    "/\udc80",
]
PARTS = ("scheme", "netloc", "path", "query", "fragment")
DERIVED = ("username", "password", "hostname", "port")


@pytest.mark.parametrize("text", TEXTS)
def test_parts_are_those_of_the_standard_library(text: str) -> None:
    url, split = URL(text), urlsplit(text)
    assert str(url) == text
    for name in (*PARTS, *DERIVED):
        assert getattr(url, name) == getattr(split, name), name
    assert url.components == split
    assert type(url.components) is SplitResult
    assert url.is_secure is (split.scheme in {"https", "wss"})


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(
    "change",
    [
        {"scheme": "ftp"},
        {"netloc": "other:1"},
        {"netloc": ""},
        {"path": "elsewhere"},
        {"path": "//double"},
        {"query": "é=ü", "fragment": "f"},
        {"fragment": ""},
    ],
)
def test_replacing_a_part_is_what_the_standard_library_does(
    text: str, change: dict[str, str]
) -> None:
    assert str(URL(text).replace(**change)) == urlsplit(text)._replace(**change).geturl()


@pytest.mark.parametrize("text", ["http://[::1", "http://[x]/", "http://a]b/"])
def test_what_is_no_url_raises_when_its_parts_are_asked_for(text: str) -> None:
    url = URL(text)
    assert str(url) == text
    with pytest.raises(ValueError):  # noqa: PT011 - the standard library's own words
        _ = url.path


def test_ports_that_are_none() -> None:
    for text in ("http://h:x/", "http://h:65536/"):
        url = URL(text)
        assert url.path == "/"
        with pytest.raises(ValueError, match=r"[Pp]ort"):
            _ = url.port


@pytest.mark.parametrize(
    ("text", "change", "expected"),
    [
        ("http://h:80/", {"hostname": "::1"}, "http://[::1]:80/"),
        ("http://h:80/", {"hostname": "[::1]"}, "http://[::1]:80/"),
        ("http://h:80/", {"hostname": "a:b"}, "http://a:b:80/"),
        ("http://Host:80/", {"port": None}, "http://Host/"),
        ("http://h", {"port": 0}, "http://h:0"),
        ("http://u:p@h/", {"username": None}, "http://h/"),
        ("http://u:p@h/", {"username": None, "password": "x"}, "http://h/"),
        ("http://u:p@h/", {"password": None}, "http://u@h/"),
        ("http://u:p@h/", {"username": "v"}, "http://v:p@h/"),
        ("http://h/", {"username": ""}, "http://@h/"),
        ("http://h/", {"hostname": None, "port": 1}, "http://h:1/"),
        ("http://h/", {"hostname": "x", "path": "/y", "netloc": "lost"}, "http://x/y"),
    ],
)
def test_the_authority_is_replaced_in_pieces(
    text: str, change: dict[str, Any], expected: str
) -> None:
    given = dict(change)
    assert str(URL(text).replace(**change)) == expected
    assert change == given


def test_what_cannot_be_replaced() -> None:
    with pytest.raises((TypeError, ValueError), match="nowhere"):
        URL("http://h/").replace(nowhere="x")
    assert str(URL("http://h/a").replace()) == "http://h/a"


@pytest.mark.parametrize("query", ["", "a=1", "a=1&b&a=%C3%A9+%26", "é=ü&+", "a=1;b=2", "=&&="])
def test_parameters_are_set_replaced_and_removed(query: str) -> None:
    url = URL("http://h/p").replace(query=query)
    pairs = parse_qsl(query, keep_blank_values=True)
    kept = [pair for pair in pairs if pair[0] != "a"]
    assert url.include_query_params(a=2, c="&").query == urlencode([*kept, ("a", 2), ("c", "&")])
    assert url.include_query_params().query == urlencode(pairs)
    assert url.replace_query_params(a=None, b=2.5).query == "a=None&b=2.5"
    assert url.replace_query_params().query == ""
    assert url.remove_query_params("a").query == urlencode(kept)
    assert url.remove_query_params(["a", "none"]).query == urlencode(kept)
    assert url.remove_query_params([]).query == urlencode(pairs)
    assert url.query == query


def test_a_query_of_what_is_no_text() -> None:
    with pytest.raises(UnicodeEncodeError):
        URL("/").include_query_params(a="\udc80")


def test_they_are_made_in_one_way_at_a_time() -> None:
    scope = {"type": "http", "path": "/", "headers": []}
    for arguments in ({"url": "/", "scope": scope}, {"url": "/", "path": "/"}):
        with pytest.raises(AssertionError, match='Cannot set both "url" and'):
            URL(**arguments)
    with pytest.raises(AssertionError, match='Cannot set both "scope" and'):
        URL(scope=scope, path="/")
    assert str(URL(scheme="http", hostname="::1", port=1, path="x")) == "http://[::1]:1/x"
    with pytest.raises(TypeError):
        URL(b"http://h/")  # type: ignore[arg-type]  # wrong on purpose


def scope(**more: Any) -> dict[str, Any]:
    return {"type": "http", "path": "/p", "headers": [], **more}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, "/p"),
        ({"query_string": b"a=%20&b"}, "/p?a=%20&b"),
        ({"query_string": b"\xc3\xa9\xff"}, "/p?é\ufffd"),
        ({"path": "//evil/x"}, "/%2Fevil/x"),
        ({"path": "/\udc80"}, "/\ufffd\ufffd\ufffd"),
        ({"server": ("h", 80)}, "http://h/p"),
        ({"server": ("h", 80), "scheme": "https"}, "https://h:80/p"),
        ({"server": ("h", 443), "scheme": "wss"}, "wss://h/p"),
        ({"server": ("::1", 8000)}, "http://[::1]:8000/p"),
        ({"server": ("[::1]", 80)}, "http://[::1]/p"),
        ({"server": ("/run/a.sock", None)}, "/p"),
        ({"server": None}, "/p"),
        ({"server": ("h", 80), "path": "evil"}, "http://h/evil"),
        ({"headers": ((b"x", b"y"), (b"host", b"a:1"), (b"host", b"b"))}, "http://a:1/p"),
        ({"headers": [(b"host", b"a:99999")], "server": ("h", 1)}, "http://h:1/p"),
        ({"headers": [(b"host", b"a/b")], "server": ("h", 1)}, "http://h:1/p"),
        (
            {"headers": [[b"host", b"[::1]:00080"]], "path": "/a?b#c\\"},
            "http://[::1]:00080/a%3Fb%23c%5C",
        ),
    ],
)
def test_the_url_of_a_scope(more: dict[str, Any], expected: str) -> None:
    assert str(URL(scope=scope(**more))) == expected


def test_a_scope_without_a_path() -> None:
    with pytest.raises(KeyError, match="path"):
        URL(scope={"type": "http", "headers": []})


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Example.org", ("Example.org", None)),
        ("[::1]:80", ("[::1]", "80")),
        ("a:", None),
        ("a@b", None),
        ("é", None),
        ("\udc80", None),
        (None, None),
    ],
)
def test_a_host_header(header: str | None, expected: tuple[str, str | None] | None) -> None:
    assert parse_host_header(header) == expected


def test_equal_to_whatever_has_the_same_text() -> None:
    url = URL("http://h/")
    assert url == "http://h/"
    assert url == URL("http://h/")
    assert url != "http://h"
    assert url != 5
    with pytest.raises(TypeError):
        hash(url)


def test_a_password_is_not_shown() -> None:
    url = URL("http://u:secret@h:1/?q")
    assert repr(url) == "URL('http://u:********@h:1/?q')"
    assert str(url) == "http://u:secret@h:1/?q"
    assert f"{url}" == str(url)


class Own(URL):
    """A URL with something of its own."""

    def __init__(self, name: str) -> None:
        super().__init__(name if "://" in name else f"http://{name}.example/")
        self.name = name


def test_they_can_be_subclassed() -> None:
    own = Own("a")
    assert (str(own), own.name) == ("http://a.example/", "a")
    moved = own.replace(path="/x")
    assert type(moved) is Own
    assert moved == "http://a.example/x"
    assert type(own.include_query_params(b=1)) is Own
    assert repr(own) == "Own('http://a.example/')"

    class Shouting(URL):
        def __str__(self) -> str:
            return super().__str__().upper()

        @property
        def port(self) -> int | None:
            return 7

    assert Shouting("http://h/") == "HTTP://H/"
    assert URL.replace(Shouting("http://h/"), hostname="i") == "HTTP://I:7/"


def test_they_can_be_copied_and_pickled() -> None:
    own = Own("a")
    assert own.hostname == "a.example"
    for twin in (copy.copy(own), copy.deepcopy(own), pickle.loads(pickle.dumps(own))):
        assert (type(twin), twin, twin.name, twin.path) == (Own, own, "a", "/")


def test_nothing_keeps_one_alive() -> None:
    url = URL("http://h/")
    gone = weakref.ref(url)
    url.itself = url  # type: ignore[attr-defined]  # a cycle
    del url
    gc.collect()
    assert gone() is None


def test_the_text_may_be_replaced() -> None:
    url = URL("http://[::1]/a")
    assert url.path == "/a"
    url._url = "http://h/b"
    assert (url.path, url.hostname) == ("/b", "h")
