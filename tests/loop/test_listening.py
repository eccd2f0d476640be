"""How servers listen: addresses, ports, options, and who is let go when they close."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from typing import TYPE_CHECKING, Any

import pytest

import jebi.loop

if TYPE_CHECKING:
    from collections.abc import Iterator


class Peer(asyncio.Protocol):
    """A connection that tells when it is made and when it is lost."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.made: asyncio.Future[Any] = loop.create_future()
        self.lost: asyncio.Future[Exception | None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.made.set_result(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set_result(exc)


@pytest.fixture
def jebis() -> Iterator[Any]:
    """Jebi's loop alone: asyncio has what is tested with it only in newer versions of Python."""
    loop = jebi.loop.new_event_loop()
    yield loop
    loop.close()


def found(*addresses: tuple[Any, ...]) -> Any:
    """A ``getaddrinfo`` that finds these."""

    async def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        return [
            (
                socket.AF_INET6 if len(address) == 4 else socket.AF_INET,
                socket.SOCK_STREAM,
                socket.IPPROTO_TCP,
                "",
                address,
            )
            for address in addresses
        ]

    return getaddrinfo


async def close(server: Any) -> None:
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("host", ["", None])
def test_no_host_is_every_interface_of_both_families(loop: Any, host: str | None) -> None:
    async def main() -> None:
        server = await loop.create_server(Peer, host, 0)
        families = sorted(sock.family for sock in server.sockets)
        assert families == [socket.AF_INET, socket.AF_INET6]
        for sock in server.sockets:
            loopback = "::1" if sock.family == socket.AF_INET6 else "127.0.0.1"
            transport, _ = await loop.create_connection(Peer, loopback, sock.getsockname()[1])
            transport.abort()
        await close(server)

    loop.run_until_complete(main())


def test_ipv6_sockets_leave_ipv4_alone(loop: Any) -> None:
    async def main() -> None:
        server = await loop.create_server(Peer, "::1", 0)
        (sock,) = server.sockets
        assert sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1
        await close(server)

    loop.run_until_complete(main())


def test_port_zero_is_another_port_for_each_address(loop: Any) -> None:
    async def main() -> None:
        server = await loop.create_server(Peer, ["127.0.0.1", "127.0.0.2"], 0)
        ports = {sock.getsockname()[1] for sock in server.sockets}
        assert 0 not in ports
        await close(server)

    loop.run_until_complete(main())


@pytest.mark.parametrize(
    ("option", "given", "on"),
    [
        ("reuse_address", None, True),
        ("reuse_address", True, True),
        ("reuse_address", False, False),
        ("reuse_port", None, False),
        ("reuse_port", True, True),
    ],
)
def test_options_of_the_sockets(loop: Any, option: str, given: bool | None, on: bool) -> None:
    name = {"reuse_address": socket.SO_REUSEADDR, "reuse_port": socket.SO_REUSEPORT}[option]

    async def main() -> None:
        server = await loop.create_server(Peer, "127.0.0.1", 0, **{option: given})
        assert bool(server.sockets[0].getsockopt(socket.SOL_SOCKET, name)) is on
        await close(server)

    loop.run_until_complete(main())


def test_connections_may_be_kept_alive(jebis: Any) -> None:
    async def main() -> None:
        server = await jebis.create_server(Peer, "127.0.0.1", 0, keep_alive=True)
        assert server.sockets[0].getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        await close(server)

    jebis.run_until_complete(main())


def test_addresses_of_other_machines_are_left_out(
    jebis: Any, caplog: pytest.LogCaptureFixture
) -> None:
    jebis.set_debug(True)
    jebis.getaddrinfo = found(("192.0.2.1", 0), ("127.0.0.1", 0))

    async def main() -> None:
        server = await jebis.create_server(Peer, "some.example", 0)
        (sock,) = server.sockets
        assert sock.getsockname()[0] == "127.0.0.1"
        await close(server)

    with caplog.at_level(logging.WARNING, "asyncio"):
        jebis.run_until_complete(main())
    (record,) = caplog.records
    assert "('192.0.2.1', 0)" in record.getMessage()


def test_no_address_of_this_machine_is_an_error(jebis: Any) -> None:
    jebis.getaddrinfo = found(("192.0.2.1", 0))
    with pytest.raises(OSError, match=r"could not bind on any address out of .*192\.0\.2\.1"):
        jebis.run_until_complete(jebis.create_server(Peer, "some.example", 0))


def test_an_address_in_use_closes_those_before_it(loop: Any, listener: socket.socket) -> None:
    taken = listener.getsockname()
    with socket.create_server(("127.0.0.2", 0)) as probe:
        free = probe.getsockname()
    loop.getaddrinfo = found(free, taken)

    async def main() -> None:
        with pytest.raises(OSError, match="error while attempting to bind on address") as raised:
            await loop.create_server(Peer, "some.example", 0)
        assert raised.value.errno == errno.EADDRINUSE
        # asyncio binds in no particular order, but whatever it has bound it has closed.
        socket.create_server(free).close()

    loop.run_until_complete(main())


async def connected(loop: Any, peers: list[Peer]) -> tuple[Any, Any, Peer]:
    """A server, and a client that it has accepted; the server's side is appended to ``peers``."""
    accepted: asyncio.Future[Peer] = loop.create_future()

    def make() -> Peer:
        peer = Peer()
        accepted.set_result(peer)
        return peer

    server = await loop.create_server(make, "127.0.0.1", 0)
    _, client = await loop.create_connection(Peer, *server.sockets[0].getsockname())
    peers.append(await accepted)
    await peers[0].made
    return server, await client.made, client


@pytest.mark.parametrize("how", ["close_clients", "abort_clients"])
def test_clients_are_let_go(jebis: Any, how: str) -> None:
    async def main() -> None:
        peers: list[Peer] = []
        server, _, client = await connected(jebis, peers)
        server.close()
        waiting = asyncio.create_task(server.wait_closed())
        await asyncio.sleep(0)
        assert not waiting.done()
        getattr(server, how)()
        await waiting
        assert peers[0].lost.done()
        await client.lost

    jebis.run_until_complete(main())


def test_clients_that_are_closed_get_what_was_written(jebis: Any) -> None:
    data = b"x" * (8 << 20)

    async def main() -> None:
        peers: list[Peer] = []
        server, transport, _ = await connected(jebis, peers)
        reader = asyncio.StreamReader()
        transport.set_protocol(asyncio.StreamReaderProtocol(reader))
        (await peers[0].made).write(data)
        server.close()
        server.close_clients()
        assert await reader.read() == data
        await server.wait_closed()
        transport.close()

    jebis.run_until_complete(main())


def test_waiting_for_a_server_that_is_not_closed(jebis: Any) -> None:
    async def main() -> None:
        server = await jebis.create_server(Peer, "127.0.0.1", 0)
        waiting = asyncio.create_task(server.wait_closed())
        await asyncio.sleep(0)
        assert not waiting.done()
        server.close()
        await waiting
        await server.wait_closed()

    jebis.run_until_complete(main())


def test_closing_ends_serve_forever(loop: Any) -> None:
    async def main() -> None:
        server = await loop.create_server(Peer, "127.0.0.1", 0)
        serving = asyncio.create_task(server.serve_forever())
        await asyncio.sleep(0)
        server.close()
        with pytest.raises(asyncio.CancelledError):
            await serving
        with pytest.raises(RuntimeError, match="is closed"):
            await server.serve_forever()

    loop.run_until_complete(main())


def test_a_closed_server_does_not_start_again(jebis: Any) -> None:
    async def main() -> None:
        server = await jebis.create_server(Peer, "127.0.0.1", 0, start_serving=False)
        server.close()
        with pytest.raises(RuntimeError, match="is closed"):
            await server.start_serving()

    jebis.run_until_complete(main())


def test_a_connection_that_was_accepted_last_moment_is_closed(jebis: Any) -> None:
    """The server closes between the acceptance and the opening of the transport."""

    async def main() -> None:
        server = await jebis.create_server(Peer, "127.0.0.1", 0)
        with socket.create_connection(server.sockets[0].getsockname()) as client:
            client.setblocking(False)
            while len(asyncio.all_tasks()) == 1:
                await asyncio.sleep(0)
            server.close()
            await server.wait_closed()
            assert await jebis.sock_recv(client, 1) == b""

    jebis.run_until_complete(main())


def test_descriptors_run_out(jebis: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Accepting pauses, rather than spin, and goes on later."""
    reported: list[dict[str, Any]] = []
    monkeypatch.setattr("jebi.loop.accepting.RETRY_DELAY", 0.001)
    jebis.set_exception_handler(lambda _, context: reported.append(context))

    class Scarce(socket.socket):
        attempts = 0

        def accept(self) -> Any:
            Scarce.attempts += 1
            if Scarce.attempts <= 2:
                raise OSError(errno.EMFILE, "too many open files")
            return super().accept()

    accepted: asyncio.Future[None] = jebis.create_future()

    def make() -> Peer:
        accepted.set_result(None)
        return Peer()

    async def main() -> None:
        sock = Scarce()
        sock.bind(("127.0.0.1", 0))
        server = await jebis.create_server(make, sock=sock)
        transport, client = await jebis.create_connection(Peer, *sock.getsockname())
        await accepted
        transport.close()
        await client.lost
        server.abort_clients()
        await close(server)

    jebis.run_until_complete(main())
    assert [context["message"] for context in reported] == [
        "socket.accept() out of system resource"
    ] * 2
