"""``http.response.trailers`` over HTTP/2: a head behind the body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.connection.peers import body
from tests.connection.test_asgi_trailers import start, summing, with_both
from tests.http2 import frames
from tests.http2.fields import GET, ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.connection.peers import Served
    from tests.http2.peer import Peer

    Serve = Callable[..., Served]
    Dial = Callable[..., Peer]

TAKES = ask(b"GET", b"/", (b"te", b"trailers"))


def test_a_client_that_takes_them_gets_them(serve: Serve, dial: Dial) -> None:
    peer = dial(serve(summing))
    for number in (1, 3):
        answer = peer.ask(number, TAKES)
        assert (answer.status, bytes(answer.body)) == (200, b"hello")
        assert answer.trailers == [(b"x-sum", b"5d41"), (b"x-b", b"1"), (b"x-b", b"2")]


def test_a_body_with_a_length_may_have_them(serve: Serve, dial: Dial) -> None:
    answer = dial(serve(with_both)).ask(1, TAKES)
    assert (bytes(answer.body), answer.get(b"content-length")) == (b"hello", b"5")
    assert answer.trailers == [(b"x-sum", b"5d41")]


def test_others_get_the_body_alone(serve: Serve, dial: Dial) -> None:
    answer = dial(serve(summing)).ask(1)
    assert (bytes(answer.body), answer.trailers) == (b"hello", None)


@pytest.mark.parametrize("block", [GET, TAKES])
def test_an_answer_that_stops_before_them_is_seen_to_be_cut(
    serve: Serve, dial: Dial, block: bytes
) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        await send(body(b"hello"))

    peer = dial(serve(application))
    peer.send(frames.headers(1, block))
    peer.until(lambda: peer.stream(1).reset is not None, "its end")
    assert not peer.stream(1).ended
