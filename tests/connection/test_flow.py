"""Nobody outruns anybody: bounded buffers in both directions."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from tests.connection.peers import GET, Served, body, start
from tests.connection.producer import CHUNK, Producer, settled

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    Serve = Callable[..., Served]

MUCH = 64_000_000
"""More than any pair of socket buffers holds."""


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
