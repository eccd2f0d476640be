"""Handshakes that fail, and what is left of them."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import ssl
import weakref
from typing import TYPE_CHECKING, Any

import pytest

import jebi.loop
from tests.loop.recorder import Gatherer
from tests.loop.tls import accepting

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    import trustme

Pair = tuple[socket.socket, socket.socket]


def connect(
    loop: asyncio.AbstractEventLoop, port: int, context: ssl.SSLContext, **options: Any
) -> Coroutine[Any, Any, Any]:
    return loop.create_connection(Gatherer, "localhost", port, ssl=context, **options)


def expect_end(sock: socket.socket) -> bytes:
    """All that comes until the peer hangs up."""
    received = bytearray()
    try:
        while data := sock.recv(65536):
            received += data
    except ConnectionResetError:
        pass
    return bytes(received)


@pytest.mark.parametrize("name", ["other.example", "127.0.0.1"])
def test_a_certificate_for_somebody_else(
    loop: asyncio.AbstractEventLoop,
    server_context: ssl.SSLContext,
    client_context: ssl.SSLContext,
    name: str,
) -> None:
    told: list[Any] = []
    loop.set_exception_handler(lambda _, context: told.append(context))
    protocols: list[Gatherer] = []

    def make() -> Gatherer:
        protocols.append(Gatherer())
        return protocols[-1]

    async def main() -> None:
        async with await loop.create_server(make, "127.0.0.1", 0, ssl=server_context) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(ssl.SSLCertVerificationError, match="match"):
                await connect(loop, port, client_context, server_hostname=name)

    loop.run_until_complete(main())
    # TLS 1.3's server may be done before the client refuses; it is never told of an error.
    assert all(protocol.told in ([], ["made"], ["made", "lost"]) for protocol in protocols)
    assert told == []


def test_an_authority_that_is_not_trusted(
    loop: asyncio.AbstractEventLoop, server_context: ssl.SSLContext
) -> None:
    stranger = ssl.create_default_context()

    async def main() -> None:
        async with await loop.create_server(Gatherer, "127.0.0.1", 0, ssl=server_context) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(ssl.SSLCertVerificationError, match="CERTIFICATE_VERIFY_FAILED"):
                await connect(loop, port, stranger)

    loop.run_until_complete(main())


def test_the_peer_learns_why(client_context: ssl.SSLContext, authority: trustme.CA) -> None:
    """asyncio leaves it without a word."""
    other = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("other.example").configure_cert(other)
    other.maximum_version = ssl.TLSVersion.TLSv1_2

    def serve(sock: socket.socket) -> None:
        with pytest.raises(ssl.SSLError, match="ALERT_BAD_CERTIFICATE"):
            other.wrap_socket(sock, server_side=True)

    async def main(port: int) -> None:
        loop = asyncio.get_running_loop()
        with pytest.raises(ssl.SSLCertVerificationError):
            await connect(loop, port, client_context)

    with accepting(serve) as (port, _):
        jebi.loop.run(main(port))


def test_no_version_in_common(
    loop: asyncio.AbstractEventLoop, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    server_context.minimum_version = ssl.TLSVersion.TLSv1_3
    client_context.maximum_version = ssl.TLSVersion.TLSv1_2
    protocols: list[Gatherer] = []

    async def main() -> None:
        async with await loop.create_server(
            lambda: protocols.append(Gatherer()) or protocols[-1],  # type: ignore[func-returns-value]  # append() returns None
            "127.0.0.1",
            0,
            ssl=server_context,
        ) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises((ssl.SSLError, ConnectionResetError)):
                await connect(loop, port, client_context)

    loop.run_until_complete(main())
    assert protocols[0].told == []


def test_a_peer_that_speaks_no_tls(
    loop: asyncio.AbstractEventLoop, client_context: ssl.SSLContext
) -> None:
    def serve(sock: socket.socket) -> None:
        assert sock.recv(1) == b"\x16"
        sock.sendall(b"220 no TLS here\r\n")
        expect_end(sock)

    with accepting(serve) as (port, _), pytest.raises(ssl.SSLError, match="WRONG_VERSION_NUMBER"):
        loop.run_until_complete(connect(loop, port, client_context))


def test_a_peer_that_hangs_up(
    loop: asyncio.AbstractEventLoop, client_context: ssl.SSLContext
) -> None:
    def serve(sock: socket.socket) -> None:
        assert sock.recv(65536)

    with accepting(serve) as (port, _), pytest.raises(ConnectionResetError):
        loop.run_until_complete(connect(loop, port, client_context))


def test_a_client_without_tls_does_not_hurt_the_server(
    loop: asyncio.AbstractEventLoop, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    told: list[Any] = []
    loop.set_exception_handler(lambda _, context: told.append(context))

    async def main() -> None:
        async with await loop.create_server(Gatherer, "127.0.0.1", 0, ssl=server_context) as server:
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            with contextlib.suppress(ConnectionResetError):
                await reader.read()
            writer.close()
            transport, protocol = await connect(loop, port, client_context)
            transport.close()
            await protocol.lost

    loop.run_until_complete(main())
    assert told == []


@pytest.mark.parametrize("server_side", [False, True])
def test_a_handshake_that_takes_too_long(
    loop: asyncio.AbstractEventLoop,
    pair: Pair,
    server_context: ssl.SSLContext,
    client_context: ssl.SSLContext,
    server_side: bool,
) -> None:
    near, far = pair

    async def main() -> None:
        opening: Coroutine[Any, Any, Any]
        if server_side:
            opening = loop.connect_accepted_socket(
                Gatherer, near, ssl=server_context, ssl_handshake_timeout=0.05
            )
        else:
            opening = loop.create_connection(
                Gatherer,
                sock=near,
                ssl=client_context,
                server_hostname="",
                ssl_handshake_timeout=0.05,
            )
        with pytest.raises(ConnectionAbortedError, match=r"longer than 0\.05 seconds"):
            await opening

    client_context.check_hostname = False
    loop.run_until_complete(main())
    far.setblocking(True)
    expect_end(far)
    assert near.fileno() == -1


def test_cancelling_closes_the_connection(
    loop: asyncio.AbstractEventLoop, pair: Pair, client_context: ssl.SSLContext
) -> None:
    near, far = pair
    client_context.check_hostname = False

    async def main() -> None:
        opening = loop.create_task(
            loop.create_connection(
                Gatherer, sock=near, ssl=client_context, server_hostname="localhost"
            )
        )
        assert (await loop.sock_recv(far, 65536))[:1] == b"\x16"
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        while await loop.sock_recv(far, 65536):
            pass

    loop.run_until_complete(main())


def test_what_connection_made_raises(
    loop: asyncio.AbstractEventLoop, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    told: list[Any] = []
    loop.set_exception_handler(lambda _, context: told.append(context))

    class Broken(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            raise RuntimeError("broken")

    async def main() -> None:
        async with await loop.create_server(
            asyncio.Protocol, "127.0.0.1", 0, ssl=server_context
        ) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(RuntimeError, match="broken"):
                await loop.create_connection(Broken, "localhost", port, ssl=client_context)

    loop.run_until_complete(main())
    assert [str(context["exception"]) for context in told] == ["broken"]


def test_nothing_is_left_of_a_failure(
    factory: Callable[[], asyncio.AbstractEventLoop], client_context: ssl.SSLContext
) -> None:
    def serve(sock: socket.socket) -> None:
        assert sock.recv(65536)

    references: list[weakref.ref[Any]] = []

    class Protocol(asyncio.Protocol):
        def __init__(self) -> None:
            references.append(weakref.ref(self))

    async def main(port: int) -> None:
        loop = asyncio.get_running_loop()
        with pytest.raises(ConnectionResetError):
            await loop.create_connection(Protocol, "localhost", port, ssl=client_context)

    with accepting(serve) as (port, _), asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main(port))
    gc.collect()
    assert [reference() for reference in references] == [None]
