"""``create_server`` and ``create_connection``."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
from typing import Any

import pytest


class Echo(asyncio.Protocol):
    """Sends back what it gets."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


async def exchange(port: int, data: bytes) -> bytes:
    """What an echo server answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


def port_of(server: Any) -> int:
    port: int = server.sockets[0].getsockname()[1]
    return port


def test_a_server_serves(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        server = await loop.create_server(Echo, "127.0.0.1", 0)
        assert server.is_serving()
        assert server.get_loop() is loop
        answers = await asyncio.gather(*(exchange(port_of(server), b"%d" % n) for n in range(50)))
        assert answers == [b"%d" % n for n in range(50)]
        server.close()
        assert not server.is_serving()
        assert server.sockets == ()
        await server.wait_closed()

    loop.run_until_complete(main())


def test_a_closed_server_refuses(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        server = await loop.create_server(Echo, "127.0.0.1", 0)
        port = port_of(server)
        server.close()
        await server.wait_closed()
        with pytest.raises(ConnectionRefusedError):
            await loop.create_connection(Echo, "127.0.0.1", port)
        with pytest.raises(RuntimeError, match="is closed"):
            await server.serve_forever()

    loop.run_until_complete(main())


def test_serving_starts_when_it_is_told_to(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        server = await loop.create_server(Echo, "127.0.0.1", 0, start_serving=False)
        assert not server.is_serving()
        await server.start_serving()
        await server.start_serving()
        assert server.is_serving()
        assert await exchange(port_of(server), b"x") == b"x"
        server.close()
        await server.wait_closed()

    loop.run_until_complete(main())


def test_serve_forever_ends_when_it_is_cancelled(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        async with await loop.create_server(Echo, "127.0.0.1", 0) as server:
            serving = asyncio.create_task(server.serve_forever())
            await asyncio.sleep(0)
            with pytest.raises(RuntimeError, match="already being awaited on serve_forever"):
                await server.serve_forever()
            assert await exchange(port_of(server), b"x") == b"x"
            serving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await serving
            assert not server.is_serving()

    loop.run_until_complete(main())


def test_connections_outlive_their_server(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        server = await loop.create_server(Echo, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(server))
        writer.write(b"before")
        assert await reader.readexactly(6) == b"before"
        server.close()
        writer.write(b"after")
        assert await reader.readexactly(5) == b"after"
        writer.close()
        await writer.wait_closed()
        await server.wait_closed()

    loop.run_until_complete(main())


def test_an_exception_in_connection_made_is_reported(loop: asyncio.AbstractEventLoop) -> None:
    reported: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: reported.append(context))

    class Failing(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            transport.close()
            raise LookupError("in the protocol")

    async def main() -> None:
        server = await loop.create_server(Failing, "127.0.0.1", 0)
        assert await exchange(port_of(server), b"") == b""
        server.close()
        await server.wait_closed()

    loop.run_until_complete(main())
    (context,) = reported
    assert context["message"].startswith("Exception in callback ")
    assert isinstance(context["exception"], LookupError)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_factory_that_fails_costs_one_connection(loop: asyncio.AbstractEventLoop) -> None:
    """asyncio leaves that connection's socket to the garbage collector, which complains."""
    failed: list[bool] = []

    def make() -> asyncio.Protocol:
        if not failed:
            failed.append(True)
            raise LookupError("in the factory")
        return Echo()

    async def main() -> None:
        server = await loop.create_server(make, "127.0.0.1", 0)
        _, writer = await asyncio.open_connection("127.0.0.1", port_of(server))
        assert await exchange(port_of(server), b"x") == b"x"
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()

    loop.run_until_complete(main())
    gc.collect()
    assert failed


def test_a_server_takes_sockets_that_listen(
    loop: asyncio.AbstractEventLoop, listener: socket.socket
) -> None:
    async def main() -> None:
        server = await loop.create_server(Echo, sock=listener)
        assert await exchange(listener.getsockname()[1], b"x") == b"x"
        server.close()
        await server.wait_closed()
        assert listener.fileno() == -1

    loop.run_until_complete(main())


def test_several_hosts(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        server = await loop.create_server(Echo, ["127.0.0.1", "127.0.0.2", "127.0.0.1"], 0)
        addresses = {sock.getsockname()[0] for sock in server.sockets}
        assert addresses == {"127.0.0.1", "127.0.0.2"}
        assert len(server.sockets) == 2
        server.close()
        await server.wait_closed()

    loop.run_until_complete(main())


def test_ports_can_be_shared(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        first = await loop.create_server(Echo, "127.0.0.1", 0, reuse_port=True)
        second = await loop.create_server(Echo, "127.0.0.1", port_of(first), reuse_port=True)
        with pytest.raises(OSError, match="error while attempting to bind on address"):
            await loop.create_server(Echo, "127.0.0.1", port_of(first))
        for server in (first, second):
            server.close()
            await server.wait_closed()

    loop.run_until_complete(main())


def test_arguments_that_contradict(
    loop: asyncio.AbstractEventLoop, listener: socket.socket
) -> None:
    async def main() -> None:
        at_once = "host/port and sock can not be specified at the same time"
        with pytest.raises(ValueError, match=at_once):
            await loop.create_server(Echo, "127.0.0.1", 0, sock=listener)  # type: ignore[call-overload]  # wrong on purpose
        with pytest.raises(ValueError, match=at_once):
            await loop.create_connection(Echo, "127.0.0.1", 0, sock=listener)  # type: ignore[call-overload]  # wrong on purpose
        with pytest.raises(ValueError, match="Neither host/port nor sock were specified"):
            await loop.create_server(Echo)  # type: ignore[call-overload]  # wrong on purpose
        with pytest.raises(ValueError, match="no sock specified"):
            await loop.create_connection(Echo)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            with pytest.raises(ValueError, match="A Stream Socket was expected"):
                await loop.create_server(Echo, sock=datagrams)
            with pytest.raises(ValueError, match="A Stream Socket was expected"):
                await loop.create_connection(Echo, sock=datagrams)

    loop.run_until_complete(main())


def test_every_address_is_tried(loop: asyncio.AbstractEventLoop, listener: socket.socket) -> None:
    """Of the two addresses the first refuses."""
    port = listener.getsockname()[1]

    class Connected(asyncio.Protocol):
        pass

    async def addresses(*_: Any, **__: Any) -> list[Any]:
        kind = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [(*kind, ("127.0.0.1", 1)), (*kind, ("127.0.0.1", port))]

    async def main() -> None:
        loop.getaddrinfo = addresses  # type: ignore[method-assign]  # replaced on purpose
        transport, _ = await loop.create_connection(Connected, "two.example", port)
        assert transport.get_extra_info("peername") == ("127.0.0.1", port)
        transport.close()
        staggered = await loop.create_connection(
            Connected, "two.example", port, happy_eyeballs_delay=10
        )
        staggered[0].close()
        await asyncio.sleep(0)

    loop.run_until_complete(main())


def test_when_every_address_refuses_all_is_said(loop: asyncio.AbstractEventLoop) -> None:
    async def addresses(*_: Any, **__: Any) -> list[Any]:
        kind = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [(*kind, ("127.0.0.1", 1)), (*kind, ("127.0.0.2", 1))]

    async def main() -> None:
        loop.getaddrinfo = addresses  # type: ignore[method-assign]  # replaced on purpose
        with pytest.raises(OSError, match=r"Multiple exceptions: .*127\.0\.0\.1.*127\.0\.0\.2"):
            await loop.create_connection(Echo, "two.example", 1)

    loop.run_until_complete(main())


def test_a_refusal_leaves_no_cycle(loop: asyncio.AbstractEventLoop) -> None:
    caught: list[OSError] = []

    async def fail() -> None:
        try:
            await loop.create_connection(Echo, "127.0.0.1", 1)
        except ConnectionRefusedError as error:
            caught.append(error)

    gc.disable()
    try:
        loop.run_until_complete(fail())
        referrers = gc.get_referrers(*caught)
    finally:
        gc.enable()
    assert [kind for kind in map(type, referrers) if kind is asyncio.Future] == []


def test_a_client_binds_to_a_local_address(
    loop: asyncio.AbstractEventLoop, listener: socket.socket
) -> None:
    async def main() -> None:
        transport, _ = await loop.create_connection(
            asyncio.Protocol, *listener.getsockname(), local_addr=("127.0.0.3", 0)
        )
        assert transport.get_extra_info("sockname")[0] == "127.0.0.3"
        transport.close()
        await asyncio.sleep(0)

    loop.run_until_complete(main())


def test_an_accepted_connection_is_taken_over(
    loop: asyncio.AbstractEventLoop, listener: socket.socket
) -> None:
    async def main() -> None:
        client = socket.create_connection(listener.getsockname())
        accepted, _ = await loop.sock_accept(listener)
        transport, _ = await loop.connect_accepted_socket(Echo, accepted)
        client.setblocking(False)
        client.send(b"x")
        assert await loop.sock_recv(client, 10) == b"x"
        client.close()
        transport.close()
        await asyncio.sleep(0)

    loop.run_until_complete(main())


def test_a_blocking_peer_is_served(loop: asyncio.AbstractEventLoop) -> None:
    """A peer in another thread, with plain blocking sockets and much data."""
    data = bytes(range(256)) * 4096
    received: list[bytes] = []

    def send(sock: socket.socket) -> None:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)

    def peer(port: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sender = threading.Thread(target=send, args=(sock,))
            sender.start()
            while piece := sock.recv(65536):
                received.append(piece)
            sender.join()

    async def main() -> None:
        server = await loop.create_server(Echo, "127.0.0.1", 0)
        await asyncio.to_thread(peer, port_of(server))
        server.close()
        await server.wait_closed()

    loop.run_until_complete(main())
    assert b"".join(received) == data
