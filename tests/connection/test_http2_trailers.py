"""``http.response.trailers`` over HTTP/2: a head behind the body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.connection.peers import Served, body
from tests.connection.test_asgi_trailers import start, summing, with_both
from tests.connection.test_http2 import Peer

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Served]

TAKES = ("te", "trailers")


def test_a_client_that_takes_them_gets_them(serve: Serve) -> None:
    with Peer(serve(summing)) as peer:
        for stream in (1, 3):
            reply = peer.get(stream, TAKES)
            assert (reply.status, reply.body) == (200, b"hello")
            assert reply.heads[1:] == [[("x-sum", "5d41"), ("x-b", "1"), ("x-b", "2")]]


def test_a_body_with_a_length_may_have_them(serve: Serve) -> None:
    with Peer(serve(with_both)) as peer:
        reply = peer.get(1, TAKES)
        assert (reply.body, reply.get("content-length")) == (b"hello", "5")
        assert reply.heads[1:] == [[("x-sum", "5d41")]]


def test_others_get_the_body_alone(serve: Serve) -> None:
    with Peer(serve(summing)) as peer:
        reply = peer.get()
        assert (reply.body, len(reply.heads), reply.reset) == (b"hello", 1, None)


@pytest.mark.parametrize("more", [(), (TAKES,)])
def test_an_answer_that_stops_before_them_is_seen_to_be_cut(
    serve: Serve, more: tuple[tuple[str, str], ...]
) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        await send(body(b"hello"))

    with Peer(serve(application)) as peer:
        reply = peer.get(1, *more)
        assert (reply.ended, reply.reset is not None) == (False, True)
