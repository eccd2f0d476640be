"""Who owns a socket's number. Here Jebi promises more than asyncio, so only Jebi is tested."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import weakref
from typing import TYPE_CHECKING, Any

import pytest

import jebi.loop
from tests.loop.ours import ours  # noqa: F401  (the fixture loop)
from tests.loop.programs import check_program

if TYPE_CHECKING:
    from collections.abc import Callable

Pair = tuple[socket.socket, socket.socket]


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
    with pytest.warns(ResourceWarning, match="unclosed transport <SocketTransport"):
        gc.collect()
    assert transport() is None


def test_a_process_may_end_with_everything_open() -> None:
    check_program("""
import asyncio, socket
import jebi.loop

loop = jebi.loop.new_event_loop()
near, far = socket.socketpair()
opening = loop.create_connection(asyncio.Protocol, sock=near)
stream = loop.run_until_complete(opening)
opening = loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
datagrams = loop.run_until_complete(opening)
""")


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


def test_a_pipe_stays_open_while_a_transport_uses_it(loop: asyncio.AbstractEventLoop) -> None:
    reading, writing = os.pipe()

    async def main() -> bytes:
        with open(reading, "rb", 0) as reader:
            _, protocol = await loop.connect_read_pipe(Collector, reader)
        with open(os.devnull, "rb") as stranger:
            assert stranger.fileno() == reading
            os.write(writing, b"still here")
            os.close(writing)
            await protocol.lost
            await asyncio.sleep(0)
            assert stranger.read() == b""
        return protocol.data

    assert loop.run_until_complete(main()) == b"still here"


async def connect_both_ends(files: list[Any]) -> list[Any]:
    """Transports and protocols of a pipe's two ends."""
    loop = asyncio.get_running_loop()
    reading, writing = os.pipe()
    files += [os.fdopen(reading, "rb", 0), os.fdopen(writing, "wb", 0)]
    reader = await loop.connect_read_pipe(Collector, files[0])
    writer = await loop.connect_write_pipe(Collector, files[1])
    return [*reader, *writer]


def test_a_closed_pipe_leaves_nothing_behind(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> list[weakref.ref[Any]]:
        before = os.listdir("/proc/self/fd")
        both = await connect_both_ends([])
        _, read, writer, written = both
        writer.write(b"x")
        writer.close()
        await read.lost
        await written.lost
        await asyncio.sleep(0)
        assert os.listdir("/proc/self/fd") == before
        return [weakref.ref(each) for each in both]

    references = loop.run_until_complete(main())
    gc.collect()
    assert [reference() for reference in references] == [None] * 4


@pytest.mark.parametrize("in_a_cycle", [False, True])
def test_an_unclosed_pipe_is_warned_of(in_a_cycle: bool) -> None:
    files: list[Any] = []
    before = os.listdir("/proc/self/fd")
    loop = jebi.loop.new_event_loop()
    reader, read, writer, written = loop.run_until_complete(connect_both_ends(files))
    if not in_a_cycle:
        del read.transport, written.transport
    loop.close()
    assert repr(reader).endswith(" open>")
    assert repr(writer).endswith(" open>")
    left = [loop, reader, read, writer, written]
    del loop, reader, read, writer, written
    with pytest.warns(ResourceWarning, match="unclosed transport <(Read|Write)Pipe") as warned:
        _drop(left)
    assert len(warned) == 2
    assert [file.closed for file in files] == [True, True]
    assert os.listdir("/proc/self/fd") == before


def _drop(things: list[Any]) -> None:
    things.clear()
    gc.collect()


@pytest.mark.parametrize("in_a_cycle", [False, True])
def test_an_unclosed_transport_is_warned_of(
    factory: Callable[[], asyncio.AbstractEventLoop], in_a_cycle: bool
) -> None:
    near, far = socket.socketpair()
    number = near.fileno()
    loop = factory()
    transport, protocol = loop.run_until_complete(loop.create_connection(Collector, sock=near))
    if not in_a_cycle:
        del protocol.transport
    loop.close()
    left = [loop, transport, protocol]
    del loop, transport, protocol
    with pytest.warns(ResourceWarning, match=f"unclosed transport <.*fd={number}>") as warned:
        _drop(left)
    assert len(warned) == 1
    assert near.fileno() == -1
    with far:
        assert far.recv(1) == b""


def test_a_transport_that_is_closed_after_its_loop_is_closed(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    near, far = pair
    loop = jebi.loop.new_event_loop()
    transport, protocol = loop.run_until_complete(loop.create_connection(Collector, sock=near))
    loop.close()
    transport.close()
    assert near.fileno() == -1
    assert far.recv(1) == b""
    assert not protocol.lost.done()
