"""What an application answers, as HTTP/2 has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.connection.peers import body, start
from tests.connection.producer import InTwo
from tests.http2 import frames
from tests.http2.application import app, hello
from tests.http2.fields import GET, ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.connection.peers import Served
    from tests.http2.peer import Peer

    Serve = Callable[..., Served]
    Dial = Callable[..., Peer]


def saying(*messages: dict[str, Any]) -> Any:
    """An application that says this."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    return application


def test_fields_are_in_lower_case_and_in_order(serve: Serve, dial: Dial) -> None:
    headers = [(b"X-One", b"1"), (b"x-two", b" 2 "), (b"X-One", b"3"), (b"Set-Cookie", b"a"),
               (b"set-cookie", b"b")]  # fmt: skip
    answer = dial(serve(saying(start(201, headers), body(b"x")))).ask(1)
    assert answer.status == 201
    assert answer.all(b"x-one") == [b"1", b"3"]
    assert answer.get(b"x-two") == b"2"
    assert answer.all(b"set-cookie") == [b"a", b"b"]


def test_the_servers_own_fields(serve: Serve, dial: Dial) -> None:
    answer = dial(serve(app, headers=[(b"X-Extra", b"yes")])).ask(1)
    assert answer.all(b"server") == [b"jebi"]
    assert len(answer.all(b"date")) == 1
    assert answer.all(b"x-extra") == [b"yes"]


def test_fields_of_the_connection_stay_out(serve: Serve, dial: Dial) -> None:
    """RFC 9113 §8.2.2; applications that know HTTP/1.1 only go on working."""
    headers = [
        (b"Connection", b"keep-alive, x-a"),
        (b"Keep-Alive", b"timeout=5"),
        (b"Transfer-Encoding", b"chunked"),
        (b"Proxy-Connection", b"close"),
        (b"Upgrade", b"h2c"),
        (b"x-b", b"1"),
    ]
    answer = dial(serve(saying(start(200, headers), body(b"one", more=True), body(b"two")))).ask(1)
    assert answer.body == b"onetwo"
    assert answer.get(b"x-b") == b"1"


@pytest.mark.parametrize(
    ("name", "value"),
    [(b"x-a", b"a\r\nx-b: c"), (b"x-a", b"a\0"), (b"x\na", b"1"), (b"x a", b"1"), (b"", b"1"),
     (b":status", b"204"), (b":path", b"/")],
)  # fmt: skip
def test_fields_that_are_none_are_the_applications_error(
    serve: Serve, dial: Dial, name: bytes, value: bytes
) -> None:
    peer = dial(serve(saying(start(200, [(name, value)]), body(b"x"))))
    assert peer.ask(1).status == 500
    peer.ping()


@pytest.mark.parametrize("declared", [b"2", b"4"])
def test_an_answer_of_another_length_is_no_whole_answer(
    serve: Serve, dial: Dial, declared: bytes
) -> None:
    """RFC 9113 §8.1.1: the client must not take it for one."""
    headers = [(b"content-length", declared)]
    peer = dial(serve(saying(start(200, headers), body(b"a", more=True), body(b"bc"))))
    peer.send(frames.headers(1, GET))
    stream = peer.stream(1)
    peer.until(lambda: stream.ended or stream.reset is not None, "its end")
    assert stream.status == 500 or stream.reset == frames.INTERNAL_ERROR
    peer.ping()


def test_a_failure_before_the_answer(serve: Serve, dial: Dial) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("it had to")

    peer = dial(serve(application))
    assert peer.ask(1).status == 500
    assert peer.ask(3).status == 500, "the connection lives on"


def test_a_failure_within_the_answer(serve: Serve, dial: Dial) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/":
            await send(start())
            await send(body(b"begun", more=True))
            raise RuntimeError("it had to")
        await hello(scope, receive, send)

    peer = dial(serve(application))
    peer.send(frames.headers(1, GET))
    stream = peer.stream(1)
    peer.until(lambda: stream.ended or stream.reset is not None, "its end")
    assert (stream.ended, stream.reset) == (False, frames.INTERNAL_ERROR)
    assert peer.ask(3, ask(b"GET", b"/other")).body == b"hello"


@pytest.mark.parametrize("messages", [(), (start(),), (start(), body(b"a", more=True))])
def test_an_application_that_leaves_early(
    serve: Serve, dial: Dial, messages: tuple[dict[str, Any], ...]
) -> None:
    peer = dial(serve(saying(*messages)))
    peer.send(frames.headers(1, GET))
    stream = peer.stream(1)
    peer.until(lambda: stream.ended or stream.reset is not None, "its end")
    assert stream.status == 500 if stream.ended else stream.reset == frames.INTERNAL_ERROR
    peer.ping()


def test_content_leaves_as_it_is_said(serve: Serve, dial: Dial) -> None:
    application = InTwo()
    served = serve(application)
    peer = dial(served)
    peer.send(frames.headers(1, GET))
    peer.until(lambda: peer.stream(1).body == b"one", "the first piece")
    served.on_loop(application.go_on.set)
    assert peer.answer(1).body == b"onetwo"


def test_no_content_of_head(serve: Serve, dial: Dial) -> None:
    length = [(b"content-length", b"8")]
    application = saying(start(200, length), body(b"some", more=True), body(b"thing"[:4]))
    answer = dial(serve(application)).ask(1, ask(b"HEAD"))
    assert (answer.status, answer.get(b"content-length"), bytes(answer.body)) == (200, b"8", b"")


@pytest.mark.parametrize("status", [204, 304])
def test_no_content_where_there_is_none(serve: Serve, dial: Dial, status: int) -> None:
    answer = dial(serve(saying(start(status), body(b"nothing")))).ask(1)
    assert (answer.status, bytes(answer.body)) == (status, b"")
    assert answer.get(b"content-length") is None
