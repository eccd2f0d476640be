"""Stopping: GOAWAY, and what is in flight finishes."""

from __future__ import annotations

import asyncio
import re
import signal
from typing import TYPE_CHECKING, Any

from tests.http2 import frames
from tests.http2.application import app, hello
from tests.http2.fields import ask
from tests.http2.peer import connect
from tests.server.harness import Command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.connection.peers import Served
    from tests.http2.peer import Peer

    Serve = Callable[..., Served]
    Dial = Callable[..., Peer]


class Gate:
    """An application that answers when it is told to."""

    def __init__(self) -> None:
        self.entered, self.opened = asyncio.Semaphore(0), asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.entered.release()
        if scope["path"] == "/echo":
            await app(scope, receive, send)
            return
        await self.opened.wait()
        await hello(scope, receive, send)


def told(peer: Peer) -> None:
    peer.until(lambda: bool(peer.goaways), "GOAWAY")
    assert {code for _, code in peer.goaways} == {frames.NO_ERROR}


def test_who_is_idle_is_told_and_let_go(serve: Serve, dial: Dial) -> None:
    served = serve(app)
    never_asked, has_asked = dial(served), dial(served)
    has_asked.ask(1)
    served.on_loop(served.server.shutdown)
    for peer in (never_asked, has_asked):
        peer.until_closed()
        told(peer)
    assert has_asked.goaways[-1][0] >= 1


def test_what_is_in_flight_is_answered(serve: Serve, dial: Dial) -> None:
    gate = Gate()
    served = serve(gate)
    peer = dial(served)
    for number in (1, 3, 5):
        peer.send(frames.headers(number, ask()))
        served.wait_for(gate.entered.acquire)
    served.on_loop(served.server.shutdown)
    told(peer)
    assert peer.goaways[0][0] >= 5
    served.on_loop(gate.opened.set)
    for number in (1, 3, 5):
        assert peer.answer(number).body == b"hello"
    peer.until_closed()
    assert peer.goaways[-1] == (5, frames.NO_ERROR)


def test_content_still_arrives(serve: Serve, dial: Dial) -> None:
    gate = Gate()
    served = serve(gate)
    peer = dial(served)
    peer.send(frames.headers(1, ask(b"POST", b"/echo"), end=False))
    served.wait_for(gate.entered.acquire)
    served.on_loop(served.server.shutdown)
    told(peer)
    peer.send(frames.data(1, b"later", end=True))
    assert peer.answer(1).body == b"later"
    peer.until_closed()


def test_a_request_that_crossed_the_message_is_answered_or_may_be_repeated(
    serve: Serve, dial: Dial
) -> None:
    gate = Gate()
    served = serve(gate)
    peer = dial(served)
    peer.send(frames.headers(1, ask()))
    served.wait_for(gate.entered.acquire)
    served.on_loop(served.server.shutdown)
    peer.send(frames.headers(3, ask(b"GET", b"/echo")))
    told(peer)
    served.on_loop(gate.opened.set)
    assert peer.answer(1).body == b"hello"
    peer.until_closed()
    last, _ = peer.goaways[-1]
    late = peer.stream(3)
    # At or below the last stream it was answered; above it, a client may send it anew.
    assert late.ended if last >= 3 else not late.fields
    assert late.reset in {None, frames.REFUSED_STREAM}


def test_a_client_that_asks_on_is_not_served_for_ever(serve: Serve, dial: Dial) -> None:
    gate = Gate()
    served = serve(gate)
    peer = dial(served)
    peer.send(frames.headers(1, ask()))
    served.wait_for(gate.entered.acquire)
    served.on_loop(served.server.shutdown)
    told(peer)
    peer.ping()
    for number in range(101, 201, 2):
        peer.send(frames.headers(number, ask(b"GET", b"/echo")))
    served.on_loop(gate.opened.set)
    peer.answer(1)
    peer.until_closed()


MODULE = """
import asyncio, os
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return
    print("entered", flush=True)
    while not os.path.exists("release"):
        await asyncio.sleep(0.01)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})
"""


def test_sigterm(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(MODULE)
    with Command(tmp_path, "run", "main:app", "--port", "0") as command:
        with connect(address(command)) as peer, connect(address(command)) as idle:
            peer.begin()
            idle.begin()
            for number in (1, 3, 5):
                peer.send(frames.headers(number, ask()))
            command.wait_for("^entered$", times=3)
            command.signal(signal.SIGTERM)
            told(peer)
            told(idle)
            (tmp_path / "release").touch()
            for number in (1, 3, 5):
                assert peer.answer(number).body == b"hello"
            peer.until_closed()
            idle.until_closed()
        assert command.wait() == -signal.SIGTERM
    assert not re.search("Traceback|ERROR", command.output)


def address(command: Command) -> tuple[str, int]:
    return "127.0.0.1", command.port
