"""Streams of one connection take turns: a large answer does not hold up what is asked after it."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from tests.connection.producer import Producer
from tests.http2 import frames
from tests.http2.application import app
from tests.http2.fields import ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.connection.peers import Served
    from tests.http2.peer import Peer

    Serve = Callable[..., Served]
    Dial = Callable[..., Peer]

LARGE = 24_000_000
SOON = 1_500_000
"""What may be on its way already: in the kernels of both sides, and in the output."""


def open_wide(dial: Dial, served: Served) -> Peer:
    """A peer whose windows hold nobody up, and that leaves little in its kernel."""
    peer = dial(served, (frames.INITIAL_WINDOW_SIZE, frames.GREATEST))
    peer.grant(0, frames.GREATEST - frames.DEFAULT_WINDOW)
    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    return peer


def share(peer: Peer) -> int:
    """Asks for something beside a large answer that is on its way; how much of that has come then.

    What the kernel had taken of it while it was alone leaves first, once.
    """
    peer.until(lambda: len(peer.stream(1).body) > SOON, "the beginning")
    assert peer.ask(3).body == b"hello"
    before = len(peer.stream(1).body)
    assert before < LARGE * 3 // 4
    return before


def test_a_small_answer_overtakes_a_large_one(serve: Serve, dial: Dial) -> None:
    peer = open_wide(dial, serve(app))
    peer.send(frames.headers(1, ask(b"GET", b"/large?%d" % LARGE)))
    before = share(peer)
    for number in (5, 7, 9):
        assert peer.ask(number).body == b"hello"
    assert len(peer.stream(1).body) - before < SOON
    assert len(peer.answer(1).body) == LARGE


def test_a_small_answer_overtakes_one_that_is_being_made(serve: Serve, dial: Dial) -> None:
    producer = Producer("/endless", app)
    served = serve(producer)
    peer = open_wide(dial, served)
    peer.send(frames.headers(1, ask(b"GET", b"/endless")))
    before = share(peer)
    for number in (5, 7, 9):
        assert peer.ask(number).body == b"hello"
    assert len(peer.stream(1).body) - before < 2 * SOON
    peer.send(frames.reset(1))
    served.wait_for(producer.stopped.wait)


def test_bodies_arrive_while_a_large_answer_leaves(serve: Serve, dial: Dial) -> None:
    peer = open_wide(dial, serve(app))
    peer.send(frames.headers(1, ask(b"GET", b"/large?%d" % LARGE)))
    before = share(peer)
    peer.send(frames.headers(5, ask(b"POST", b"/count"), end=False))
    for _ in range(3):
        peer.send(frames.data(5, bytes(10_000)))
    peer.send(frames.data(5, end=True))
    assert peer.answer(5).body == b"30000"
    assert len(peer.stream(1).body) - before < SOON


def test_large_answers_leave_side_by_side(serve: Serve, dial: Dial) -> None:
    peer = open_wide(dial, serve(app))
    numbers = (1, 3, 5)
    question = ask(b"GET", b"/large?%d" % (LARGE // 4))
    peer.send(b"".join(frames.headers(number, question) for number in numbers))
    peer.until(lambda: any(peer.stream(number).ended for number in numbers), "a whole answer")
    shares = [len(peer.stream(number).body) for number in numbers]
    assert min(shares) > LARGE // 4 - SOON, shares
