"""What an application learns of a request, and when its client is gone."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.http2 import frames
from tests.http2.application import app
from tests.http2.fields import ask, block

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.connection.peers import Served
    from tests.http2.peer import Peer

    Serve = Callable[..., Served]
    Dial = Callable[..., Peer]

POST = ask(b"POST", b"/")


class Recorder:
    """Keeps what it receives, to the disconnect, and answers nothing."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.news = asyncio.Semaphore(0)
        self.over = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        while not self.messages or self.messages[-1]["type"] != "http.disconnect":
            self.messages.append(await receive())
            self.news.release()
        self.over.set()

    def received(self, served: Served) -> list[dict[str, Any]]:
        """All of it, once the application is told that the client is gone."""
        served.wait_for(self.over.wait)
        return self.messages

    @property
    def whole(self) -> list[dict[str, Any]]:
        """What would make a whole request."""
        return [m for m in self.messages if m["type"] == "http.request" and not m["more_body"]]


def test_the_scope(serve: Serve, dial: Dial) -> None:
    scopes: list[dict[str, Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        await app(scope, receive, send)

    served = serve(application, root_path="/api")
    peer = dial(served)
    peer.ask(1, ask(b"OPTIONS", b"/caf%C3%A9%2Fx?q=%41", (b"x-a", b"1"), (b"x-a", b"2")))
    (scope,) = scopes
    expected = {
        "type": "http",
        "http_version": "2",
        "server": served.listener.getsockname(),
        "client": peer.socket.getsockname(),
        "scheme": "http",
        "method": "OPTIONS",
        "root_path": "/api",
        "path": "/api/café/x",
        "raw_path": b"/api/caf%C3%A9%2Fx",
        "query_string": b"q=%41",
        "headers": [(b"host", b"test"), (b"x-a", b"1"), (b"x-a", b"2")],
    }
    assert {name: scope[name] for name in expected} == expected
    assert scope["asgi"]["version"] == "3.0"


def test_an_authority_comes_before_what_is_claimed(serve: Serve, dial: Dial) -> None:
    answer = dial(serve(app)).ask(1, ask(b"GET", b"/tell?x", (b"accept", b"a/b")))
    told = json.loads(answer.body)
    assert told["headers"][0] == ["host", "test"]
    assert (told["path"], told["query"], told["http_version"]) == ("/tell", "x", "2")


def test_content_arrives_in_pieces(serve: Serve, dial: Dial) -> None:
    recorder = Recorder()
    served = serve(recorder)
    peer = dial(served)
    peer.send(frames.headers(1, POST, end=False) + frames.data(1, b"abc"))
    served.wait_for(recorder.news.acquire)
    peer.send(frames.data(1, b"def", end=True))
    served.wait_for(recorder.news.acquire)
    peer.send(frames.reset(1))
    messages = recorder.received(served)
    assert b"".join(message.get("body", b"") for message in messages) == b"abcdef"
    assert [message["type"] for message in messages[-2:]] == ["http.request", "http.disconnect"]
    assert len(recorder.whole) == 1


@pytest.mark.parametrize("ends", [True, False])
def test_a_reset_is_a_disconnect(serve: Serve, dial: Dial, ends: bool) -> None:
    recorder = Recorder()
    served = serve(recorder)
    peer = dial(served)
    peer.send(frames.headers(1, POST, end=ends))
    if ends:
        served.wait_for(recorder.news.acquire)
    peer.send(frames.reset(1))
    recorder.received(served)
    assert len(recorder.whole) == ends
    peer.ping()
    assert not peer.goaways
    assert not peer.resets()


def test_the_end_of_the_connection_is_a_disconnect_for_all(serve: Serve, dial: Dial) -> None:
    over, entered = [asyncio.Event() for _ in range(5)], asyncio.Semaphore(0)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "http.request"
        entered.release()
        assert (await receive())["type"] == "http.disconnect"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        over[int(scope["path"][1:])].set()

    served = serve(application)
    peer = dial(served)
    for number in range(5):
        peer.send(frames.headers(2 * number + 1, ask(b"GET", b"/%d" % number)))
    for _ in range(5):
        served.wait_for(entered.acquire)
    peer.socket.close()
    for event in over:
        served.wait_for(event.wait)


WRONG = {
    "too little": frames.data(1, b"abc", end=True),
    "too much": frames.data(1, b"abcdef", end=True),
    "too much, in pieces": frames.data(1, b"abc") + frames.data(1, b"def"),
    "too little before a trailer": frames.data(1, b"abc")
    + frames.headers(1, block([(b"x-a", b"1")])),
    "a trailer that is no end": frames.data(1, b"abcde")
    + frames.headers(1, block([(b"x-a", b"1")]), end=False),
    "a trailer in upper case": frames.data(1, b"abcde") + frames.headers(1, block([(b"X", b"1")])),
    "a window that is too large": frames.data(1, b"abc") + frames.window_update(1, frames.GREATEST),
}


@pytest.mark.parametrize("rest", WRONG.values(), ids=WRONG)
def test_what_is_malformed_is_never_whole(serve: Serve, dial: Dial, rest: bytes) -> None:
    recorder = Recorder()
    served = serve(recorder)
    peer = dial(served)
    peer.send(frames.headers(1, ask(b"POST", b"/", (b"content-length", b"5")), end=False))
    peer.ping()
    peer.send(rest)
    recorder.received(served)
    assert not recorder.whole
    peer.ping()


def test_who_waits_no_longer_is_let_go(serve: Serve, dial: Dial) -> None:
    """What an application sends to a client that is gone goes nowhere, and is no error."""
    sent = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x" * 200_000})
        sent.set()

    served = serve(application)
    peer = dial(served)
    peer.send(frames.headers(1, POST) + frames.reset(1))
    served.wait_for(sent.wait)
    peer.ping()
    assert not peer.streams
