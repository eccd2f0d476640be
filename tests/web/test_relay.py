"""What stands between a middleware's ``send`` and that of what is below it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jebi._engine import add_fields, edit_send, has_started, watch_send

Message = dict[str, Any]


class Sent:
    """A ``send`` that keeps what it gets."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    async def __call__(self, message: Any) -> None:
        self.messages.append(message)


def start(*headers: tuple[bytes, bytes]) -> Message:
    return {"type": "http.response.start", "status": 200, "headers": list(headers)}


def body() -> Message:
    return {"type": "http.response.body", "body": b""}


def send_all(send: Any, *messages: Any) -> None:
    async def run() -> None:
        for message in messages:
            await send(message)

    asyncio.run(run())


def test_an_answer_that_is_watched() -> None:
    sent = Sent()
    send = watch_send(sent)
    hint = {"type": "http.response.early_hint", "links": []}
    send_all(send, hint)
    assert not has_started(send)
    messages = [start(), body(), start()]
    send_all(send, *messages)
    assert has_started(send)
    assert sent.messages == [hint, *messages]
    assert all(got is given for got, given in zip(sent.messages[1:], messages, strict=True))


def test_watching_twice_costs_nothing_until_something_is_sent() -> None:
    send = watch_send(Sent())
    assert watch_send(send) is send
    send_all(send, start())
    again = watch_send(send)
    assert again is not send
    assert not has_started(again)


def test_a_send_that_nobody_watches() -> None:
    assert not has_started(Sent())
    send = edit_send(Sent(), lambda _: None)
    assert not has_started(print)  # type: ignore[arg-type]  # no send at all
    assert watch_send(send) is not send


def test_it_begins_though_it_fails() -> None:
    async def refuse(message: Any) -> None:
        raise OSError(message["type"])

    send = watch_send(refuse)
    with pytest.raises(OSError, match="start"):
        send_all(send, start())
    assert has_started(send)


def test_editing_sees_each_start_and_nothing_else() -> None:
    sent = Sent()
    seen: list[Any] = []
    send = edit_send(sent, seen.append)
    first, second = start(), start()
    send_all(send, first, body(), second)
    assert seen == [first, second]

    def fail(_: Any) -> None:
        raise LookupError

    sent.messages.clear()
    with pytest.raises(LookupError):
        send_all(edit_send(sent, fail), start())
    assert sent.messages == []


def test_fields_are_set_and_vary_is_extended() -> None:
    sent = Sent()
    send = add_fields(sent, [("X-One", "1"), ("Vary-Not", "é")], "Origin")
    message = start((b"x-one", b"old"), (b"vary", b"Cookie"), (b"x-one", b"older"))
    headers = message["headers"]
    send_all(send, message)
    assert message["headers"] == [
        (b"x-one", b"1"),
        (b"vary", b"Cookie, Origin"),
        (b"vary-not", "é".encode("latin-1")),
    ]
    assert len(headers) == 3, "the application's own list is left as it was"
    bare = {"type": "http.response.start", "status": 200}
    send_all(add_fields(sent, [], "Origin"), bare)
    assert bare["headers"] == [(b"vary", b"Origin")]
    in_a_tuple = {"type": "http.response.start", "status": 200, "headers": ((b"a", b"b"),)}
    send_all(add_fields(sent, [], "Origin"), in_a_tuple)
    assert in_a_tuple["headers"] == [(b"a", b"b"), (b"vary", b"Origin")]


def test_a_field_that_is_no_header() -> None:
    sent = Sent()
    with pytest.raises(UnicodeEncodeError):
        send_all(add_fields(sent, [("x", "€")], "Origin"), start())
    assert sent.messages == []


def test_it_takes_one_message() -> None:
    send: Any = watch_send(Sent())
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'message'"):
        send()
    with pytest.raises(TypeError, match="takes 1 positional argument but 2 were given"):
        send(1, 2)
    with pytest.raises(TypeError, match="unexpected keyword argument 'other'"):
        send(other=1)


def test_the_message_by_its_name() -> None:
    sent = Sent()
    send: Any = watch_send(sent)
    asyncio.run(send(message=body()))
    assert sent.messages == [body()]


def test_a_message_that_is_none() -> None:
    send: Any = watch_send(Sent())
    with pytest.raises(KeyError, match="type"):
        send({})
    with pytest.raises(TypeError):
        send(5)
