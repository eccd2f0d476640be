"""Nobody outruns anybody: bounded buffers in both directions, and deadlines on every wait."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

from tests.connection.peers import GET, Served, body, hello, read_body, start

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    Serve = Callable[..., Served]

CHUNK = b"x" * 10_000
SHORT = 0.05
MUCH = 64_000_000
"""More than any pair of socket buffers holds."""


class Producer:
    """Sends without end, and counts."""

    def __init__(self) -> None:
        self.sent = 0
        self.stopped = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/other":
            await hello(scope, receive, send)
            return
        await receive()
        await send(start())
        watch = asyncio.create_task(receive())
        while not watch.done() and self.sent < 100 * MUCH:
            await send(body(CHUNK, more=True))
            self.sent += len(CHUNK)
        self.stopped.set()


def settled(served: Served, read: Callable[[], int]) -> int:
    """The value once it stands still: as many turns of the loop as it takes to change it."""
    before = -1
    while (now := served.on_loop(read)) != before:
        before = now
        served.wait_for(lambda: asyncio.sleep(0.02))
    return now


def test_a_producer_waits_for_its_client(serve: Serve) -> None:
    producer = Producer()
    served = serve(producer)
    with served.connect() as client:
        client.send(GET)
        assert client.head().status == 200
        first = settled(served, lambda: producer.sent)
        assert 0 < first < MUCH
        other = served.ask(b"GET /other HTTP/1.1\r\nHost: test\r\n\r\n")
        assert other.body == b"hello", "the others do not notice"
        for _ in range(first // len(CHUNK)):  # it goes on when the client does
            assert client.chunk() == CHUNK
        assert client.chunk() == CHUNK
        assert settled(served, lambda: producer.sent) < first + MUCH
    served.wait_for(producer.stopped.wait)


def test_a_slow_application_is_not_flooded(serve: Serve) -> None:
    go_on = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await go_on.wait()
        length = 0
        while (message := await receive())["more_body"]:
            length += len(message["body"])
        await send(start())
        await send(body(str(length + len(message["body"])).encode()))

    served = serve(application)
    with served.connect() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n" % MUCH)
        client.socket.setblocking(False)
        sent = fill(client.socket, MUCH)
        while more := fill_later(served, client.socket, MUCH - sent):
            sent += more
        assert sent < MUCH, "the server took it all while nobody asked for it"
        client.socket.settimeout(10)
        served.on_loop(go_on.set)
        client.send(b"x" * (MUCH - sent))
        assert client.answer().body == str(MUCH).encode()


def fill(sock: socket.socket, length: int) -> int:
    """Sends as much as goes in now."""
    sent = 0
    while sent < length:
        try:
            sent += sock.send(CHUNK[: length - sent])
        except BlockingIOError:
            break
    return sent


def fill_later(served: Served, sock: socket.socket, length: int) -> int:
    served.wait_for(lambda: asyncio.sleep(0.02))
    return fill(sock, length)


def test_a_client_that_never_reads_is_not_served_without_end(serve: Serve) -> None:
    served_requests = 0

    async def application(scope: Any, receive: Any, send: Any) -> None:
        nonlocal served_requests
        served_requests += 1
        await send(start())
        await send(body(b"x" * 100_000))

    served = serve(application)
    with served.connect() as client:
        client.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                client.socket.send(GET * 100)
        count = settled(served, lambda: served_requests)
        assert count < 1000
        client.socket.settimeout(10)
        for _ in range(count + 5):
            assert len(client.answer().body) == 100_000


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
    served = serve(hello, header_timeout=SHORT)
    with served.connect() as client:
        client.socket.settimeout(0.01)
        deadline = time.monotonic() + 10
        client.send(b"GET / HTTP/1.1\r\n")
        while time.monotonic() < deadline:
            try:
                assert client.more()
            except TimeoutError:
                client.send(b"a")
            else:
                break
        client.socket.settimeout(10)
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

    async def application(scope: Any, receive: Any, send: Any) -> None:
        while not messages or messages[-1] != "http.disconnect":
            messages.append((await receive())["type"])

    with serve(application, body_timeout=SHORT).connect() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nabc")
        assert client.answer().status == 408
        assert client.is_closed()
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
