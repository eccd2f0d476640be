"""Requests in, answers out: keep-alive, pipelining and the ways a body ends."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import pytest

import jebi.loop
from jebi._engine import HttpServer
from tests.connection.peers import GET, Served, body, echo, hello, read_body, start, with_length

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Served]

App = Any


def test_an_answer_begins_with_the_servers_own_headers(serve: Serve) -> None:
    answer = serve(hello).ask()
    assert (answer.status, answer.body) == (200, b"hello")
    assert [name for name, _ in answer.headers] == ["date", "server", "content-length"]
    assert answer.get("server") == "jebi"
    date = answer.get("date") or ""
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", date)


def test_own_headers_can_be_chosen(serve: Serve) -> None:
    headers = [(b"x-frame-options", b"DENY")]
    answer = serve(hello, server_header=False, date_header=False, headers=headers).ask()
    assert answer.headers == [("x-frame-options", "DENY"), ("content-length", "5")]
    loop = jebi.loop.new_event_loop()
    with pytest.raises(ValueError, match="header"):
        HttpServer(loop, [], hello, headers=[(b"a", b"b\r\nc: d")])
    loop.close()


def test_a_connection_serves_one_request_after_the_other(serve: Serve) -> None:
    with serve(hello).connect() as client:
        for _ in range(50):
            answer = client.ask()
            assert answer.body == b"hello"
            assert answer.get("connection") is None


def test_pipelined_requests_are_answered_in_order(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"].endswith("0"):  # some suspend, some do not
            await asyncio.sleep(0)
        await echo(scope, receive, send)

    requests = b"".join(
        b"POST /%d HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\n%02d" % (n, n)
        for n in range(100)
    )
    with serve(application).connect() as client:
        client.send(requests)
        for n in range(100):
            assert client.answer().body == b"POST /%d %02d" % (n, n)


def test_a_request_may_arrive_byte_by_byte(serve: Serve) -> None:
    request = (
        b"POST /x HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    )
    with serve(echo).connect() as client:
        for byte in request:
            client.send(bytes([byte]))
        assert client.answer().body == b"POST /x abc"
        assert client.ask().body == b"GET / "


@pytest.mark.parametrize("size", [0, 1, 1000, 70_000, 1_000_000])
def test_bodies_arrive_whole_however_they_are_framed(serve: Serve, size: int) -> None:
    data = bytes(n % 251 for n in range(size))
    served = serve(echo)
    with served.connect() as client:
        head = b"POST /p HTTP/1.1\r\nHost: test\r\n"
        client.send(head + b"Content-Length: %d\r\n\r\n" % size + data)
        assert client.answer().body == b"POST /p " + data
        chunks = b"".join(
            b"%x\r\n%b\r\n" % (len(part), part)
            for part in (data[at : at + 777] for at in range(0, size, 777))
        )
        client.send(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
        assert client.answer().body == b"POST /p " + data


def test_an_answer_without_length_is_chunked(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        await send(body(b"one", more=True))
        await send(body(b"", more=True))
        await asyncio.sleep(0)
        await send(body(b"two", more=True))
        await send(body())

    with serve(application).connect() as client:
        client.send(GET)
        assert client.head().get("transfer-encoding") == "chunked"
        assert [client.chunk() for _ in range(3)] == [b"one", b"two", b""]
        assert client.ask().body == b"onetwo"


def test_head_is_answered_without_a_body(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/chunked":
            await send(start())
            await send(body(b"abc", more=True))
            await send(body(b"def"))
        else:
            await hello(scope, receive, send)

    with serve(application).connect() as client:
        client.send(b"HEAD / HTTP/1.1\r\nHost: test\r\n\r\n")
        answer = client.answer(head_only=True)
        assert answer.get("content-length") == "5"
        client.send(b"HEAD /chunked HTTP/1.1\r\nHost: test\r\n\r\n")
        answer = client.answer(head_only=True)
        assert answer.get("transfer-encoding") is None
        # The next answer begins where the head ended: there was no body in between.
        assert client.ask().body == b"hello"


@pytest.mark.parametrize("status", [204, 304])
def test_some_statuses_have_no_body(serve: Serve, status: int) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(start(status))
        await send(body(b"null"))

    with serve(application).connect() as client:
        for _ in range(2):
            answer = client.ask()
            assert answer.status == status
            assert answer.get("transfer-encoding") is None
            assert answer.get("content-length") is None


def test_http10_closes_unless_asked_to_stay(serve: Serve) -> None:
    served = serve(hello)
    with served.connect() as client:
        answer = client.ask(b"GET / HTTP/1.0\r\n\r\n")
        assert (answer.body, answer.get("connection")) == (b"hello", "close")
        assert client.is_closed()
    with served.connect() as client:
        for _ in range(3):
            answer = client.ask(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            assert (answer.body, answer.get("connection")) == (b"hello", "keep-alive")


def test_http10_gets_no_chunks(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert scope["http_version"] == "1.0"
        await send(start())
        await send(body(b"one", more=True))
        await send(body(b"two"))

    with serve(application).connect() as client:
        answer = client.ask(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert answer.body == b"onetwo"
        assert answer.get("transfer-encoding") is None


def test_either_side_may_close(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        close = [(b"connection", b"close")] if scope["path"] == "/close" else []
        await send(start(200, with_length(b"x") + close))
        await send(body(b"x"))

    served = serve(application)
    with served.connect() as client:
        answer = client.ask(b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
        assert answer.all("connection") == ["close"]
        assert client.is_closed()
    with served.connect() as client:
        answer = client.ask(b"GET /close HTTP/1.1\r\nHost: test\r\n\r\n")
        assert answer.all("connection") == ["close"]
        assert client.is_closed()


def test_what_follows_a_close_is_not_served(serve: Serve) -> None:
    with serve(hello).connect() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n" + GET)
        assert client.answer().body == b"hello"
        assert client.is_closed()


def test_a_client_that_says_no_more_still_gets_its_answers(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.01)
        await hello(scope, receive, send)

    with serve(application).connect() as client:
        client.send(GET * 3)
        client.finish()
        for _ in range(3):
            assert client.answer().body == b"hello"
        assert client.is_closed()


def test_an_offer_to_upgrade_is_ignored(serve: Serve) -> None:
    request = (
        b"GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade, HTTP2-Settings\r\n"
        b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAA\r\n\r\n"
    )
    with serve(hello).connect() as client:
        assert client.ask(request).body == b"hello"


def test_a_body_that_nobody_reads_does_not_become_a_request(serve: Serve) -> None:
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n"
    request = b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n" % len(smuggled)
    seen: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["path"])
        await hello(scope, receive, send)

    with serve(application).connect() as client:
        client.send(request)
        assert client.answer().body == b"hello"
        client.send(smuggled)
        assert client.ask().body == b"hello"
    assert seen == ["/", "/"]


def test_a_long_body_that_nobody_reads_closes_the_connection(serve: Serve) -> None:
    served = serve(hello)
    with served.connect() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100000000\r\n\r\n")
        client.send(b"x" * 500_000)
        answer = client.answer()
        assert (answer.status, answer.get("connection")) == (200, "close")
        assert client.is_closed()
    # Of chunks nobody knows how many come, so the connection closes when there are too many.
    with served.connect() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send(b"10000\r\n" + b"x" * 65536 + b"\r\n" + b"10000\r\n" + b"x" * 65536 + b"\r\n")
        assert client.answer().body == b"hello"
        assert client.is_closed()


def test_continue_is_said_when_the_body_is_first_wanted(serve: Serve) -> None:
    asked = b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["query_string"] != b"refuse":
            await read_body(receive)
        await hello(scope, receive, send)

    served = serve(application)
    with served.connect() as client:
        client.send(asked)
        assert client.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.send(b"abc")
        assert client.answer().body == b"hello"
        # Who sends the body without waiting is not told to.
        client.send(asked + b"abc")
        assert client.answer().body == b"hello"
    with served.connect() as client:
        # Whether the body follows is unknown when the answer is final, so the connection ends.
        client.send(asked.replace(b"/ ", b"/?refuse ", 1))
        answer = client.answer()
        assert (answer.status, answer.get("connection")) == (200, "close")
        assert client.is_closed()


def test_an_end_right_behind_more_than_one_read_is_heard(serve: Serve) -> None:
    # The loop is told of all of it once.
    request = GET.replace(b"\r\n\r\n", b"\r\nx-padding: " + b"a" * 2000 + b"\r\n\r\n")
    with serve(hello).connect() as client:
        for count in (1, 2, 3, 40):
            client.send(request * count)
            assert [client.answer().body for _ in range(count)] == [b"hello"] * count
        client.send(request * 40)
        client.finish()
        assert client.rest().count(b"hello") == 40
