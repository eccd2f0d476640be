"""The server's limits, where they are a stream's or the connection's own affair."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.connection.peers import body, hello, start
from tests.http2 import frames
from tests.http2.application import app
from tests.http2.fields import ECHO, GET, ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.connection.peers import Served
    from tests.http2.peer import Peer

    Serve = Callable[..., Served]
    Dial = Callable[..., Peer]


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_beyond_the_limit(serve: Serve, dial: Dial, declared: bool) -> None:
    peer = dial(serve(app, body_limit=10))
    more = [(b"content-length", b"11")] if declared else []
    peer.send(frames.headers(1, ask(b"POST", b"/echo", *more), end=False))
    if not declared:
        peer.send(frames.data(1, bytes(11)))
    assert peer.answer(1).status == 413
    peer.send(frames.headers(3, ECHO, end=False) + frames.data(3, bytes(10), end=True))
    assert peer.answer(3).body == bytes(10)


def test_too_many_requests_at_a_time(serve: Serve, dial: Dial) -> None:
    peer = dial(serve(app, limit_concurrency=1))
    peer.send(frames.headers(1, ask(b"GET", b"/wait")))
    answer = peer.ask(3)
    assert (answer.status, answer.get(b"retry-after")) == (503, b"1")


def test_an_idle_connection_is_let_go(serve: Serve, dial: Dial) -> None:
    peer = dial(serve(app, keep_alive_timeout=0.05))
    assert peer.ask(1).status == 200
    peer.until_closed()
    assert peer.goaways[-1][1] == frames.NO_ERROR


def test_an_idle_connection_makes_room_for_another(serve: Serve, dial: Dial) -> None:
    served = serve(app, limit_connections=1, header_timeout=0.4, keep_alive_timeout=60.0)
    first = dial(served)
    assert first.ask(1).body == b"hello"
    assert served.ask().body == b"hello"
    first.until_closed()
    assert first.goaways[-1][1] == frames.NO_ERROR


def test_each_request_gives_another_wait(serve: Serve, dial: Dial) -> None:
    """However quickly they are answered."""
    peer = dial(serve(hello, keep_alive_timeout=0.3))
    end, number = time.monotonic() + 0.8, 1
    while time.monotonic() < end:
        assert peer.ask(number).status == 200
        number += 2


def test_a_reader_that_never_reads(serve: Serve, dial: Dial) -> None:
    told = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        await send(body(bytes(100_000)))
        await receive()
        assert (await receive())["type"] == "http.disconnect"
        told.set()

    served = serve(application, write_timeout=0.05)
    peer = dial(served, (frames.INITIAL_WINDOW_SIZE, 0))
    peer.send(frames.headers(1, GET))
    peer.until_closed()
    assert not peer.stream(1).ended
    served.wait_for(told.wait)
