"""Stopping: what is idle goes, what is in flight finishes, and nothing is left."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Any

import pytest

from tests.connection.peers import GET, Client, Served, body, hello, start, with_length
from tests.connection.producer import InTwo

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
    with served.connect() as busy, served.connect() as idle:
        busy.send(GET)
        served.wait_for(gate.entered.wait)
        served.on_loop(served.server.shutdown)
        assert idle.is_closed()
        assert not served.on_loop(lambda: served.server.closed.done())
        assert served.on_loop(lambda: served.server.requests_in_flight) == 1
        served.on_loop(gate.opened.set)
        answer = busy.answer()
        assert (answer.body, answer.get("connection")) == (b"hello", "close")
        assert busy.is_closed()
        served.wait_for(lambda: closed(served))
    assert served.on_loop(lambda: served.server.connections) == 0


def test_a_request_that_races_the_end_is_answered(serve: Serve) -> None:
    served = serve(hello)
    with served.connect() as fresh, served.connect() as used, served.connect() as halfway:
        assert used.ask().get("connection") is None
        halfway.send(b"GET / HT")
        served.on_loop(lambda: None)  # it has been read
        served.on_loop(served.server.shutdown)
        for client, rest in ((fresh, GET), (used, GET), (halfway, GET[8:])):
            answer = client.ask(rest)
            assert (answer.body, answer.get("connection")) == (b"hello", "close")
            assert client.is_closed()
        served.wait_for(lambda: closed(served))


def test_a_connection_that_was_idle_for_long_goes_at_once(serve: Serve) -> None:
    served = serve(hello, keep_alive_timeout=3600.0)
    with served.connect() as idle:
        assert idle.ask().status == 200
        assert not idle.closes_within(2.5), "nobody has told it to"
        served.on_loop(served.server.shutdown)
        assert served.on_loop(lambda: served.server.closed.done())
        assert idle.is_closed()


def test_who_waits_to_be_accepted_is_served(serve: Serve) -> None:
    served = serve(hello)
    with contextlib.ExitStack() as stack:

        def connect_and_stop() -> list[Client]:
            # On the loop's thread, so that nobody can accept them before.
            clients = [stack.enter_context(served.connect()) for _ in range(20)]
            served.server.stop_accepting()
            return clients

        clients = served.on_loop(connect_and_stop)
        served.listener.close()
        served.on_loop(served.server.shutdown)
        for client in clients:
            answer = client.ask()
            assert (answer.body, answer.get("connection")) == (b"hello", "close")
        served.wait_for(lambda: closed(served))


def test_a_stream_without_end_is_told_to_end(serve: Serve) -> None:
    heard: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        await send(body(b"one", more=True))
        assert (await receive())["type"] == "http.request"
        heard.append((await receive())["type"])
        heard.append((await receive())["type"])
        await send(body(b"last"))

    served = serve(application)
    with served.connect() as client:
        client.send(GET)
        assert client.head().status == 200
        assert client.chunk() == b"one"
        served.on_loop(served.server.shutdown)
        assert not heard
        served.on_loop(served.server.end_streams)
        assert client.rest() == b"4\r\nlast\r\n0\r\n\r\n"
    served.wait_for(lambda: closed(served))
    assert heard == ["http.disconnect"] * 2


def test_an_end_that_was_not_announced_leaves_time_for_a_request(serve: Serve) -> None:
    in_two = InTwo()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await (in_two if scope["path"] == "/stream" else hello)(scope, receive, send)

    served = serve(application)
    with served.connect() as client:
        client.send(GET.replace(b" / ", b" /stream "))
        assert client.head().get("connection") is None
        assert client.chunk() == b"one"
        served.on_loop(served.server.shutdown)
        served.on_loop(in_two.go_on.set)
        assert (client.chunk(), client.chunk()) == (b"two", b"")
        answer = client.ask()
        assert (answer.body, answer.get("connection")) == (b"hello", "close")
        assert client.is_closed()
    served.wait_for(lambda: closed(served))


def test_an_answer_of_known_length_is_not_told_to_end(serve: Serve) -> None:
    gate = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(start(200, with_length(b"onetwo")))
        await send(body(b"one", more=True))
        await receive()
        told = asyncio.ensure_future(receive())
        await gate.wait()
        assert not told.done()
        told.cancel()
        await send(body(b"two"))

    served = serve(application)
    with served.connect() as client:
        client.send(GET)
        client.head()
        assert client.take(3) == b"one"
        served.on_loop(served.server.shutdown)
        served.on_loop(served.server.end_streams)
        served.on_loop(gate.set)
        assert client.rest() == b"two"


def test_what_goes_on_after_the_answer_is_counted(serve: Serve) -> None:
    gate = Gate()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await hello(scope, receive, send)
        gate.entered.set()
        await gate.opened.wait()

    served = serve(application)
    with served.connect() as client:
        assert client.ask().body == b"hello"
        served.wait_for(gate.entered.wait)
        server = served.server
        assert served.on_loop(lambda: (server.requests_in_flight, server.running)) == (0, 1)
        served.on_loop(gate.opened.set)
        served.on_loop(lambda: None)
        assert served.on_loop(lambda: server.running) == 0


def test_the_end_of_the_last_run_is_told(serve: Serve) -> None:
    gates = [Gate(), Gate()]
    entered = iter(gates)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await hello(scope, receive, send)
        gate = next(entered)
        gate.entered.set()
        await gate.opened.wait()

    served = serve(application)
    assert served.on_loop(served.server.wait_for_runs).done(), "there is none to wait for"
    with served.connect() as one, served.connect() as other:
        for client, gate in zip((one, other), gates, strict=True):
            assert client.ask().body == b"hello"
            served.wait_for(gate.entered.wait)
        told = served.on_loop(served.server.wait_for_runs)
        served.on_loop(gates[0].opened.set)
        served.on_loop(lambda: None)
        assert not served.on_loop(told.done)
        served.on_loop(gates[1].opened.set)
        served.wait_for(lambda: told)


def test_an_answer_that_has_begun_is_finished(serve: Serve) -> None:
    application = InTwo()
    served = serve(application)
    with served.connect() as client:
        client.send(GET)
        assert client.head().status == 200
        assert client.chunk() == b"one"
        served.on_loop(served.server.shutdown)
        served.on_loop(application.go_on.set)
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
