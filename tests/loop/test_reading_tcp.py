"""Reading from TCP, of which Jebi's loop is told once: it has to know by itself if it has all."""

from __future__ import annotations

import _thread
import asyncio
import socket
import struct
from typing import TYPE_CHECKING, Any

import pytest

from tests.loop.recorder import Gatherer, Notes, Recorder, connect, drive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.loop.recorder import Pair

MUCH = bytes(range(256)) * (8 << 10)


def tcp_pair(listener: socket.socket) -> Pair:
    far = socket.create_connection(listener.getsockname())
    far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    near, _ = listener.accept()
    near.setblocking(False)
    return near, far


@pytest.fixture
def pair(listener: socket.socket) -> Iterator[Pair]:
    """Two ends of a connection, of which only the near one does not block."""
    listener.setblocking(True)
    near, far = tcp_pair(listener)
    with near, far:
        yield near, far


def test_the_end_comes_with_the_last_data(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    async def scenario(_: Any, protocol: Recorder, far: socket.socket) -> None:
        far.send(b"last")
        far.shutdown(socket.SHUT_WR)
        assert await protocol.lost is None

    assert drive(loop, pair, scenario).told == ["made", b"last", "eof", "lost"]


def test_everything_is_there_before_the_transport(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    pair[1].send(b"early")
    pair[1].shutdown(socket.SHUT_WR)

    async def scenario(_: Any, protocol: Recorder, __: socket.socket) -> None:
        assert await protocol.lost is None

    assert drive(loop, pair, scenario).told == ["made", b"early", "eof", "lost"]


def test_a_reset_comes_with_the_last_data(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    async def scenario(_: Any, protocol: Recorder, far: socket.socket) -> None:
        far.send(b"last")
        far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        far.close()
        assert isinstance(await protocol.lost, ConnectionResetError)

    told = drive(loop, pair, scenario).told
    assert told[-1] == "lost"


def test_reads_stop_at_urgent_data_but_go_on_after_it(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    async def main() -> bytes:
        near, far = pair
        far.send(b"before")
        far.send(b"!", socket.MSG_OOB)
        far.send(b"after")
        transport, protocol = await connect(near, Gatherer)
        received: bytes = await protocol.until_received(11)
        transport.close()
        await protocol.lost
        return received

    assert loop.run_until_complete(main()) == b"beforeafter"


class Small(Notes, asyncio.BufferedProtocol):
    """Has room for a few bytes at a time."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.memory = bytearray(room)
        self.received = bytearray()

    def get_buffer(self, sizehint: int) -> bytearray:
        return self.memory

    def buffer_updated(self, nbytes: int) -> None:
        self.received += self.memory[:nbytes]
        self._changed.set()


@pytest.mark.parametrize("room", [1, 7, 4096])
def test_a_small_buffer_gets_everything(
    loop: asyncio.AbstractEventLoop, pair: Pair, room: int
) -> None:
    data = MUCH[: room * 100 + 1]

    async def main() -> bytes:
        near, far = pair
        transport, protocol = await connect(near, lambda: Small(room))
        await loop.run_in_executor(None, far.sendall, data)
        await protocol.until(lambda: len(protocol.received) >= len(data))
        transport.close()
        await protocol.lost
        return bytes(protocol.received)

    assert loop.run_until_complete(main()) == data


def test_much_comes_in_many_reads(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    async def main() -> bytes:
        near, far = pair
        transport, protocol = await connect(near, Gatherer)
        await loop.run_in_executor(None, far.sendall, MUCH)
        received: bytes = await protocol.until_received(len(MUCH))
        transport.close()
        await protocol.lost
        return received

    assert loop.run_until_complete(main()) == MUCH


def test_another_callback_of_the_iteration_pauses(
    loop: asyncio.AbstractEventLoop, listener: socket.socket, pair: Pair
) -> None:
    """Whichever of two is first keeps the other one from its data, which has been reported."""
    listener.setblocking(True)
    both: list[Pausing] = []

    class Pausing(Recorder):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            for other in both:
                if other is not self and not other.told[1:]:
                    other.transport.pause_reading()
                    loop.call_later(0, other.transport.resume_reading)

    async def main(*pairs: Pair) -> None:
        for near, _ in pairs:
            both.append((await connect(near, lambda: Pausing(loop)))[1])
        for _, far in pairs:
            far.send(b"data")
        for protocol in both:
            await protocol.until_told(b"data")
            protocol.transport.close()
            await protocol.lost

    second = tcp_pair(listener)
    with second[0], second[1]:
        loop.run_until_complete(main(pair, second))


@pytest.mark.usefixtures("heeds_control_c")
def test_an_interrupt_loses_nothing(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    near, far = pair
    transport, protocol = loop.run_until_complete(connect(near, lambda: Recorder(loop)))
    # Both are done in one iteration; the next one sees the data and then the interrupt.
    loop.call_soon(far.send, b"data")
    loop.call_soon(_thread.interrupt_main)
    with pytest.raises(KeyboardInterrupt):
        loop.run_forever()
    loop.run_until_complete(protocol.until_told(b"data"))
    transport.close()
    loop.run_until_complete(protocol.lost)


def test_an_exit_before_the_data_was_taken_loses_nothing(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    class Leaving(Small):
        left = False

        def get_buffer(self, sizehint: int) -> bytearray:
            if not self.left:
                self.left = True
                raise SystemExit
            return super().get_buffer(sizehint)

    async def start() -> Any:
        return await connect(pair[0], lambda: Leaving(100))

    transport, protocol = loop.run_until_complete(start())
    pair[1].send(b"data")
    with pytest.raises(SystemExit):
        loop.run_forever()
    loop.run_until_complete(protocol.until(lambda: protocol.received == b"data"))
    transport.close()
    loop.run_until_complete(protocol.lost)
