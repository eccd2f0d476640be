"""The limit of connections: whoever is too many waits, and who is idle makes room."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.connection.peers import GET, Served, hello

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Served]

KEEP_ALIVE = 0.4
"""Makes for ticks of 50 ms; after one of them a connection counts as idle."""


class Gated:
    """Answers when it is let."""

    def __init__(self) -> None:
        self.begun = 0
        self.go_on = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.begun += 1
        await self.go_on.wait()
        await hello(scope, receive, send)


def test_beyond_the_limit_clients_wait_and_nobody_is_dropped(serve: Serve) -> None:
    application = Gated()
    served = serve(application, limit_connections=3)
    clients = [served.connect() for _ in range(10)]
    for client in clients:
        client.send(GET)
    clients[-1].socket.settimeout(0.3)
    with pytest.raises(TimeoutError):
        clients[-1].more()
    assert served.on_loop(lambda: (served.server.connections, application.begun)) == (3, 3)
    served.on_loop(application.go_on.set)
    for client in clients:
        client.socket.settimeout(10)
        assert client.answer().body == b"hello"
        client.socket.close()


def test_an_idle_connection_makes_room(serve: Serve) -> None:
    served = serve(hello, limit_connections=2, keep_alive_timeout=60.0, header_timeout=KEEP_ALIVE)
    with served.connect() as oldest, served.connect() as younger:
        assert oldest.ask().body == b"hello"
        assert younger.ask().body == b"hello"
        with served.connect() as third:
            assert third.ask().body == b"hello"
            assert oldest.is_closed()
            assert younger.ask().body == b"hello"


def test_who_is_being_answered_makes_no_room(serve: Serve) -> None:
    application = Gated()
    served = serve(application, limit_connections=1, keep_alive_timeout=KEEP_ALIVE)
    with served.connect() as first, served.connect() as second:
        first.send(GET)
        second.send(GET)
        second.socket.settimeout(0.3)
        with pytest.raises(TimeoutError):
            second.more()
        served.on_loop(application.go_on.set)
        second.socket.settimeout(10)
        assert first.answer().body == b"hello"
        assert second.answer().body == b"hello"


def test_it_is_said_once_that_clients_wait(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    served = serve(hello, limit_connections=1, keep_alive_timeout=KEEP_ALIVE)
    for _ in range(3):
        with served.connect() as first, served.connect() as second:
            assert first.ask().body == b"hello"
            assert second.ask().body == b"hello"
    told = [record.message for record in caplog.records if "wait to be accepted" in record.message]
    assert told == [
        "Clients wait to be accepted: there are as many connections as there may be",
    ]
