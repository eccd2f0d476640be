"""What is no request gets its status, a reason and a closed connection, and nothing else breaks."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from tests.connection.peers import GET, Served, body, echo, hello, read_body, start

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Served]

HOST = b"Host: test\r\n"

CASES: dict[str, tuple[int, bytes]] = {
    "no method": (400, b" / HTTP/1.1\r\nHost: test\r\n\r\n"),
    "a target with a space": (400, b"GET /a b HTTP/1.1\r\nHost: test\r\n\r\n"),
    "a target without a slash": (400, b"GET a HTTP/1.1\r\nHost: test\r\n\r\n"),
    "a tunnel": (400, b"CONNECT test:80 HTTP/1.1\r\nHost: test:80\r\n\r\n"),
    "no host": (400, b"GET / HTTP/1.1\r\n\r\n"),
    "two hosts": (400, b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
    "a bare line feed": (400, b"GET / HTTP/1.1\nHost: test\n\n"),
    "a folded header": (400, b"GET / HTTP/1.1\r\nHost: test\r\nA: b\r\n c\r\n\r\n"),
    "a blank before the colon": (400, b"GET / HTTP/1.1\r\nHost : test\r\n\r\n"),
    "a control byte": (400, b"GET / HTTP/1.1\r\nHost: test\r\nA: \x00\r\n\r\n"),
    "a negative length": (400, b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: -1\r\n\r\n"),
    "two lengths": (
        400,
        b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ),
    "length and coding": (
        400,
        b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ),
    "a chunk of no size": (
        400,
        b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
    ),
    "a long target": (414, b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: test\r\n\r\n"),
    "an unknown expectation": (417, b"GET / HTTP/1.1\r\nHost: test\r\nExpect: tea\r\n\r\n"),
    "many headers": (431, b"GET / HTTP/1.1\r\nHost: test\r\n" + b"a: b\r\n" * 101 + b"\r\n"),
    "a large header": (431, b"GET / HTTP/1.1\r\nHost: test\r\na: " + b"b" * 70_000 + b"\r\n\r\n"),
    "a large body": (413, b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1001\r\n\r\n"),
    "large chunks": (
        413,
        b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"200\r\n"
        + b"x" * 512
        + b"\r\n"
        + b"200\r\n"
        + b"x" * 512
        + b"\r\n",
    ),
    "an unknown coding": (
        501,
        b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    ),
    "another version": (505, b"GET / HTTP/2.0\r\nHost: test\r\n\r\n"),
    "a version that is none": (400, b"GET / HTTP/9.1\r\nHost: test\r\n\r\n"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_client_is_told_what_is_wrong(
    serve: Serve, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    status, request = CASES[case]
    served = serve(echo, body_limit=1000)
    with caplog.at_level(logging.WARNING, "jebi.error"), served.connect() as client:
        client.send(request + GET)
        answer = client.answer()
        assert answer.status == status
        assert answer.get("content-type") == "text/plain; charset=utf-8"
        assert answer.get("connection") == "close"
        assert answer.get("server") == "jebi"
        assert 0 < len(answer.body) < 100
        assert client.is_closed()
    assert served.ask().body == b"GET / "
    for record in caplog.records:
        assert record.getMessage().isprintable()


def test_the_answer_reaches_a_client_that_is_still_sending(serve: Serve) -> None:
    with serve(echo, body_limit=1000).connect() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 900000\r\n\r\n")
        client.send(b"x" * 900_000)  # as a client does that never looks before it is done
        assert client.answer().status == 413
        assert client.is_closed()


def test_what_came_before_the_mistake_is_answered_first(serve: Serve) -> None:
    with serve(hello).connect() as client:
        client.send(GET + GET + b"nonsense\r\n\r\n")
        assert [client.answer().status for _ in range(3)] == [200, 200, 400]
        assert client.is_closed()


def test_a_broken_body_reaches_the_application_as_a_disconnect(serve: Serve) -> None:
    messages: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        while not messages or messages[-1] != "http.disconnect":
            messages.append((await receive())["type"])

    with serve(application).connect() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send(b"1\r\na\r\nnonsense")
        assert client.answer().status == 400
        assert client.is_closed()
    assert messages[-1] == "http.disconnect"
    assert set(messages[:-1]) <= {"http.request"}


def test_a_broken_body_cuts_an_answer_that_has_begun(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        await send(body(b"begun", more=True))
        await read_body(receive)

    with serve(application).connect() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert client.head().status == 200
        assert client.chunk() == b"begun"
        client.send(b"nonsense\r\n")
        assert client.rest() == b""  # and no last chunk, so the client knows


def test_too_much_at_a_time_is_turned_away(serve: Serve) -> None:
    served = serve(hello, limit_concurrency=1)
    with served.connect() as first, served.connect() as second:
        assert first.ask().status in {200, 503}
        answer = second.ask()
        assert (answer.status, answer.body) == (503, b"Service Unavailable")
        assert answer.get("retry-after") == "1"
        assert second.is_closed()


def test_a_request_cut_short_is_answered_by_nobody(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "http.request"
        assert (await receive())["type"] == "http.disconnect"
        await send(start(500))
        await send(body(b"what the client will not see"))

    served = serve(application)
    for framing in (
        b"Content-Length: 9\r\n\r\nabc",
        b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
    ):
        with served.connect() as client:
            client.send(b"POST / HTTP/1.1\r\nHost: test\r\n" + framing)
            client.finish()
            assert client.is_closed()
