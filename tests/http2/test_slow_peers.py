"""Nobody outruns anybody: bounded memory for slow readers and for slow applications."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tests.connection.peers import body, start
from tests.connection.producer import Producer, settled
from tests.http2 import frames
from tests.http2.application import app
from tests.http2.fields import ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.connection.peers import Served
    from tests.http2.peer import Peer

    Serve = Callable[..., Served]
    Dial = Callable[..., Peer]

MUCH = 32_000_000


def test_a_producer_waits_for_its_window(serve: Serve, dial: Dial) -> None:
    producer = Producer("/endless", app)
    served = serve(producer)
    peer = dial(served, (frames.INITIAL_WINDOW_SIZE, 20_000))
    peer.send(frames.headers(1, ask(b"GET", b"/endless")))
    peer.until(lambda: len(peer.stream(1).body) == 20_000, "its window")
    first = settled(served, lambda: producer.sent)
    assert first < 2_000_000, "more is buffered than anybody asked for"
    assert peer.ask(3).body == b"hello", "the others do not notice"
    peer.grant(1, 30_000)
    peer.until(lambda: len(peer.stream(1).body) == 50_000, "its window")
    assert first <= settled(served, lambda: producer.sent) < 2_000_000
    peer.send(frames.reset(1))
    served.wait_for(producer.stopped.wait)
    peer.ping()


def test_an_answer_that_nobody_wants_any_more_holds_nobody_up(serve: Serve, dial: Dial) -> None:
    """Request and reset come together, so the producer begins when the stream is gone already."""
    producer = Producer("/endless", app)
    served = serve(producer)
    peer = dial(served)
    peer.send(frames.headers(1, ask(b"GET", b"/endless")) + frames.reset(1, frames.CANCEL))
    assert peer.ask(3).body == b"hello"
    served.wait_for(producer.stopped.wait)
    assert producer.sent < 2_000_000


def test_producers_without_windows_are_bounded_each(serve: Serve, dial: Dial) -> None:
    producer = Producer("/endless", app)
    served = serve(producer)
    peer = dial(served, (frames.INITIAL_WINDOW_SIZE, 0))
    numbers = range(1, 101, 2)
    peer.send(b"".join(frames.headers(n, ask(b"GET", b"/endless")) for n in numbers))
    peer.until(lambda: all(peer.stream(n).fields for n in numbers), "fifty beginnings")
    assert settled(served, lambda: producer.sent) < 50 * 1_000_000


def test_who_opens_windows_and_reads_nothing(serve: Serve, dial: Dial) -> None:
    """The socket holds it up where the windows do not."""
    producer = Producer("/endless", app)
    served = serve(producer)
    peer = dial(served, (frames.INITIAL_WINDOW_SIZE, frames.GREATEST))
    peer.grant(0, frames.GREATEST - frames.DEFAULT_WINDOW)
    peer.send(frames.headers(1, ask(b"GET", b"/endless")))
    assert settled(served, lambda: producer.sent) < MUCH
    with_others = dial(served)
    assert with_others.ask(1).body == b"hello"
    peer.send(frames.reset(1))
    peer.ping()  # takes what is there, so that the reset is heard
    served.wait_for(producer.stopped.wait)


def test_who_asks_and_reads_nothing(serve: Serve, dial: Dial) -> None:
    """Answers that nobody collects are not made without end; who goes on asking is sent away."""
    served_requests = 0

    async def application(scope: Any, receive: Any, send: Any) -> None:
        nonlocal served_requests
        served_requests += 1
        await send(start())
        await send(body(b"x" * 100_000))

    served = serve(application)
    peer = dial(served, (frames.INITIAL_WINDOW_SIZE, frames.GREATEST))
    peer.grant(0, frames.GREATEST - frames.DEFAULT_WINDOW)
    peer.socket.setblocking(False)
    number, pending = 1, b""
    try:
        while number < 200_000:
            pending = frames.headers(number, ask())
            peer.socket.send(pending)  # small, so all of it or nothing
            number += 2
    except (BlockingIOError, ConnectionResetError, BrokenPipeError):
        pass
    count = settled(served, lambda: served_requests)
    assert count < 1000, "100 KB each are kept for somebody who reads nothing"
    assert dial(served).ask(1, ask(b"HEAD")).status == 200


def test_a_slow_application_is_not_flooded(serve: Serve, dial: Dial) -> None:
    go_on = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await go_on.wait()
        await app(scope, receive, send)

    served = serve(application)
    peer = dial(served)
    peer.send(frames.headers(1, ask(b"POST", b"/count"), end=False))
    peer.ping()
    initial = peer.settings.get(frames.INITIAL_WINDOW_SIZE, frames.DEFAULT_WINDOW)
    room = min(initial, frames.DEFAULT_WINDOW + peer.opened_window.get(0, 0))
    sent = 0
    while sent < room:
        piece = bytes(min(room - sent, frames.DEFAULT_FRAME_SIZE))
        peer.send(frames.data(1, piece))
        sent += len(piece)
    peer.ping()
    assert not peer.opened_window.get(1), "nobody has read anything"
    served.on_loop(go_on.set)
    peer.until(lambda: peer.opened_window.get(1, 0) > 0, "an open window")
    peer.send(frames.data(1, end=True))
    assert peer.answer(1).body == b"%d" % sent


def test_a_slow_stream_leaves_room_for_others(serve: Serve, dial: Dial) -> None:
    """A stream whose application does not read cannot use up the connection's window for good."""
    peer = dial(serve(app))
    peer.ping()
    initial = peer.settings.get(frames.INITIAL_WINDOW_SIZE, frames.DEFAULT_WINDOW)
    connection = frames.DEFAULT_WINDOW + peer.opened_window.get(0, 0)
    assert connection >= 2 * initial or initial <= frames.DEFAULT_WINDOW
    peer.send(frames.headers(1, ask(b"POST", b"/"), end=False))
    assert peer.answer(1).body == b"hello"
