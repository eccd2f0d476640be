"""WebSocket messages that come in one piece, and the answers to them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tests.connection.websockets import TEXT, accept, echo, frame, opened, take

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.connection.peers import Served

    Serve = Callable[..., Served]

MESSAGES = [f"message {number}".encode() for number in range(100)]
BURST = b"".join(frame(TEXT, message) for message in MESSAGES)


def test_every_one_is_answered_in_order(serve: Serve) -> None:
    with opened(serve(echo)) as client:
        for _ in range(3):
            client.send(BURST)
            assert [take(client) for _ in MESSAGES] == [(TEXT, message) for message in MESSAGES]


def test_an_answer_leaves_though_its_application_leaves_the_others_waiting(serve: Serve) -> None:
    gone = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await accept(receive, send)
        message = await receive()
        await send(message | {"type": "websocket.send"})
        await gone.wait()
        await send({"type": "websocket.send", "text": "later"})
        assert (await receive())["text"] == MESSAGES[1].decode()

    served = serve(application)
    with opened(served) as client:
        client.send(BURST)
        assert take(client) == (TEXT, MESSAGES[0])
        served.on_loop(gone.set)
        assert take(client) == (TEXT, b"later")
