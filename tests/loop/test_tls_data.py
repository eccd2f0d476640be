"""Data through TLS: both ways, in every size, and no faster than it is taken."""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
from typing import Any

import pytest

import jebi.loop
from tests.loop.recorder import Gatherer
from tests.loop.tls import PATIENCE, Thread, accepting, receive_exactly

Contexts = tuple[ssl.SSLContext, ssl.SSLContext]
MEGABYTE = 1024 * 1024


@pytest.fixture
def contexts(server_context: ssl.SSLContext, client_context: ssl.SSLContext) -> Contexts:
    """The server's and the client's."""
    return server_context, client_context


async def connected(contexts: Contexts) -> tuple[Any, Gatherer, Any, Gatherer]:
    """A client's transport and protocol, and the server's."""
    loop = asyncio.get_running_loop()
    far, near = socket.socketpair()
    accepted, opened = await asyncio.gather(
        loop.connect_accepted_socket(Gatherer, far, ssl=contexts[0]),
        loop.create_connection(Gatherer, sock=near, ssl=contexts[1], server_hostname="localhost"),
    )
    return (*opened, *accepted)


async def close(*connections: Any) -> None:
    for transport in connections[::2]:
        transport.close()
    for protocol in connections[1::2]:
        assert await protocol.lost is None


class Buffers(asyncio.BufferedProtocol):
    """Takes data in buffers of a given size."""

    def __init__(self, size: int) -> None:
        self.buffer = bytearray(size)
        self.received = bytearray()
        self.hints: list[int] = []
        self.lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()

    def get_buffer(self, sizehint: int) -> memoryview:
        self.hints.append(sizehint)
        return memoryview(self.buffer)

    def buffer_updated(self, nbytes: int) -> None:
        assert 0 < nbytes <= len(self.buffer)
        self.received += self.buffer[:nbytes]

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set_result(exc)


@pytest.mark.parametrize("size", [1, 16_384, 16_385, 100_000, 5 * MEGABYTE])
def test_sizes(loop: asyncio.AbstractEventLoop, contexts: Contexts, size: int) -> None:
    data = random.Random(size).randbytes(size)

    async def main() -> None:
        client, mine, server, theirs = await connected(contexts)
        client.write(data)
        assert await theirs.until_received(size) == data
        server.write(data)
        assert await mine.until_received(size) == data
        await close(client, mine, server, theirs)

    loop.run_until_complete(main())


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_kinds_of_data(
    loop: asyncio.AbstractEventLoop, contexts: Contexts, kind: type[Any]
) -> None:
    async def main() -> None:
        client, mine, server, theirs = await connected(contexts)
        client.write(kind(b""))
        client.write(kind(b"one "))
        client.writelines([kind(b"two "), kind(b""), kind(b"three")])
        client.writelines([])
        assert await theirs.until_received(13) == b"one two three"
        with pytest.raises(TypeError, match="bytes-like"):
            client.write("text")
        await close(client, mine, server, theirs)

    loop.run_until_complete(main())


def test_data_that_changes_after_it_was_written(
    loop: asyncio.AbstractEventLoop, contexts: Contexts
) -> None:
    async def main() -> None:
        client, mine, server, theirs = await connected(contexts)
        server.pause_reading()
        data = bytearray(b"a" * (8 * MEGABYTE))
        # A copy for asyncio, which refers to what it was given.
        client.write(bytes(data) if isinstance(loop, asyncio.SelectorEventLoop) else data)
        data[:] = b"b" * len(data)
        server.resume_reading()
        assert set(await theirs.until_received(len(data))) == {ord("a")}
        await close(client, mine, server, theirs)

    loop.run_until_complete(main())


@pytest.mark.parametrize("size", [1, 1000, 20_000, MEGABYTE])
def test_buffers_of_the_protocol(contexts: Contexts, size: int) -> None:
    """asyncio loses what does not fit into the buffer when the peer closes."""
    data = random.Random(size).randbytes(3000 if size == 1 else 300_000)

    def serve(sock: socket.socket) -> None:
        with contexts[0].wrap_socket(sock, server_side=True) as secure:
            secure.sendall(data)

    async def main(port: int) -> None:
        _, protocol = await asyncio.get_running_loop().create_connection(
            lambda: Buffers(size), "localhost", port, ssl=contexts[1]
        )
        assert await protocol.lost is None
        assert protocol.received == data

    with accepting(serve) as (port, _):
        jebi.loop.run(main(port))


@pytest.mark.parametrize("bad", [b"", b"constant", None])
def test_buffers_that_cannot_be_filled(
    loop: asyncio.AbstractEventLoop, contexts: Contexts, bad: object
) -> None:
    told: list[Any] = []
    loop.set_exception_handler(lambda _, context: told.append(context))

    class Bad(Buffers):
        def get_buffer(self, sizehint: int) -> Any:
            return bad

    async def main() -> None:
        client, mine, server, theirs = await connected(contexts)
        protocol = Bad(1)
        client.set_protocol(protocol)
        server.write(b"data")
        if bad != b"" or not isinstance(loop, asyncio.SelectorEventLoop):
            assert isinstance(await protocol.lost, (TypeError, BufferError, RuntimeError))
        client.abort()
        server.abort()
        await asyncio.gather(protocol.lost, theirs.lost, return_exceptions=True)
        assert mine.told == ["made"]

    loop.run_until_complete(main())


def test_writing_pauses_and_resumes(loop: asyncio.AbstractEventLoop, contexts: Contexts) -> None:
    async def main() -> None:
        client, mine, server, theirs = await connected(contexts)
        server.pause_reading()
        client.set_write_buffer_limits(high=100_000)
        assert client.get_write_buffer_limits() == (25_000, 100_000)
        written = 0
        while "pause" not in mine.told:
            client.write(bytes(50_000))
            written += 50_000
            # Nobody reads, so there is an end to what fits below.
            assert written < 50 * MEGABYTE
            await asyncio.sleep(0)
        assert client.get_write_buffer_size() > 100_000
        server.resume_reading()
        await mine.until_told("resume")
        assert len(await theirs.until_received(written)) == written
        assert mine.told == ["made", "pause", "resume"]
        await close(client, mine, server, theirs)

    loop.run_until_complete(main())


def test_limits_that_make_no_sense(loop: asyncio.AbstractEventLoop, contexts: Contexts) -> None:
    async def main() -> None:
        client, mine, server, theirs = await connected(contexts)
        with pytest.raises(ValueError, match="must be >="):
            client.set_write_buffer_limits(high=1, low=2)
        with pytest.raises(ValueError, match="must be >="):
            client.set_read_buffer_limits(high=-1)
        client.set_read_buffer_limits(low=10)
        assert client.get_read_buffer_limits() == (10, 40)
        assert client.get_read_buffer_size() == 0
        await close(client, mine, server, theirs)

    loop.run_until_complete(main())


def test_a_reader_that_pauses_stops_the_writer(
    loop: asyncio.AbstractEventLoop, contexts: Contexts
) -> None:
    """What waits on this side is bounded: a peer cannot send more than the buffers take."""
    data = bytes(64 * MEGABYTE)

    def serve(sock: socket.socket) -> int:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        with contexts[0].wrap_socket(sock, server_side=True) as secure:
            secure.settimeout(0.5)
            sent = 0
            try:
                while sent < len(data):
                    sent += secure.send(data[sent : sent + 65536])
            except TimeoutError:
                secure.settimeout(PATIENCE)
                blocked.append(sent)
                loop.call_soon_threadsafe(resume.set)
                # OpenSSL wants the same bytes again.
                sent += secure.send(data[sent : sent + 65536])
                secure.sendall(b"end")
            return sent

    blocked: list[int] = []
    resume = asyncio.Event()

    async def main(port: int) -> int:
        transport: Any
        transport, protocol = await loop.create_connection(
            Gatherer, "localhost", port, ssl=contexts[1]
        )
        assert transport.is_reading()
        transport.pause_reading()
        assert not transport.is_reading()
        async with asyncio.timeout(PATIENCE):
            await resume.wait()
        assert protocol.received == b""
        assert 0 < transport.get_read_buffer_size() < MEGABYTE
        transport.resume_reading()
        assert await protocol.lost is None
        assert protocol.received.endswith(b"end")
        return len(protocol.received) - 3

    with accepting(serve) as (port, thread):
        received = loop.run_until_complete(main(port))
    assert thread.result == received
    assert blocked[0] < len(data)


def test_pausing_in_the_middle_of_delivery(contexts: Contexts) -> None:
    class Sipping(Buffers):
        transport: Any = None

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def buffer_updated(self, nbytes: int) -> None:
            super().buffer_updated(nbytes)
            self.transport.pause_reading()
            asyncio.get_running_loop().call_soon(self.transport.resume_reading)

    data = random.Random(0).randbytes(50_000)

    def serve(sock: socket.socket) -> None:
        with contexts[0].wrap_socket(sock, server_side=True) as secure:
            secure.sendall(data)

    async def main(port: int) -> None:
        _, protocol = await asyncio.get_running_loop().create_connection(
            lambda: Sipping(999), "localhost", port, ssl=contexts[1]
        )
        assert await protocol.lost is None
        assert protocol.received == data

    with accepting(serve) as (port, _):
        jebi.loop.run(main(port))


def test_writing_as_soon_as_the_connection_is_made(
    loop: asyncio.AbstractEventLoop, contexts: Contexts
) -> None:
    class Eager(Gatherer):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            self.transport.write(b"early")

    def serve(sock: socket.socket) -> bytes:
        with contexts[0].wrap_socket(sock, server_side=True) as secure:
            return receive_exactly(secure, 5)

    async def main(port: int) -> None:
        _, protocol = await loop.create_connection(Eager, "localhost", port, ssl=contexts[1])
        assert await protocol.lost is None

    with accepting(serve) as (port, thread):
        loop.run_until_complete(main(port))
    assert thread.result == b"early"


def test_answers_in_pieces_arrive_in_order(
    loop: asyncio.AbstractEventLoop, contexts: Contexts
) -> None:
    class Piecemeal(Gatherer):
        def data_received(self, data: bytes) -> None:
            for byte in data:
                self.transport.write(bytes([byte]))

    async def main() -> None:
        client, mine, server, theirs = await connected(contexts)
        piecemeal = Piecemeal()
        piecemeal.transport = server
        server.set_protocol(piecemeal)
        data = bytes(range(256)) * 4
        client.write(data)
        assert await mine.until_received(len(data)) == data
        await close(client, mine, server, piecemeal)
        assert theirs.told == ["made"]

    loop.run_until_complete(main())


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_ways_at_once(
    loop: asyncio.AbstractEventLoop, contexts: Contexts, version: ssl.TLSVersion
) -> None:
    contexts[0].maximum_version = contexts[0].minimum_version = version
    out, back = (random.Random(seed).randbytes(3 * MEGABYTE) for seed in (1, 2))

    async def main() -> None:
        client, mine, server, theirs = await connected(contexts)
        for start in range(0, len(out), 70_000):
            client.write(out[start : start + 70_000])
            server.write(back[start : start + 70_000])
            await asyncio.sleep(0)
        assert await theirs.until_received(len(out)) == out
        assert await mine.until_received(len(back)) == back
        await close(client, mine, server, theirs)

    loop.run_until_complete(main())


def test_a_stock_loop_on_the_other_side(
    loop: asyncio.AbstractEventLoop, contexts: Contexts
) -> None:
    data = random.Random(3).randbytes(MEGABYTE)

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(len(data)))
        writer.close()
        await writer.wait_closed()

    async def ask(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("localhost", port, ssl=contexts[1])
        writer.write(data)
        answer = await reader.read(-1)
        writer.close()
        await writer.wait_closed()
        return answer

    def ask_from_elsewhere(port: int) -> bytes:
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            return runner.run(ask(port))

    async def main() -> None:
        async with await asyncio.start_server(echo, "localhost", 0, ssl=contexts[0]) as server:
            port = server.sockets[0].getsockname()[1]
            thread = Thread(lambda: ask_from_elsewhere(port))
            assert await ask(port) == data
            assert await loop.run_in_executor(None, thread.join) == data

    loop.run_until_complete(main())
