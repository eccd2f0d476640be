"""How a server ends WebSockets: clients that are gone, and its own shutdown."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from tests.connection.websockets import (
    CLOSE,
    PING,
    PONG,
    TEXT,
    Recorder,
    Watched,
    accept,
    close,
    echo,
    frame,
    handshake,
    opened,
    take,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.connection.peers import Served

    Serve = Callable[..., Served]


def test_a_silent_client_is_asked_and_stays_if_it_answers(serve: Serve) -> None:
    served = serve(echo, websocket_ping_interval=0.05, websocket_ping_timeout=5)
    with opened(served) as client:
        for _ in range(3):
            assert take(client) == (PING, b"")
            client.send(frame(PONG))
        client.send(frame(TEXT, b"still here"))
        assert (TEXT, b"still here") in [take(client) for _ in range(2)]


def test_a_silent_client_is_let_go_if_it_does_not_answer(serve: Serve) -> None:
    recorder = Recorder()
    served = serve(recorder, websocket_ping_interval=0.05, websocket_ping_timeout=0.05)
    with opened(served) as client:
        assert take(client) == (PING, b"")
        assert take(client) == (CLOSE, b"\x03\xf3keepalive ping timeout")
        assert client.is_closed()
    recorder.wait()
    assert recorder.messages[-1] == {
        "type": "websocket.disconnect",
        "code": 1011,
        "reason": "keepalive ping timeout",
    }


def test_a_client_that_does_not_read_is_let_go(serve: Serve) -> None:
    async def flood(scope: Any, receive: Any, send: Any) -> None:
        await accept(receive, send)
        with contextlib.suppress(OSError):
            while True:
                await send({"type": "websocket.send", "bytes": b"x" * 65536})

    watched = Watched(flood)
    with opened(serve(watched, write_timeout=0.1, websocket_deflate=False)):
        watched.wait()


def test_a_shutdown_tells_both_sides(serve: Serve) -> None:
    recorder = Recorder()
    served = serve(recorder)
    with opened(served) as client:
        client.send(frame(TEXT, b"hi"))
        assert take(client) == (TEXT, b"hi")
        served.on_loop(served.server.shutdown)
        assert take(client) == (CLOSE, b"\x03\xf4")
        client.send(close(1012))
        assert client.is_closed()
    served.wait_for(lambda: served.server.closed)
    assert recorder.messages[-1]["type"] == "websocket.disconnect"
    assert recorder.messages[-1]["code"] == 1012


def test_a_client_that_does_not_close_does_not_hold_up_the_shutdown(serve: Serve) -> None:
    served = serve(echo)
    with opened(served) as client:
        served.on_loop(served.server.shutdown)
        assert take(client)[0] == CLOSE
        assert client.is_closed()  # for writing; after a while, for good
        served.wait_for(lambda: served.server.closed)


def test_one_that_is_accepted_meanwhile_is_closed_at_once(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        served.server.shutdown()
        await echo(scope, receive, send)

    served = serve(application)
    with served.connect() as client:
        client.send(handshake())
        assert client.head().status == 101
        assert take(client) == (CLOSE, b"\x03\xf4")


def test_an_abort_leaves_nobody_waiting(serve: Serve) -> None:
    recorder = Recorder()
    served = serve(recorder)
    with opened(served) as client:
        served.on_loop(served.server.abort)
        assert client.is_closed()
    served.wait_for(lambda: served.server.closed)
    recorder.wait()
    assert recorder.messages[-1]["code"] == 1006
