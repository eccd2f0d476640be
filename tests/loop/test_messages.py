"""Messages as long as the one before, whose memory the loop uses again if nobody has kept it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.loop.recorder import Recorder, connect

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Callable

    from tests.loop.recorder import Pair

COUNT = 6


def exchange(
    loop: asyncio.AbstractEventLoop, pair: Pair, size: int, use: Callable[[bytes], object]
) -> None:
    """Sends messages of one size, one after the other, each to be used where it is received."""

    class Protocol(Recorder):
        def data_received(self, data: bytes) -> None:
            use(data)
            self.tell(sum(isinstance(one, int) for one in self.told) + 1)

    async def main(near: socket.socket, far: socket.socket) -> None:
        transport, protocol = await connect(near, lambda: Protocol(loop))
        for number in range(COUNT):
            far.send(message(number, size))
            await protocol.until_told(number + 1)
        transport.close()
        await protocol.lost

    loop.run_until_complete(main(*pair))


def message(number: int, size: int) -> bytes:
    return bytes([number]) * size


@pytest.mark.parametrize("size", [1, 479, 480, 1024, 32 * 1024])
def test_what_is_kept_stays_what_it_is(
    loop: asyncio.AbstractEventLoop, pair: Pair, size: int
) -> None:
    kept: list[bytes] = []

    def keep_every_other(data: bytes) -> None:
        if data[0] % 2:
            kept.append(data)

    exchange(loop, pair, size, keep_every_other)
    assert kept == [message(number, size) for number in range(1, COUNT, 2)]


def test_views_keep_a_message(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    views: list[memoryview] = []
    exchange(loop, pair, 1024, lambda data: views.append(memoryview(data)[1:]))
    assert views == [message(number, 1023) for number in range(COUNT)]


def test_each_message_has_its_own_hash(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    hashes: list[int] = []
    exchange(loop, pair, 1024, lambda data: hashes.append(hash(data)))
    assert hashes == [hash(message(number, 1024)) for number in range(COUNT)]


def test_errors_keep_a_message(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    """The traceback of an exception has the frame, and the frame has the message."""
    errors: list[Exception] = []

    def fail(data: bytes) -> None:
        try:
            raise ValueError(len(data))
        except ValueError as error:
            errors.append(error)

    exchange(loop, pair, 1024, fail)
    frames: list[Any] = [error.__traceback__ for error in errors]
    assert [frame.tb_frame.f_locals["data"] for frame in frames] == [
        message(number, 1024) for number in range(COUNT)
    ]
