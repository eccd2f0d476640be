"""A scripted WebSocket client: frames of bytes, sent and taken apart."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from tests.connection.peers import PATIENCE

if TYPE_CHECKING:
    from tests.connection.peers import Answer, Client, Served

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
MASK = b"\x37\xfa\x21\x3d"

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def handshake(path: bytes = b"/ws", *lines: bytes) -> bytes:
    head = [
        b"GET " + path + b" HTTP/1.1",
        b"Host: test",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Key: " + KEY,
        b"Sec-WebSocket-Version: 13",
        *lines,
    ]
    return b"\r\n".join(head) + b"\r\n\r\n"


def frame(opcode: int, payload: bytes = b"", *, first: int | None = None) -> bytes:
    """A client's frame: final, unless ``first`` says otherwise."""
    head = bytes([0x80 | opcode if first is None else first])
    if len(payload) < 126:
        head += bytes([0x80 | len(payload)])
    elif len(payload) < 1 << 16:
        head += b"\xfe" + len(payload).to_bytes(2)
    else:
        head += b"\xff" + len(payload).to_bytes(8)
    masked = bytes(byte ^ MASK[at % 4] for at, byte in enumerate(payload))
    return head + MASK + masked


def close(code: int, reason: str = "") -> bytes:
    return frame(CLOSE, code.to_bytes(2) + reason.encode())


def take(client: Client) -> tuple[int, bytes]:
    """The server's next frame: its opcode, with the bit of compression, and its payload."""
    first, second = client.take(2)
    assert first & 0x80, "the server does not fragment"
    assert not second & 0x80, "a server's frame has no mask"
    length = second
    if second == 126:
        length = int.from_bytes(client.take(2))
    elif second == 127:
        length = int.from_bytes(client.take(8))
    return first & 0x4F, client.take(length)


def opened(served: Served, *lines: bytes) -> Client:
    """A client whose handshake was accepted."""
    client = served.connect()
    answer = upgrade(client, *lines)
    assert answer.status == 101, answer
    return client


def upgrade(client: Client, *lines: bytes) -> Answer:
    client.send(handshake(b"/ws", *lines))
    return client.head()


async def accept(receive: Any, send: Any, **more: Any) -> None:
    assert await receive() == {"type": "websocket.connect"}
    await send({"type": "websocket.accept", **more})


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Sends back what comes until the client has left."""
    await accept(receive, send)
    while (message := await receive())["type"] == "websocket.receive":
        await send(message | {"type": "websocket.send"})


class Watched:
    """An application of which the test can tell when it is done."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._done = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self._application(scope, receive, send)
        finally:
            self._done.set()

    def wait(self) -> None:
        assert self._done.wait(PATIENCE)


class Recorder(Watched):
    """An echo that keeps every message it received."""

    def __init__(self) -> None:
        super().__init__(self._record)
        self.messages: list[dict[str, Any]] = []

    async def _record(self, scope: Any, receive: Any, send: Any) -> None:
        async def note() -> Any:
            self.messages.append(await receive())
            return self.messages[-1]

        await echo(scope, note, send)
