"""A frame that breaks the rules ends a WebSocket, behind the answers to what came before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.connection.websockets import (
    CLOSE,
    PING,
    TEXT,
    Recorder,
    accept,
    echo,
    frame,
    opened,
    take,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.connection.peers import Served

    Serve = Callable[..., Served]

WRONG: dict[str, tuple[bytes, int]] = {
    "a reserved bit": (frame(TEXT, b"x", first=0xA1), 1002),
    "a reserved opcode": (frame(3), 1002),
    "a continuation of nothing": (frame(0, b"x"), 1002),
    "a fragmented ping": (frame(PING, b"", first=PING), 1002),
    "no mask": (b"\x81\x01x", 1002),
    "text that is none": (frame(TEXT, b"\xff"), 1007),
    "a message too long": (frame(TEXT, b"x" * 101), 1009),
}


@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize("case", WRONG)
def test_what_came_before_it_is_answered_first(serve: Serve, case: str, count: int) -> None:
    wrong, code = WRONG[case]
    with opened(serve(echo, websocket_message_limit=100)) as client:
        client.send(frame(TEXT, b"hello") * count + wrong + frame(PING))
        assert [take(client) for _ in range(count)] == [(TEXT, b"hello")] * count
        opcode, payload = take(client)
        assert (opcode, payload[:2]) == (CLOSE, code.to_bytes(2, "big"))
        assert client.is_closed()


def test_the_application_hears_of_it_behind_the_messages(serve: Serve) -> None:
    recorder = Recorder()
    with opened(serve(recorder)) as client:
        client.send(frame(TEXT, b"a") + frame(TEXT, b"b") + frame(3))
        while take(client)[0] != CLOSE:
            pass
    recorder.wait()
    told = [message.get("text") or message.get("code") for message in recorder.messages]
    assert told[-3:] == ["a", "b", 1002]


def test_an_application_that_closes_instead_is_not_contradicted(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await accept(receive, send)
        await receive()
        await send({"type": "websocket.close", "code": 4000})

    with opened(serve(application)) as client:
        client.send(frame(TEXT, b"a") + frame(3))
        assert take(client) == (CLOSE, b"\x0f\xa0")
        assert client.is_closed()
