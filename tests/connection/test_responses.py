"""What an application answers is checked before a byte of it leaves, whichever door it takes."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import jebi
from jebi._native import compile_native
from jebi.server.interfaces.wsgi import WSGI
from tests.connection.peers import Answer, Client, Served, body, start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Serve = Callable[..., Served]

Headers = list[tuple[bytes, bytes]]
TEXT = b"hello"


class Said(NamedTuple):
    """What an application says."""

    status: int = 200
    headers: Headers = []  # noqa: RUF012 - never changed
    text: bytes = TEXT


NAMES = [b"", b"a b", b"a:", b":a", b"a\r\nb", b"a\n", b"a\0", b"\xe9", b"a\x7f", b'"a"', b"a/b"]
VALUES = [b"a\r\nb: c", b"a\n", b"a\r", b"\na", b"a\0b", b"a\x01", b"a\x1b[0m", b"a\x7f", b"a\x0bb"]
LENGTHS = [b"+5", b"-5", b" 5", b"5 ", b"5,5", b"5, 5", b"", b"0x5", b"5.0", b"1_0", b"9" * 20]
CODINGS = [b"gzip", b"identity", b"gzip, chunked", b"chunked, chunked", b"", b"x"]
STATUSES = [0, 1, 99, 100, 101, 103, 199, 1000, 65535]

# Answered with 500 in place of what was said, by a connection that then closes.
WRONG: dict[str, Said] = {
    **{f"name {name!r}": Said(headers=[(name, b"v")]) for name in NAMES},
    **{f"value {value!r}": Said(headers=[(b"n", value)]) for value in VALUES},
    **{f"length {text!r}": Said(headers=[(b"Content-Length", text)]) for text in LENGTHS},
    **{f"coding {text!r}": Said(headers=[(b"Transfer-Encoding", text)]) for text in CODINGS},
    **{f"status {status}": Said(status) for status in STATUSES},
    "two lengths": Said(headers=[(b"content-length", b"5"), (b"content-length", b"6")]),
    "too short a body": Said(headers=[(b"content-length", b"6")]),
    "too long a body": Said(headers=[(b"content-length", b"4")]),
    "a body where none is said": Said(headers=[(b"content-length", b"0")]),
}

# Sent, and another request is served behind it: the headers that have to be there, and those that
# must not.
RIGHT: dict[str, tuple[Said, dict[str, list[str]]]] = {
    "plain": (Said(), {}),
    "a name in upper case": (Said(headers=[(b"X-A", b"b")]), {"x-a": ["b"]}),
    "a name of every byte": (Said(headers=[(b"!#$%&'*+-.^_`|~0", b"b")]), {}),
    "bytes beyond ASCII": (Said(headers=[(b"x", b"\xe9\xff")]), {"x": ["\xe9\xff"]}),
    "a tab within": (Said(headers=[(b"x", b"a\tb")]), {"x": ["a\tb"]}),
    "an empty value": (Said(headers=[(b"x", b"")]), {"x": [""]}),
    "twice the same name": (Said(headers=[(b"x", b"1"), (b"X", b"2")]), {"x": ["1", "2"]}),
    "a length": (Said(headers=[(b"Content-Length", b"5")]), {"content-length": ["5"]}),
    "twice the same length": (
        Said(headers=[(b"content-length", b"5")] * 2),
        {"content-length": ["5"]},
    ),
    "a coding": (Said(headers=[(b"Transfer-Encoding", b"Chunked")]), {}),
    "a coding and then a length": (
        Said(headers=[(b"transfer-encoding", b"chunked"), (b"content-length", b"5")]),
        {},
    ),
    "a length and then a coding": (
        Said(headers=[(b"content-length", b"5"), (b"transfer-encoding", b"chunked")]),
        {},
    ),
    "a promise to stay": (Said(headers=[(b"connection", b"keep-alive")]), {"connection": []}),
    "the highest status": (Said(999), {}),
    "a status without a phrase": (Said(299), {}),
    "an error": (Said(503), {}),
    "no content": (Said(204), {"content-length": [], "transfer-encoding": []}),
    "no content with a length": (
        Said(204, [(b"content-length", b"5")]),
        {"content-length": [], "transfer-encoding": []},
    ),
    "not modified": (Said(304), {"transfer-encoding": []}),
    "not modified with a length": (
        Said(304, [(b"content-length", b"7")]),
        {"content-length": ["7"], "transfer-encoding": []},
    ),
}


def whole(said: Said) -> Any:
    """An ASGI application that says it in two messages."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        status, headers, text = said if scope["path"] == "/" else Said()
        await send(start(status, headers))
        await send(body(text))

    return application


def streamed(said: Said) -> Any:
    """One that says it bit by bit."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        status, headers, text = said if scope["path"] == "/" else Said()
        await send(start(status, iter(headers)))
        await send(body(text, more=True))
        await send(body())

    return application


def plan(said: Said) -> Any:
    """One that the engine serves by its plan."""
    app = jebi.FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    def answer(said: Said) -> jebi.Response:
        response = jebi.Response(said.text)
        response.status_code = said.status
        lengths = [name.lower() for name, _ in said.headers]
        own = [] if {b"content-length", b"transfer-encoding"} & {*lengths} else response.raw_headers
        response.raw_headers = [*said.headers, *own]
        return response

    async def first() -> Any:
        return answer(said)

    async def second() -> Any:
        return answer(Said())

    app.add_api_route("/", first, methods=["GET", "HEAD"])
    app.add_api_route("/next", second)
    native = compile_native(app)
    assert native is not None
    return native


DOORS = {"whole": whole, "streamed": streamed, "plan": plan}
FIRST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"


def cases(table: Iterable[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("door", "case"), [*itertools.product(DOORS, table)])


def follow(client: Client) -> None:
    """The connection is in step: the next answer is the next request's."""
    answer = client.ask(NEXT)
    assert (answer.status, answer.body) == (200, TEXT)


def assert_one_framing(answer: Answer) -> None:
    framings = answer.all("content-length") + answer.all("transfer-encoding")
    assert len(framings) <= 1
    assert len(answer.all("connection")) <= 1


@cases(WRONG)
def test_what_cannot_be_said_is_an_error_of_the_servers(serve: Serve, door: str, case: str) -> None:
    with serve(DOORS[door](WRONG[case])).connect() as client:
        client.send(FIRST + NEXT)
        if door == "streamed" and case == "too short a body":
            # What has left cannot be taken back, so it is cut off.
            assert client.head().status == 200
            assert client.rest() == TEXT
            return
        answer = client.answer()
        assert (answer.status, answer.get("connection")) == (500, "close")
        assert answer.body == b"Internal Server Error"
        assert client.is_closed()


@cases(RIGHT)
def test_what_can_be_said_is_said_and_leaves_the_connection_in_step(
    serve: Serve, door: str, case: str
) -> None:
    said, expected = RIGHT[case]
    with serve(DOORS[door](said)).connect() as client:
        client.send(FIRST)
        answer = client.answer()
        assert answer.status == said.status
        assert answer.body == (b"" if said.status in {204, 304} else TEXT)
        assert_one_framing(answer)
        for name, values in expected.items():
            assert answer.all(name) == values
        follow(client)
        client.send(FIRST.replace(b"GET", b"HEAD"))
        answer = client.answer(head_only=True)
        assert answer.status == said.status
        assert_one_framing(answer)
        follow(client)


@pytest.mark.parametrize("line", ["200 OK\r\nset-cookie: a=b", "200 \0", "200 \u0394"])
def test_reasons_are_the_servers_own(serve: Serve, line: str) -> None:
    def application(environ: Any, start_response: Any) -> list[bytes]:
        start_response(line, [("content-length", "5")])
        return [TEXT]

    with serve(WSGI(application)).connect() as client:
        client.send(FIRST)
        assert client.until(b"\r\n") == b"HTTP/1.1 200 OK\r\n"
        assert b"set-cookie" not in client.until(b"\r\n\r\n")


@pytest.mark.parametrize(
    "headers",
    [[("a", "b\r\nc: d")], [("a\r\nb", "c")], [("a", "\u0394")], [("content-length", "+5")]],
)
def test_headers_of_wsgi_applications_are_checked(
    serve: Serve, headers: list[tuple[str, str]]
) -> None:
    def application(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", headers)
        return [TEXT]

    with serve(WSGI(application)).connect() as client:
        answer = client.ask(FIRST)
        assert (answer.status, answer.get("connection")) == (500, "close")
        assert client.is_closed()
