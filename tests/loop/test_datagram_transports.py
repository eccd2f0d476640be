"""Datagram transports: sending, flow control, errors, the end."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import errno
import socket
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.loop.test_datagrams import LOCAL, Recorder, close, endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

Pair = tuple[socket.socket, socket.socket]
variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")

# Datagrams without content count and are sent since this version.
counts_headers = pytest.mark.skipif(sys.version_info < (3, 13), reason="asyncio before 3.13")


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Two UDP sockets, connected to each other."""
    near = socket.socket(type=socket.SOCK_DGRAM)
    far = socket.socket(type=socket.SOCK_DGRAM)
    with near, far:
        near.bind(LOCAL)
        far.bind(LOCAL)
        near.connect(far.getsockname())
        far.connect(near.getsockname())
        far.settimeout(5)
        yield near, far


@pytest.fixture
def narrow() -> Iterator[Pair]:
    """Two Unix sockets: unlike UDP's, they make a sender wait for the receiver."""
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with near, far:
        far.settimeout(5)
        yield near, far


def test_what_can_be_sent(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    near, far = pair

    async def main() -> None:
        transport, protocol = await endpoint(sock=near)
        for data in (b"bytes", bytearray(b"bytearray"), memoryview(b"a view")):
            transport.sendto(data)
            assert far.recv(100) == data
        with pytest.raises(TypeError, match="data argument must be a bytes-like object, not 'str'"):
            transport.sendto("text")
        await close(protocol)

    loop.run_until_complete(main())


@counts_headers
def test_empty_datagrams(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    near, far = pair

    async def main() -> None:
        transport, protocol = await endpoint(sock=near)
        transport.sendto(b"")
        assert far.recv(100) == b""
        far.send(b"")
        assert await protocol.next() == (b"", far.getsockname())
        await close(protocol)

    loop.run_until_complete(main())


def test_the_only_address(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        server, received = await endpoint(local_addr=LOCAL)
        address = server.get_extra_info("sockname")
        client, sent = await endpoint(remote_addr=address)
        client.sendto(b"1", None)
        client.sendto(b"2", address)
        assert [(await received.next())[0] for _ in range(2)] == [b"1", b"2"]
        with pytest.raises(ValueError, match=r"Invalid address: must be None or \('127"):
            client.sendto(b"3", ("127.0.0.1", 1))
        await close(received, sent)

    loop.run_until_complete(main())


def test_many_datagrams_come_in_order_and_whole(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        server, received = await endpoint(local_addr=LOCAL)
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.bind(LOCAL)
            for number in range(100):
                sock.sendto(b"%d" % number * 10, server.get_extra_info("sockname"))
            for number in range(100):
                assert await received.next() == (b"%d" % number * 10, sock.getsockname())
        await close(received)

    loop.run_until_complete(main())


def test_what_a_datagram_schedules_comes_before_the_next_one(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    near, far = pair

    class Scheduling(Recorder):
        def datagram_received(self, data: bytes, addr: Any) -> None:
            self.told.append(data)
            loop.call_soon(self.tell, b"after " + data)

    async def main() -> None:
        _, protocol = await loop.create_datagram_endpoint(Scheduling, sock=near)
        protocol.told.clear()
        for data in (b"1", b"2", b"3"):
            far.send(data)
        told = [await protocol.next() for _ in range(6)]
        assert told == [b"1", b"after 1", b"2", b"after 2", b"3", b"after 3"]
        await close(protocol)

    loop.run_until_complete(main())


def test_nothing_comes_after_close_in_a_callback(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    near, far = pair

    class Closing(Recorder):
        def datagram_received(self, data: bytes, addr: Any) -> None:
            self.tell(data)
            self.transport.close()

    async def main() -> None:
        _, protocol = await loop.create_datagram_endpoint(Closing, sock=near)
        far.send(b"1")
        far.send(b"2")
        await protocol.lost
        assert protocol.told == ["made", b"1", "lost"]

    loop.run_until_complete(main())


def test_a_full_socket_makes_the_sender_wait(loop: asyncio.AbstractEventLoop, narrow: Pair) -> None:
    near, far = narrow

    async def main() -> None:
        # asyncio sends without an address only where the peer has a name.
        far.bind(b"\0jebi-%d" % id(far))
        transport, protocol = await endpoint(sock=near)
        transport.set_write_buffer_limits(high=3000, low=1000)
        count = 0
        while "pause" not in protocol.told:
            transport.sendto(b"%4d" % count * 250)
            count += 1
        waiting = transport.get_write_buffer_size()
        assert 3000 < waiting < 5100
        for number in range(count):
            assert await loop.sock_recv(far, 2000) == b"%4d" % number * 250
            await asyncio.sleep(0)
        assert await protocol.next() == "pause"
        assert await protocol.next() == "resume"
        await close(protocol)

    far.setblocking(False)
    loop.run_until_complete(main())


@counts_headers
def test_headers_count(loop: asyncio.AbstractEventLoop, narrow: Pair) -> None:
    near, far = narrow

    async def main() -> None:
        far.bind(b"\0jebi-%d" % id(far))
        transport, protocol = await endpoint(sock=near)
        while not transport.get_write_buffer_size():
            transport.sendto(b"12345")
        assert transport.get_write_buffer_size() == 13
        transport.sendto(b"")
        assert transport.get_write_buffer_size() == 21
        transport.abort()
        assert transport.get_write_buffer_size() in (0, 21)  # asyncio forgets to count down
        await protocol.lost

    loop.run_until_complete(main())


def test_the_limits_of_the_buffer(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    near, _ = pair

    async def main() -> None:
        transport, protocol = await endpoint(sock=near)
        assert transport.get_write_buffer_limits() == (16384, 65536)
        transport.set_write_buffer_limits(high=1000)
        assert transport.get_write_buffer_limits() == (250, 1000)
        with pytest.raises(ValueError, match="must be >= 0"):
            transport.set_write_buffer_limits(high=1, low=2)
        await close(protocol)

    loop.run_until_complete(main())


def test_what_is_buffered_is_sent_before_the_end(
    loop: asyncio.AbstractEventLoop, narrow: Pair
) -> None:
    near, far = narrow

    async def main() -> None:
        far.bind(b"\0jebi-%d" % id(far))
        transport, protocol = await endpoint(sock=near)
        count = 0
        while transport.get_write_buffer_size() < 5000:
            transport.sendto(b"x" * 1000)
            count += 1
        transport.close()
        assert transport.is_closing()
        assert not protocol.lost.done()
        for _ in range(count):
            assert len(await loop.sock_recv(far, 2000)) == 1000
        assert await protocol.lost is None

    far.setblocking(False)
    loop.run_until_complete(main())


def test_abort_drops_what_is_buffered(loop: asyncio.AbstractEventLoop, narrow: Pair) -> None:
    near, far = narrow

    async def main() -> int:
        far.bind(b"\0jebi-%d" % id(far))
        transport, protocol = await endpoint(sock=near)
        count = 0
        while transport.get_write_buffer_size() < 5000:
            transport.sendto(b"x" * 1000)
            count += 1
        transport.abort()
        transport.abort()
        transport.close()
        assert await protocol.lost is None
        assert protocol.told == ["lost"]
        return count

    count = loop.run_until_complete(main())
    far.setblocking(False)
    arrived = 0
    with contextlib.suppress(BlockingIOError):
        while far.recv(2000):
            arrived += 1
    assert 0 < arrived < count


def test_errors_of_the_network_are_told(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as nobody:
            nobody.bind(LOCAL)
            address = nobody.getsockname()
        transport, protocol = await endpoint(remote_addr=address)
        transport.sendto(b"is anybody there?")
        error = await protocol.next()
        assert isinstance(error, ConnectionRefusedError)
        assert error.errno == errno.ECONNREFUSED
        # It goes on all the same.
        with socket.socket(type=socket.SOCK_DGRAM) as somebody:
            somebody.bind(address)
            transport.sendto(b"and now?")
            somebody.sendto(b"yes", transport.get_extra_info("sockname"))
            assert await protocol.next() == (b"yes", address)
        transport.sendto(b"x" * 70000)
        assert isinstance(await protocol.next(), OSError)
        await close(protocol)

    loop.run_until_complete(main())


def test_an_exception_of_the_protocol_does_not_hurt(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    near, far = pair
    reported: list[Any] = []

    class Raising(Recorder):
        def datagram_received(self, data: bytes, addr: Any) -> None:
            super().datagram_received(data, addr)
            raise LookupError(data)

    async def main() -> None:
        loop.set_exception_handler(lambda _, context: reported.append(context))
        _, protocol = await loop.create_datagram_endpoint(Raising, sock=near)
        protocol.told.clear()
        for data in (b"1", b"2"):
            far.send(data)
            assert (await protocol.next())[0] == data
        await close(protocol)

    loop.run_until_complete(main())
    assert [context["exception"].args for context in reported] == [(b"1",), (b"2",)]


def test_an_exit_of_the_protocol_ends_the_run(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    near, far = pair

    class Leaving(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: Any) -> None:
            raise SystemExit(3)

    transport, _ = loop.run_until_complete(loop.create_datagram_endpoint(Leaving, sock=near))
    far.send(b"x")
    with pytest.raises(SystemExit):
        loop.run_forever()
    transport.close()
    loop.run_until_complete(asyncio.sleep(0))


def test_sending_to_a_closed_transport_is_ignored_and_then_warned_of(
    loop: asyncio.AbstractEventLoop, pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    _, far = pair

    async def main() -> None:
        transport, protocol = await endpoint(remote_addr=far.getsockname())
        await close(protocol)
        for _ in range(10):
            transport.sendto(b"late")
        transport.abort()
        transport.close()

    loop.run_until_complete(main())
    assert caplog.messages[0] == "socket.send() raised exception."
    assert 5 <= len(caplog.messages) <= 6


def test_a_transport_changes_hands(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    near, far = pair

    async def main() -> None:
        transport, protocol = await endpoint(sock=near)
        assert transport.get_protocol() is protocol
        other = Recorder()
        transport.set_protocol(other)
        far.send(b"to the other")
        assert (await other.next())[0] == b"to the other"
        transport.close()
        assert await other.lost is None
        assert transport.get_protocol() is None
        assert protocol.told == []

    loop.run_until_complete(main())


def test_callbacks_run_in_the_context_of_the_opening(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    near, far = pair
    seen: list[str] = []

    class Looking(Recorder):
        def datagram_received(self, data: bytes, addr: Any) -> None:
            seen.append(variable.get())
            super().datagram_received(data, addr)

    async def main() -> None:
        variable.set("of the opening")
        _, protocol = await loop.create_datagram_endpoint(Looking, sock=near)
        protocol.told.clear()
        variable.set("of the opener, later")
        far.send(b"x")
        await protocol.next()
        await close(protocol)

    loop.run_until_complete(main())
    assert seen == ["of the opening"]


def test_nobody_else_may_watch_a_transports_socket(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    near, _ = pair

    async def main() -> None:
        _, protocol = await endpoint(sock=near)
        with pytest.raises(RuntimeError, match="is used by transport"):
            loop.add_reader(near.fileno(), print)
        await close(protocol)

    loop.run_until_complete(main())


def test_repr(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    near, _ = pair

    async def main() -> None:
        transport, protocol = await endpoint(sock=near)
        fd = near.fileno()
        assert f"fd={fd} read=polling write=<idle, bufsize=0>>" in repr(transport)
        transport.close()
        assert f" closing fd={fd} read=idle write=<idle, bufsize=0>>" in repr(transport)
        await protocol.lost
        assert repr(transport).endswith(f" closed fd={fd}>")

    loop.run_until_complete(main())
