"""What an application may say to a client that has left."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from tests.connection.peers import GET, Served, body, hello, start
from tests.connection.websockets import Watched, handshake
from tests.http2 import frames
from tests.http2.fields import GET as GET2
from tests.http2.peer import connect

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Served]

PIECE = b"x" * 1000


def leave_http1(served: Served) -> None:
    with served.connect() as client:
        client.send(GET)
        assert client.head().status == 200


def leave_http2(served: Served) -> None:
    with connect(served.listener.getsockname()) as peer:
        peer.begin()
        peer.send(frames.headers(1, GET2))
        peer.until(lambda: peer.stream(1).status == 200, "an answer")
        peer.send(frames.reset(1))
        peer.ping()


def leave_handshake(served: Served) -> None:
    with served.connect() as client:
        client.send(handshake())
        assert client.head().status == 403


@pytest.fixture(params=[leave_http1, leave_http2])
def leave(request: pytest.FixtureRequest) -> Callable[[Served], None]:
    chosen: Callable[[Served], None] = request.param
    return chosen


def test_an_answer_without_end_is_stopped(
    serve: Serve, leave: Callable[[Served], None], caplog: pytest.LogCaptureFixture
) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        while True:
            await send(body(PIECE, more=True))

    watched = Watched(application)
    with caplog.at_level(logging.INFO, "jebi.error"):
        served = serve(watched)
        leave(served)
        watched.wait()
        assert served.ask(b"GET / HTTP/1.1\r\n\r\n").status == 400, "the server lives"
    assert "Exception" not in caplog.text, "what send says is no news to anybody"


def test_an_answer_that_ends_is_left_in_peace(
    serve: Serve, leave: Callable[[Served], None]
) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        await send(body(PIECE, more=True))
        while (await receive())["type"] != "http.disconnect":
            pass
        for _ in range(50):
            await send(body(PIECE, more=True))
        await send(body())
        ended.append(True)

    ended: list[bool] = []
    watched = Watched(application)
    leave(serve(watched))
    watched.wait()
    assert ended


def test_what_goes_wrong_afterwards_is_told(
    serve: Serve, leave: Callable[[Served], None], caplog: pytest.LogCaptureFixture
) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        try:
            while True:
                await send(body(PIECE, more=True))
        except OSError as error:
            raise ValueError("on purpose") from error

    watched = Watched(application)
    with caplog.at_level(logging.ERROR, "jebi.error"):
        served = serve(watched)
        leave(served)
        watched.wait()
        served.on_loop(lambda: None)
    assert "ValueError: on purpose" in caplog.text


def test_a_denial_without_end_is_stopped(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.http.response.start", "status": 403, "headers": []})
        while True:
            await send({"type": "websocket.http.response.body", "body": PIECE, "more_body": True})

    watched = Watched(application)
    with caplog.at_level(logging.ERROR, "jebi.error"):
        served = serve(watched)
        leave_handshake(served)
        watched.wait()
        served.on_loop(lambda: None)
    assert "Exception" not in caplog.text


def test_others_are_served_meanwhile(serve: Serve) -> None:
    """Whoever sends in vain lets others run."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/other":
            await hello(scope, receive, send)
            return
        await send(start())
        for _ in range(90):
            await send(body(PIECE * 100, more=True))

    watched = Watched(application)
    served = serve(watched)
    leave_http1(served)
    assert served.ask(b"GET /other HTTP/1.1\r\nHost: test\r\n\r\n").body == b"hello"
    watched.wait()
