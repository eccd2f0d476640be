"""asyncio's stream readers: the engine feeds them itself where nobody can tell the difference."""

from __future__ import annotations

import asyncio
import gc
import socket
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from tests.loop.recorder import connect

if TYPE_CHECKING:
    from tests.loop.recorder import Pair

LIMIT = 100


async def open_stream(
    near: socket.socket,
    kind: type[asyncio.StreamReader] = asyncio.StreamReader,
) -> tuple[asyncio.StreamReader, Any]:
    """A reader of some kind and its transport."""
    loop = asyncio.get_running_loop()
    reader = kind(limit=LIMIT, loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport, _ = await connect(near, lambda: protocol)
    return reader, transport


async def close(transport: Any) -> None:
    transport.abort()
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def is_unread(sock: socket.socket) -> bool:
    """Whether the kernel holds data that nobody has read."""
    try:
        return bool(sock.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return False


def test_data_comes_in_pieces_and_together(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    async def main() -> None:
        near, far = pair
        reader, transport = await open_stream(near)
        far.send(b"one")
        assert await reader.read(10) == b"one"
        waiting = asyncio.ensure_future(reader.readexactly(6))
        for piece in (b"t", b"wo", b"thr"):
            await asyncio.sleep(0)
            far.send(piece)
        assert await waiting == b"twothr"
        far.send(b"ee\nfour\n")
        assert await reader.readline() == b"ee\n"
        assert await reader.readuntil(b"r") == b"four"
        far.close()
        assert await reader.read() == b"\n"
        assert reader.at_eof()
        await close(transport)

    loop.run_until_complete(main())


def test_a_reader_that_is_full_stops_its_transport(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    async def main() -> None:
        near, far = pair
        reader, transport = await open_stream(near)
        far.send(b"x" * (2 * LIMIT))
        await reader.readexactly(1)
        assert transport.is_reading()
        far.send(b"y" * 2)
        while transport.is_reading():
            await asyncio.sleep(0)
        far.send(b"z" * LIMIT)
        assert await reader.readexactly(2 * LIMIT - 1) == b"x" * (2 * LIMIT - 1)
        assert transport.is_reading()
        assert await reader.readexactly(2 + LIMIT) == b"yy" + b"z" * LIMIT
        await close(transport)

    loop.run_until_complete(main())


def test_a_cancelled_read_leaves_the_data(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    async def main() -> None:
        near, far = pair
        reader, transport = await open_stream(near)
        waiting = asyncio.ensure_future(reader.read(10))
        await asyncio.sleep(0)
        far.send(b"data")
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await reader.read(10) == b"data"
        await close(transport)

    loop.run_until_complete(main())


def test_data_for_a_reader_that_is_gone_is_dropped(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    async def main() -> None:
        near, far = pair
        reader, transport = await open_stream(near)
        gone = weakref.ref(reader)
        del reader
        gc.collect()
        assert gone() is None
        far.send(b"to nobody")
        while is_unread(near):
            await asyncio.sleep(0)
        assert not transport.is_closing()
        await close(transport)

    loop.run_until_complete(main())


def test_a_reader_with_ideas_of_its_own_is_called(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    class Shouting(asyncio.StreamReader):
        def feed_data(self, data: Any) -> None:
            super().feed_data(bytes(data).upper())

    async def main() -> None:
        near, far = pair
        reader, transport = await open_stream(near, Shouting)
        far.send(b"quiet")
        assert await reader.read(10) == b"QUIET"
        await close(transport)

    loop.run_until_complete(main())


@pytest.mark.parametrize(
    ("owner", "name"),
    [(asyncio.StreamReader, "feed_data"), (asyncio.StreamReaderProtocol, "data_received")],
)
def test_a_function_that_is_replaced_is_called(
    loop: asyncio.AbstractEventLoop,
    pair: Pair,
    monkeypatch: pytest.MonkeyPatch,
    owner: type,
    name: str,
) -> None:
    original = getattr(owner, name)
    seen: list[bytes] = []

    def replacement(self: Any, data: bytes) -> None:
        seen.append(data)
        original(self, data)

    async def main() -> None:
        near, far = pair
        reader, transport = await open_stream(near)
        far.send(b"before")
        assert await reader.read(10) == b"before"
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, replacement)
            far.send(b"during")
            assert await reader.read(10) == b"during"
        far.send(b"after")
        assert await reader.read(10) == b"after"
        await close(transport)

    loop.run_until_complete(main())
    assert seen == [b"during"]


def test_a_function_of_one_protocol_is_called(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    seen: list[bytes] = []

    async def main() -> None:
        near, far = pair
        reader = asyncio.StreamReader(loop=loop)
        protocol: Any = asyncio.StreamReaderProtocol(reader, loop=loop)
        protocol.data_received = seen.append
        transport, _ = await connect(near, lambda: protocol)
        far.send(b"data")
        while not seen:
            await asyncio.sleep(0)
        await close(transport)

    loop.run_until_complete(main())
    assert seen == [b"data"]


def test_a_buffer_that_somebody_looks_at_ends_the_connection(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    reported: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: reported.append(context))

    async def main() -> None:
        near, far = pair
        reader: Any
        reader, transport = await open_stream(near)
        far.send(b"data")
        while not reader._buffer:
            await asyncio.sleep(0)
        with memoryview(reader._buffer):
            far.send(b"more")
            while not transport.is_closing():
                await asyncio.sleep(0)
        with pytest.raises(BufferError):
            await reader.read()

    loop.run_until_complete(main())
    (context,) = reported
    assert context["message"] == "Fatal error: protocol.data_received() call failed."


def test_a_transport_that_cannot_be_stopped_is_forgotten(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    class Unstoppable:
        def pause_reading(self) -> None:
            raise NotImplementedError

    async def main() -> None:
        near, far = pair
        reader: Any
        reader, transport = await open_stream(near)
        reader._transport = Unstoppable()
        far.send(b"x" * (3 * LIMIT))
        while reader._transport is not None:
            await asyncio.sleep(0)
        assert await reader.readexactly(3 * LIMIT) == b"x" * (3 * LIMIT)
        await close(transport)

    loop.run_until_complete(main())
