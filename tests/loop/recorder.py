"""Protocols that note what they are told, and a transport driven from the other end of a pair."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Pair = tuple[socket.socket, socket.socket]


class Notes(asyncio.BaseProtocol):
    """What every kind of protocol is told, noted so that a test can wait for it."""

    # No wait of a test takes this many seconds unless something is broken.
    PATIENCE = 10

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        loop = loop or asyncio.get_running_loop()
        self.told: list[Any] = []
        self.transport: Any = None
        self.lost: asyncio.Future[Exception | None] = loop.create_future()
        self._changed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.tell("made")

    def pause_writing(self) -> None:
        self.tell("pause")

    def resume_writing(self) -> None:
        self.tell("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        self.tell("lost")
        self.lost.set_result(exc)

    def tell(self, what: Any) -> None:
        self.told.append(what)
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Returns as soon as the condition holds after something was told."""
        async with asyncio.timeout(self.PATIENCE):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def until_told(self, what: Any) -> None:
        await self.until(lambda: what in self.told)


class Recorder(Notes, asyncio.Protocol):
    """Notes each piece that it receives."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop | None = None, keep_open: bool = False
    ) -> None:
        super().__init__(loop)
        self.keep_open = keep_open

    def data_received(self, data: bytes) -> None:
        assert type(data) is bytes
        self.tell(data)

    def eof_received(self) -> bool:
        self.tell("eof")
        return self.keep_open


class Gatherer(Notes, asyncio.Protocol):
    """Notes that it receives, and keeps what."""

    def __init__(self) -> None:
        super().__init__()
        self.received = bytearray()

    def data_received(self, data: bytes) -> None:
        assert type(data) is bytes
        assert data
        self.received += data
        if self.told[-1:] != ["data"]:
            self.told.append("data")
        self._changed.set()

    def eof_received(self) -> None:
        self.tell("eof")

    async def until_received(self, count: int) -> bytes:
        await self.until(lambda: len(self.received) >= count)
        return bytes(self.received)


async def connect(
    sock: socket.socket, protocol: Callable[[], asyncio.BaseProtocol]
) -> tuple[Any, Any]:
    # asyncio names TCP and Unix, and takes any connected stream socket.
    loop = asyncio.get_running_loop()
    return await loop.create_connection(protocol, sock=sock)


def drive(
    loop: asyncio.AbstractEventLoop,
    pair: Pair,
    scenario: Callable[[Any, Recorder, socket.socket], Awaitable[None]],
    *,
    keep_open: bool = False,
) -> Recorder:
    """Opens a transport on one end, runs the scenario, closes and returns what was told."""

    async def main() -> Recorder:
        near, far = pair
        transport, protocol = await connect(near, lambda: Recorder(loop, keep_open))
        await scenario(transport, protocol, far)
        transport.close()
        await protocol.lost
        told: Recorder = protocol
        return told

    return loop.run_until_complete(main())


async def receive_all(far: socket.socket, size: int) -> bytes:
    loop = asyncio.get_running_loop()
    data = b""
    while len(data) < size:
        piece = await loop.sock_recv(far, 1 << 20)
        if not piece:
            break
        data += piece
    return data
