"""Bodies that come faster than the application reads them."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import threading
from typing import TYPE_CHECKING, Any

from tests.connection.peers import body, start

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.connection.peers import Client, Served

    Serve = Callable[..., Served]

MIB = 1 << 20
PIECE = 64 * 1024
"""What is read at a time of a body that is not fast."""
CONTENT = b"".join(number.to_bytes(8) for number in range(16 * MIB // 8))
HEAD = b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n" % len(CONTENT)


class Hasher:
    """Waits for its gate, then answers with the hash of the body."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.pieces: list[int] = []
        self.turns = 0
        self.messages: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.gate.wait()
        counting = asyncio.create_task(self.count())
        digest, more = hashlib.sha256(), True
        while more:
            message = await receive()
            self.messages.append(message["type"])
            digest.update(message.get("body", b""))
            self.pieces.append(len(message.get("body", b"")))
            more = message.get("more_body", False)
        counting.cancel()
        await send(start())
        await send(body(digest.hexdigest().encode()))

    async def count(self) -> None:
        """Counts how often the loop comes round."""
        while True:
            await asyncio.sleep(0)
            self.turns += 1


def send_behind(served: Served, client: Client, app: Hasher) -> threading.Thread:
    """Has the kernel's buffers full before the application reads, and sends the rest then."""
    client.send(HEAD)
    client.socket.setblocking(False)
    sent = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            sent += client.socket.send(CONTENT[sent : sent + MIB])
    client.socket.settimeout(10)
    thread = threading.Thread(target=client.send, args=[CONTENT[sent:]])
    thread.start()
    served.on_loop(app.gate.set)
    return thread


def test_they_are_read_in_large_pieces_and_whole(serve: Serve) -> None:
    app = Hasher()
    served = serve(app)
    with served.connect() as client:
        sending = send_behind(served, client, app)
        assert client.answer().body == hashlib.sha256(CONTENT).hexdigest().encode()
        sending.join(10)
    assert sum(app.pieces) == len(CONTENT)
    assert PIECE < max(app.pieces) <= 512 * 1024


def test_others_have_their_turn(serve: Serve) -> None:
    """An application that always finds more would otherwise never let go of the loop."""
    app = Hasher()
    served = serve(app)
    with served.connect() as client:
        sending = send_behind(served, client, app)
        assert client.answer().status == 200
        sending.join(10)
    assert app.turns >= len(CONTENT) // (2 * MIB)


def test_the_client_that_leaves_is_missed(serve: Serve) -> None:
    app = Hasher()
    served = serve(app)
    with served.connect() as client:
        client.send(HEAD + CONTENT[: MIB // 2])
        client.finish()
        served.on_loop(app.gate.set)
        assert client.rest() == b""
    served.wait_for(lambda: settled(app))
    assert app.messages[-1] == "http.disconnect"


async def settled(app: Hasher) -> None:
    async with asyncio.timeout(10):
        while "http.disconnect" not in app.messages:
            await asyncio.sleep(0)
