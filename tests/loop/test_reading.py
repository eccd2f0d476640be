"""Reading from a stream transport."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

from tests.loop.recorder import Recorder, connect, drive, receive_all

if TYPE_CHECKING:
    from tests.loop.recorder import Pair


def test_reading_can_be_paused(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    async def scenario(transport: Any, protocol: Recorder, far: socket.socket) -> None:
        assert transport.is_reading()
        transport.pause_reading()
        transport.pause_reading()
        assert not transport.is_reading()
        far.send(b"later")
        for _ in range(3):
            await asyncio.sleep(0)
        assert protocol.told == ["made"]
        transport.resume_reading()
        transport.resume_reading()
        assert transport.is_reading()
        await protocol.until(lambda: b"later" in protocol.told)
        transport.close()
        assert not transport.is_reading()

    drive(loop, pair, scenario)


def test_reading_can_be_paused_from_the_start(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    class Paused(Recorder):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            self.transport.pause_reading()

    async def main() -> list[Any]:
        near, far = pair
        far.send(b"early")
        transport, protocol = await connect(near, lambda: Paused(loop))
        for _ in range(3):
            await asyncio.sleep(0)
        assert protocol.told == ["made"]
        transport.resume_reading()
        await protocol.until(lambda: b"early" in protocol.told)
        transport.close()
        await protocol.lost
        told: list[Any] = protocol.told
        return told

    assert loop.run_until_complete(main()) == ["made", b"early", "lost"]


def test_the_end_of_input_closes(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    async def scenario(transport: Any, protocol: Recorder, far: socket.socket) -> None:
        far.send(b"last")
        far.shutdown(socket.SHUT_WR)
        assert await protocol.lost is None
        assert transport.is_closing()

    assert drive(loop, pair, scenario).told == ["made", b"last", "eof", "lost"]


def test_a_protocol_may_go_on_writing_after_the_end_of_input(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    async def scenario(transport: Any, protocol: Recorder, far: socket.socket) -> None:
        far.shutdown(socket.SHUT_WR)
        await protocol.until(lambda: "eof" in protocol.told)
        await asyncio.sleep(0)
        assert not transport.is_closing()
        transport.write(b"answer")
        assert await receive_all(far, 6) == b"answer"

    assert drive(loop, pair, scenario, keep_open=True).told == ["made", "eof", "lost"]


def test_buffered_protocols_give_their_own_memory(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    class Buffered(asyncio.BufferedProtocol):
        def __init__(self) -> None:
            self.memory = bytearray(4)
            self.data = b""
            self.done: asyncio.Future[bytes] = loop.create_future()

        def get_buffer(self, sizehint: int) -> bytearray:
            assert sizehint == -1
            return self.memory

        def buffer_updated(self, nbytes: int) -> None:
            self.data += self.memory[:nbytes]

        def eof_received(self) -> None:
            self.done.set_result(self.data)

    async def main() -> bytes:
        near, far = pair
        _transport, protocol = await connect(near, Buffered)
        far.send(b"a longer message")
        far.shutdown(socket.SHUT_WR)
        data: bytes = await protocol.done
        await asyncio.sleep(0)
        return data

    assert loop.run_until_complete(main()) == b"a longer message"


def test_an_empty_buffer_of_a_protocol_is_an_error(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    reported: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: reported.append(context))
    lost: asyncio.Future[Exception | None] = loop.create_future()

    class Empty(asyncio.BufferedProtocol):
        def get_buffer(self, sizehint: int) -> bytearray:
            return bytearray()

        def connection_lost(self, exc: Exception | None) -> None:
            lost.set_result(exc)

    async def main() -> Exception | None:
        near, far = pair
        await connect(near, Empty)
        far.send(b"x")
        return await lost

    assert isinstance(loop.run_until_complete(main()), RuntimeError)
    assert reported[0]["message"] == "Fatal error: protocol.get_buffer() call failed."
