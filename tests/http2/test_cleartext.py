"""HTTP/1.1 and HTTP/2 on one port, by what the client says first."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.http2 import frames
from tests.http2.application import app
from tests.http2.fields import ECHO, GET
from tests.http2.peer import connect

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.connection.peers import Served
    from tests.http2.peer import Peer

    Serve = Callable[..., Served]
    Dial = Callable[..., Peer]

UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
)


def test_both_on_one_port(serve: Serve, dial: Dial) -> None:
    served = serve(app)
    assert served.ask().body == b"hello"
    assert dial(served).ask(1).body == b"hello"
    assert served.ask(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na").body == b"a"


def test_one_of_them_may_be_off(serve: Serve) -> None:
    served = serve(app, http2=False)
    assert served.ask().body == b"hello"
    assert served.ask(frames.PREFACE).status == 505


def test_an_upgrade_is_declined(serve: Serve) -> None:
    """RFC 9113 §3.1: "h2c" is obsolete; who upgrades to it is answered in HTTP/1.1."""
    with serve(app).connect() as client:
        answer = client.ask(UPGRADE)
        assert (answer.status, answer.body) == (200, b"hello")
        assert answer.get("upgrade") is None
        assert client.ask().body == b"hello"


def test_the_preface_comes_first_or_never(serve: Serve) -> None:
    """In the middle of an HTTP/1.1 connection it is a request of a version that is not spoken."""
    with serve(app).connect() as client:
        assert client.ask().body == b"hello"
        client.send(frames.PREFACE + frames.settings())
        assert client.answer().status in {400, 505}
        client.rest()


@pytest.mark.parametrize("length", [1, 3, 4, 10, 16, 18, 23])
def test_a_preface_in_two_pieces(serve: Serve, length: int) -> None:
    served = serve(app)
    with connect(served.listener.getsockname()) as peer:
        peer.send(frames.PREFACE[:length])
        served.on_loop(lambda: None)
        peer.send(frames.PREFACE[length:] + frames.settings())
        peer.send(frames.headers(1, GET))
        assert peer.answer(1).body == b"hello"


@pytest.mark.parametrize("method", [b"PRI", b"PROPFIND", b"PRIVATE", b"P"])
def test_methods_that_begin_alike_are_http1(serve: Serve, method: bytes) -> None:
    served = serve(app)
    with served.connect() as client:
        for byte in method + b" / HTTP/1.1\r\nHost: test\r\n\r\n":
            client.send(bytes([byte]))
        assert client.answer().status == 200


def test_a_preface_that_never_ends_has_a_deadline(serve: Serve) -> None:
    with serve(app, header_timeout=0.1).connect() as client:
        client.send(frames.PREFACE[:20])
        client.rest()


def test_settings_that_never_come_have_a_deadline(serve: Serve) -> None:
    with connect(serve(app, header_timeout=0.1).listener.getsockname()) as peer:
        peer.send(frames.PREFACE)
        peer.until_closed()


def test_who_asks_nothing_has_a_deadline(serve: Serve, dial: Dial) -> None:
    """As long as an idle connection of HTTP/1.1; pings alone do not keep it open for ever."""
    served = serve(app, keep_alive_timeout=0.2)
    peer = dial(served)
    peer.ask(1)
    peer.until_closed()
    assert [code for _, code in peer.goaways] == [frames.NO_ERROR]


def test_a_connection_in_use_has_none(serve: Serve, dial: Dial) -> None:
    peer = dial(serve(app, keep_alive_timeout=0.6))
    end = time.monotonic() + 1.5
    number = 1
    while time.monotonic() < end:  # each pause is shorter than the deadline, all are longer
        peer.ask(number)
        number += 2


def test_a_field_block_that_never_ends_has_a_deadline(serve: Serve, dial: Dial) -> None:
    peer = dial(serve(app, header_timeout=0.2))
    peer.send(frames.headers(1, GET[:2], complete=False))
    peer.until_closed()


def test_content_that_stops_has_a_deadline(serve: Serve, dial: Dial) -> None:
    """Only its own stream ends; the connection and the others live on."""
    peer = dial(serve(app, body_timeout=0.2))
    peer.send(frames.headers(1, ECHO, end=False) + frames.data(1, b"a"))
    stream = peer.stream(1)
    peer.until(lambda: stream.ended or stream.reset is not None, "its end")
    assert stream.reset is not None or stream.status == 408
    peer.check_life()
