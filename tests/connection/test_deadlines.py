"""Every wait for a client has an end, and moving too slowly is no way around it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.connection.peers import (
    GET,
    PATIENCE,
    Client,
    Served,
    body,
    hello,
    read_body,
    start,
    with_length,
)
from tests.connection.producer import Producer

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Served]

SHORT = 0.05
POST = b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\n"


def drip(client: Client, step: Callable[[], object], every: float = 0.01) -> None:
    """Takes a small step now and then, until something comes from the server."""
    client.socket.settimeout(every)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            client.more()
        except TimeoutError:
            step()
        else:
            client.socket.settimeout(PATIENCE)
            return
    raise AssertionError("the server lets itself be kept waiting")


def test_a_slow_head_has_a_deadline(serve: Serve) -> None:
    served = serve(hello, header_timeout=SHORT)
    with served.connect() as client:
        client.send(b"GET / HTTP/1.1\r\nHo")
        answer = client.answer()
        assert (answer.status, answer.get("connection")) == (408, "close")
        assert client.is_closed()
    with served.connect() as client:
        assert client.is_closed(), "who says nothing is told nothing"


def test_trickling_does_not_put_the_deadline_off(serve: Serve) -> None:
    with serve(hello, header_timeout=SHORT).connect() as client:
        client.send(b"GET / HTTP/1.1\r\n")
        drip(client, lambda: client.send(b"a"))
        assert client.answer().status == 408


def test_an_idle_connection_has_a_deadline(serve: Serve) -> None:
    with serve(hello, keep_alive_timeout=0.4).connect() as client:
        for _ in range(3):
            assert client.ask().body == b"hello"
        assert client.is_closed()


def test_the_deadline_of_a_connection_in_use_moves_on(serve: Serve) -> None:
    with serve(hello, keep_alive_timeout=0.6).connect() as client:
        end = time.monotonic() + 1.2
        while time.monotonic() < end:  # each pause is shorter than the deadline, all are longer
            assert client.ask().body == b"hello"


def test_a_body_that_stops_has_a_deadline(serve: Serve) -> None:
    messages: list[str] = []
    told = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        while not messages or messages[-1] != "http.disconnect":
            messages.append((await receive())["type"])
        told.set()

    served = serve(application, body_timeout=SHORT)
    with served.connect() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nabc")
        assert client.answer().status == 408
        assert client.is_closed()
    served.wait_for(told.wait)
    assert messages == ["http.request", "http.disconnect"]


def test_an_application_may_take_its_time(serve: Serve) -> None:
    options = dict.fromkeys(("header_timeout", "keep_alive_timeout", "body_timeout"), 0.3)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(1)
        await read_body(receive)
        await hello(scope, receive, send)

    with serve(application, **options).connect() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc")
        assert client.answer().body == b"hello"


def test_a_client_that_takes_nothing_has_a_deadline(serve: Serve) -> None:
    producer = Producer()
    served = serve(producer, write_timeout=SHORT)
    with served.connect() as client:
        client.send(GET)
        served.wait_for(producer.stopped.wait)
        assert served.on_loop(lambda: served.server.connections) == 0


def test_a_body_that_trickles_is_too_slow(serve: Serve) -> None:
    with serve(read_body_of, body_timeout=SHORT, body_rate=10_000).connect() as client:
        client.send(POST)
        drip(client, lambda: client.send(b"a"))
        assert client.answer().status == 408


async def read_body_of(scope: Any, receive: Any, send: Any) -> None:
    await read_body(receive)
    await hello(scope, receive, send)


def test_a_body_may_come_in_bursts(serve: Serve) -> None:
    with serve(read_body_of, body_timeout=0.4, body_rate=1_000).connect() as client:
        client.send(POST)
        for _ in range(9):
            client.send(b"x" * 10_000)
            client.socket.settimeout(0.1)
            with pytest.raises(TimeoutError):
                client.more()
        client.send(b"x" * 10_000)
        client.socket.settimeout(PATIENCE)
        assert client.answer().body == b"hello"


def test_without_a_rate_whatever_moves_will_do(serve: Serve) -> None:
    with serve(read_body_of, body_timeout=0.3, body_rate=0).connect() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 50\r\n\r\n")
        drip(client, lambda: client.send(b"a"), every=0.02)
        assert client.answer().body == b"hello"


def test_who_reads_byte_by_byte_is_too_slow(serve: Serve) -> None:
    producer = Producer()
    served = serve(producer, write_timeout=SHORT, write_rate=1_000_000)
    with socket.socket() as small:
        small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        small.settimeout(PATIENCE)
        small.connect(served.listener.getsockname())
        client = Client(small)
        client.send(GET)
        assert client.head().status == 200
        with contextlib.suppress(ConnectionResetError):
            while client.socket.recv(16):
                threading.Event().wait(0.001)
            pytest.fail("an answer that is cut off must not look like one that has ended")
        served.wait_for(producer.stopped.wait)


def test_who_reads_fast_enough_may_take_long(serve: Serve) -> None:
    data = bytes(20_000_000)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(start(200, with_length(data)))
        await send(body(data))

    with serve(application, write_timeout=0.3, write_rate=100_000).connect() as client:
        client.send(GET)
        assert client.head().status == 200
        taken = len(client.pending)
        # The kernel's buffers hold many times that, and say nothing of it to whoever writes.
        for _ in range(10):
            taken += len(client.socket.recv(100_000))
            threading.Event().wait(0.1)
        while taken < len(data) and (more := len(client.socket.recv(1_000_000))):
            taken += more
        assert taken == len(data)
