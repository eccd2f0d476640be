"""Stopping: what is idle goes, what is in flight finishes, and nothing is left."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import pytest

from tests.connection.peers import GET, Served, body, hello, start, with_length

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Served]


class Gate:
    """An application that answers when it is told to."""

    def __init__(self) -> None:
        self.entered, self.opened = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.entered.set()
        await self.opened.wait()
        await hello(scope, receive, send)


async def closed(served: Served) -> None:
    await served.server.closed


def test_a_graceful_end(serve: Serve) -> None:
    gate = Gate()
    served = serve(gate)
    with served.connect() as busy, served.connect() as idle, served.connect() as halfway:
        halfway.send(b"GET / HT")
        busy.send(GET)
        served.wait_for(gate.entered.wait)
        served.on_loop(served.server.shutdown)
        assert idle.is_closed()
        assert halfway.is_closed()
        assert not served.on_loop(lambda: served.server.closed.done())
        assert served.on_loop(lambda: served.server.requests_in_flight) == 1
        served.on_loop(gate.opened.set)
        answer = busy.answer()
        assert (answer.body, answer.get("connection")) == (b"hello", "close")
        assert busy.is_closed()
        served.wait_for(lambda: closed(served))
    assert served.on_loop(lambda: served.server.connections) == 0


def test_an_answer_that_has_begun_is_finished(serve: Serve) -> None:
    go_on = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        await send(body(b"one", more=True))
        await go_on.wait()
        await send(body(b"two"))

    served = serve(application)
    with served.connect() as client:
        client.send(GET)
        assert client.head().status == 200
        assert client.chunk() == b"one"
        served.on_loop(served.server.shutdown)
        served.on_loop(go_on.set)
        assert client.rest() == b"3\r\ntwo\r\n0\r\n\r\n"
    served.wait_for(lambda: closed(served))


def test_nobody_is_accepted_after_the_end_has_begun(serve: Serve) -> None:
    served = serve(hello)
    with served.connect() as client:
        assert client.ask().body == b"hello"
        served.on_loop(served.server.stop_accepting)
        served.listener.close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(client.socket.getpeername())
        assert client.ask().body == b"hello", "who is there stays"


def test_a_rough_end(serve: Serve) -> None:
    gate = Gate()
    served = serve(gate)
    with served.connect() as busy:
        busy.send(GET)
        served.wait_for(gate.entered.wait)
        served.on_loop(served.server.abort)
        assert busy.is_closed()
        served.wait_for(lambda: closed(served))
        served.on_loop(gate.opened.set)


def test_counting(serve: Serve) -> None:
    gate = Gate()
    served = serve(gate)

    def counts() -> tuple[int, int, int]:
        server = served.server
        return server.connections, server.requests_in_flight, server.total_requests

    assert served.on_loop(counts) == (0, 0, 0)
    with served.connect() as client:
        client.send(GET)
        served.wait_for(gate.entered.wait)
        assert served.on_loop(counts) == (1, 1, 0)
        served.on_loop(gate.opened.set)
        assert client.answer().status == 200
        assert served.on_loop(counts) == (1, 0, 1)
        assert client.ask(GET + GET).status == 200
        assert client.answer().status == 200
        assert served.on_loop(counts) == (1, 0, 3)


def test_it_starts_once(serve: Serve) -> None:
    served = serve(hello)
    with pytest.raises(RuntimeError, match="before"):
        served.on_loop(served.server.start)


def test_the_access_log(serve: Serve) -> None:
    lines: list[tuple[str, str, str, str, int]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/proxied":
            scope["client"] = ("1.2.3.4", 5)
        if scope["path"] == "/late":
            await send(start(201, with_length(b"x")))
            await asyncio.sleep(0.01)
            await send(body(b"x"))
        else:
            await hello(scope, receive, send)

    served = serve(application, access_log=lambda *line: lines.append(line))
    with served.connect() as client:
        host, port = client.socket.getsockname()
        client.ask(b"GET /a%0Ab?q=1 HTTP/1.1\r\nHost: test\r\n\r\n")
        client.ask(b"GET /late HTTP/1.1\r\nHost: test\r\n\r\n")
        client.ask(b"POST /proxied HTTP/1.0\r\n\r\n")
    me = f"{host}:{port}"
    assert lines == [
        (me, "GET", "/a%0Ab?q=1", "1.1", 200),
        (me, "GET", "/late", "1.1", 201),
        ("1.2.3.4:5", "POST", "/proxied", "1.0", 200),
    ]
