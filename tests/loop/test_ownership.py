"""Who owns a socket's number. Here Jebi promises more than asyncio, so only Jebi is tested."""

from __future__ import annotations

import asyncio
import gc
import socket
import weakref
from typing import TYPE_CHECKING, Any

import pytest

import jebi.loop

if TYPE_CHECKING:
    from collections.abc import Iterator

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = jebi.loop.new_event_loop()
    yield made
    made.close()


class Collector(asyncio.Protocol):
    """Keeps what it gets until the connection is lost."""

    def __init__(self) -> None:
        self.data = b""
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self.data += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set_result(None)


def test_a_socket_stays_open_while_a_transport_uses_it(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    near, far = pair

    async def main() -> bytes:
        transport, protocol = await loop.create_connection(Collector, sock=near)
        near.close()
        assert near.fileno() >= 0
        transport.write(b"still here")
        assert await loop.sock_recv(far, 100) == b"still here"
        far.send(b"me too")
        far.shutdown(socket.SHUT_WR)
        await protocol.lost
        assert near.fileno() == -1
        return protocol.data

    assert loop.run_until_complete(main()) == b"me too"


def test_a_socket_stays_open_while_it_is_waited_for(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    near, far = pair

    async def main() -> bytes:
        waiting = asyncio.create_task(loop.sock_recv(near, 100))
        await asyncio.sleep(0)
        near.close()
        assert near.fileno() >= 0
        far.send(b"in time")
        data = await waiting
        assert near.fileno() == -1
        return data

    assert loop.run_until_complete(main()) == b"in time"


def test_a_lost_connection_leaves_nothing_behind(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    near, far = pair

    async def main() -> tuple[weakref.ref[Any], weakref.ref[Any]]:
        transport, protocol = await loop.create_connection(Collector, sock=near)
        far.close()
        await protocol.lost
        await asyncio.sleep(0)
        return weakref.ref(transport), weakref.ref(protocol)

    transport, protocol = loop.run_until_complete(main())
    gc.collect()
    assert transport() is None
    assert protocol() is None


def test_a_loop_that_is_collected_takes_its_transports_along(pair: Pair) -> None:
    near, _ = pair

    async def main() -> weakref.ref[Any]:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(Collector, sock=near)
        return weakref.ref(transport)

    loop = jebi.loop.new_event_loop()
    transport = loop.run_until_complete(main())
    gc.collect()
    assert transport() is not None
    loop.close()
    del loop
    gc.collect()
    assert transport() is None


def test_a_protocol_with_the_methods_of_a_buffered_one_is_buffered(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    class Buffered(asyncio.BaseProtocol):
        def __init__(self) -> None:
            self.memory = bytearray(100)
            self.updated: asyncio.Future[int] = loop.create_future()

        def get_buffer(self, _: int) -> bytearray:
            return self.memory

        def buffer_updated(self, nbytes: int) -> None:
            self.updated.set_result(nbytes)

    near, far = pair

    async def main() -> None:
        transport, protocol = await loop.create_connection(Buffered, sock=near)
        far.send(b"abc")
        assert await protocol.updated == 3
        assert protocol.memory[:3] == b"abc"
        transport.abort()
        await asyncio.sleep(0)

    loop.run_until_complete(main())


def test_a_slow_protocol_is_logged_in_debug_mode(
    loop: asyncio.AbstractEventLoop, pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    near, far = pair
    loop.set_debug(True)
    loop.slow_callback_duration = 0.0

    async def main() -> None:
        _, protocol = await loop.create_connection(Collector, sock=near)
        far.send(b"x")
        far.shutdown(socket.SHUT_WR)
        await protocol.lost

    loop.run_until_complete(main())
    lines = [record.getMessage() for record in caplog.records]
    assert any(line.startswith("Executing <SocketTransport ") for line in lines)
