"""Many streams on one connection: none waits for another, and none is forgotten."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tests.http2 import frames
from tests.http2.application import answer, app, read
from tests.http2.fields import ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.connection.peers import Served
    from tests.http2.peer import Peer

    Serve = Callable[..., Served]
    Dial = Callable[..., Peer]

HUNDRED = range(1, 201, 2)


def test_a_hundred_at_once(serve: Serve, dial: Dial) -> None:
    """All of them are in the application before one is answered."""
    inside, everyone = 0, asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        nonlocal inside
        inside += 1
        if inside == 100:
            everyone.set()
        await everyone.wait()
        await answer(send, scope["path"].encode())

    served = serve(application)
    peer = dial(served)
    peer.send(b"".join(frames.headers(n, ask(b"GET", b"/%d" % n)) for n in HUNDRED))
    for number in HUNDRED:
        assert peer.answer(number).body == b"/%d" % number
    assert served.on_loop(lambda: served.server.total_requests) == 100


def test_answers_come_in_any_order(serve: Serve, dial: Dial) -> None:
    gates = {number: asyncio.Event() for number in HUNDRED}

    async def application(scope: Any, receive: Any, send: Any) -> None:
        number = int(scope["path"][1:])
        await gates[number].wait()
        await answer(send, scope["path"].encode())
        gates.get(number - 2, asyncio.Event()).set()

    served = serve(application)
    peer = dial(served)
    peer.send(b"".join(frames.headers(n, ask(b"GET", b"/%d" % n)) for n in HUNDRED))
    peer.ping()
    assert not peer.streams
    served.on_loop(gates[199].set)
    peer.answer(1)
    assert list(peer.streams) == [1, *reversed(HUNDRED[1:])]


def test_content_in_turns(serve: Serve, dial: Dial) -> None:
    peer = dial(serve(app))
    numbers = range(1, 41, 2)
    for number in numbers:
        peer.send(frames.headers(number, ask(b"POST", b"/echo"), end=False))
    for turn in range(20):
        last = turn == 19
        peer.send(b"".join(frames.data(n, b"%d," % (n * turn), end=last) for n in numbers))
    for number in numbers:
        expected = b"".join(b"%d," % (number * turn) for turn in range(20))
        assert peer.answer(number).body == expected


def test_a_large_answer_does_not_hold_up_a_small_one(serve: Serve, dial: Dial) -> None:
    peer = dial(serve(app), (frames.INITIAL_WINDOW_SIZE, 50_000))
    peer.grant(0, 10_000_000)
    peer.send(frames.headers(1, ask(b"GET", b"/large?9000000")))
    peer.until(lambda: len(peer.stream(1).body) == 50_000, "its window")
    assert peer.ask(3).body == b"hello"
    assert not peer.stream(1).ended


def test_answers_share_the_connections_window(serve: Serve, dial: Dial) -> None:
    """No stream takes all of what is granted bit by bit."""
    peer = dial(serve(app), (frames.INITIAL_WINDOW_SIZE, 1 << 20))
    for number in (1, 3, 5):
        peer.send(frames.headers(number, ask(b"GET", b"/large?300000")))
    peer.ping()
    for _ in range(30):
        peer.grant(0, 16_384)
        peer.ping()
    assert all(peer.stream(number).body for number in (1, 3, 5)), peer


def test_many_one_after_the_other(serve: Serve, dial: Dial) -> None:
    """A connection lives long: streams that are over leave nothing that would add up."""
    served = serve(app)
    peer = dial(served)
    for begin in range(1, 6001, 100):
        numbers = range(begin, begin + 100, 2)
        peer.send(b"".join(frames.headers(n, ask()) for n in numbers))
        peer.grant(0, 250)
        for number in numbers:
            assert peer.answer(number).body == b"hello"
    assert served.on_loop(lambda: served.server.requests_in_flight) == 0


def test_an_answer_while_content_comes(serve: Serve, dial: Dial) -> None:
    """Both directions at once."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while (message := await receive())["type"] == "http.request":
            more = message["more_body"]
            await send({"type": "http.response.body", "body": message["body"], "more_body": more})
            if not more:
                return

    peer = dial(serve(application))
    peer.send(frames.headers(1, ask(b"POST", b"/"), end=False))
    stream = peer.stream(1)
    for turn in range(50):
        peer.send(frames.data(1, b"%d," % turn))
        peer.until(lambda: stream.body.endswith(b"%d," % turn), "the echo")  # noqa: B023 - called at once
    peer.send(frames.data(1, end=True))
    peer.answer(1)


def test_a_failure_stays_on_its_stream(serve: Serve, dial: Dial) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        data = await read(receive)
        if data == b"fail":
            raise RuntimeError("it had to")
        await answer(send, data or b"")

    peer = dial(serve(application))
    for number, data in ((1, b"one"), (3, b"fail"), (5, b"five")):
        peer.send(frames.headers(number, ask(b"POST", b"/"), end=False))
        peer.send(frames.data(number, data, end=True))
    assert peer.answer(1).body == b"one"
    assert peer.answer(3).status == 500
    assert peer.answer(5).body == b"five"


def test_few_of_many_requests_that_are_reset_reach_the_application(
    serve: Serve, dial: Dial
) -> None:
    """Rapid reset, CVE-2023-44487: what an application is made to begin is bounded."""
    begun = 0

    async def application(scope: Any, receive: Any, send: Any) -> None:
        nonlocal begun
        begun += 1
        await app(scope, receive, send)

    served = serve(application)
    peer = dial(served)
    wait = ask(b"POST", b"/wait")
    for begin in range(1, 20_000, 200):
        numbers = range(begin, begin + 200, 2)
        peer.send(b"".join(frames.headers(n, wait) + frames.reset(n) for n in numbers))
        if peer.has_hung_up():
            break
    peer.until_closed()
    assert served.on_loop(lambda: begun) <= 500
