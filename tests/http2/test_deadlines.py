"""Bodies have their deadlines by stream: what else the connection carries changes nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.http2 import frames
from tests.http2.application import app
from tests.http2.fields import ECHO, ask
from tests.http2.peer import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.connection.peers import Served
    from tests.http2.peer import Peer, Stream

    Serve = Callable[..., Served]
    Dial = Callable[..., Peer]


def is_over(stream: Stream) -> bool:
    return stream.ended or stream.reset is not None


def test_a_slow_upload_is_shed_alone(serve: Serve, dial: Dial) -> None:
    peer = dial(serve(app, body_timeout=0.3, body_rate=10_000))
    slow, steady = peer.stream(1), peer.stream(3)
    peer.send(frames.headers(1, ECHO, end=False) + frames.headers(3, ECHO, end=False))
    number, sent, end = 5, 0, time.monotonic() + PATIENCE
    while not is_over(slow):
        assert time.monotonic() < end, "a slow upload lives off the others"
        peer.send(frames.data(1, b"x") + frames.data(3, bytes(1000)))
        sent += 1000
        peer.send(frames.headers(number, ECHO, end=False) + frames.data(number, b"y", end=True))
        assert peer.answer(number).body == b"y"
        number += 2
        for window in (0, 3):
            peer.grant(window, 2000)
    assert slow.status == 408
    peer.until(lambda: slow.reset == frames.NO_ERROR, "word that the rest is not wanted")
    assert not is_over(steady)
    peer.send(frames.data(3, end=True))
    assert len(peer.answer(3).body) == sent


def test_an_answer_that_waits_for_its_client_lets_no_upload_rest(serve: Serve, dial: Dial) -> None:
    peer = dial(serve(app, body_timeout=0.05), (frames.INITIAL_WINDOW_SIZE, 0))
    peer.send(frames.headers(1, ask(b"GET", b"/large?100000")))
    peer.send(frames.headers(3, ECHO, end=False))
    peer.grant(3, 1000)
    assert peer.answer(3).status == 408
    assert peer.stream(1).status == 200
    assert not is_over(peer.stream(1))


def test_an_application_may_let_a_body_wait(serve: Serve, dial: Dial) -> None:
    peer = dial(serve(app, body_timeout=0.05))
    peer.send(frames.headers(1, ask(b"POST", b"/ignore"), end=False))
    peer.send(frames.headers(3, ECHO, end=False))
    assert peer.answer(3).status == 408
    assert not is_over(peer.stream(1))
