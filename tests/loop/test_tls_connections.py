"""TLS connections of clients and servers, wherever the loop opens them."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING, Any

import pytest

from tests.loop.recorder import Gatherer
from tests.loop.tls import PATIENCE, Thread, accepting, receive_exactly

if TYPE_CHECKING:
    from pathlib import Path

    import trustme

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
    await writer.wait_closed()


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(b"ping")
    answer = await reader.readexactly(4)
    writer.close()
    await writer.wait_closed()
    return answer


@pytest.mark.parametrize("version", VERSIONS)
def test_streams(
    loop: asyncio.AbstractEventLoop,
    server_context: ssl.SSLContext,
    client_context: ssl.SSLContext,
    version: ssl.TLSVersion,
) -> None:
    client_context.minimum_version = client_context.maximum_version = version

    async def main() -> bytes:
        async with await asyncio.start_server(echo, "localhost", 0, ssl=server_context) as server:
            port = server.sockets[0].getsockname()[1]
            return await exchange(
                *await asyncio.open_connection("localhost", port, ssl=client_context)
            )

    assert loop.run_until_complete(main()) == b"ping"


def test_what_a_transport_knows(
    loop: asyncio.AbstractEventLoop, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    async def main() -> None:
        async with await loop.create_server(
            asyncio.Protocol, "127.0.0.1", 0, ssl=server_context
        ) as server:
            address = server.sockets[0].getsockname()
            transport, protocol = await loop.create_connection(
                Gatherer, *address, ssl=client_context, server_hostname="localhost"
            )
            assert isinstance(transport, asyncio.Transport)
            assert transport.get_protocol() is protocol
            assert protocol.told == ["made"]
            ask = transport.get_extra_info
            assert ask("sslcontext") is client_context
            assert isinstance(ask("ssl_object"), ssl.SSLObject)
            assert ask("cipher") == ask("ssl_object").cipher()
            assert ("DNS", "localhost") in ask("peercert")["subjectAltName"]
            assert ask("compression", "default") is None
            assert ask("peername") == address
            assert ask("sockname") == ask("socket").getsockname()
            assert ask("unheard of", "default") == "default"
            assert transport.get_write_buffer_limits() == (128 * 1024, 512 * 1024)
            assert not transport.can_write_eof()
            with pytest.raises(NotImplementedError):
                transport.write_eof()
            assert not transport.is_closing()
            transport.close()
            assert transport.is_closing()
            assert await protocol.lost is None

    loop.run_until_complete(main())


def test_a_default_context(
    loop: asyncio.AbstractEventLoop,
    authority: trustme.CA,
    server_context: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> bytes:
        async with await asyncio.start_server(echo, "localhost", 0, ssl=server_context) as server:
            port = server.sockets[0].getsockname()[1]
            return await exchange(*await asyncio.open_connection("localhost", port, ssl=True))

    with authority.cert_pem.tempfile() as path:
        monkeypatch.setenv("SSL_CERT_FILE", path)
        assert loop.run_until_complete(main()) == b"ping"


def test_the_application_protocol_is_negotiated(
    loop: asyncio.AbstractEventLoop, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    server_context.set_alpn_protocols(["h2", "http/1.1"])
    client_context.set_alpn_protocols(["http/1.1", "smtp"])

    def serve(sock: socket.socket) -> str | None:
        with server_context.wrap_socket(sock, server_side=True) as secure:
            assert secure.recv(1) == b""
            return secure.selected_alpn_protocol()

    async def main(port: int) -> str | None:
        transport, protocol = await loop.create_connection(
            Gatherer, "localhost", port, ssl=client_context
        )
        chosen: str | None = transport.get_extra_info("ssl_object").selected_alpn_protocol()
        transport.close()
        await protocol.lost
        return chosen

    with accepting(serve) as (port, thread):
        assert loop.run_until_complete(main(port)) == "http/1.1"
    assert thread.result == "http/1.1"


def test_the_server_chooses_a_context_by_name(
    loop: asyncio.AbstractEventLoop,
    authority: trustme.CA,
    server_context: ssl.SSLContext,
    client_context: ssl.SSLContext,
) -> None:
    other = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("other.example").configure_cert(other)
    names: list[str | None] = []

    def choose(sslobj: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        names.append(name)
        if name == "other.example":
            sslobj.context = other

    server_context.sni_callback = choose

    async def main() -> None:
        async with await asyncio.start_server(echo, "127.0.0.1", 0, ssl=server_context) as server:
            address = server.sockets[0].getsockname()
            for name in ("localhost", "other.example"):
                streams = await asyncio.open_connection(
                    *address, ssl=client_context, server_hostname=name
                )
                certificate = streams[1].get_extra_info("peercert")
                assert ("DNS", name) in certificate["subjectAltName"]
                assert await exchange(*streams) == b"ping"

    loop.run_until_complete(main())
    assert names == ["localhost", "other.example"]


def test_clients_show_certificates(
    loop: asyncio.AbstractEventLoop,
    authority: trustme.CA,
    server_context: ssl.SSLContext,
    client_context: ssl.SSLContext,
) -> None:
    server_context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(server_context)
    authority.issue_cert("somebody@example.org").configure_cert(client_context)
    shown: list[Any] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        shown.append(writer.get_extra_info("peercert")["subjectAltName"])
        await echo(reader, writer)

    async def main() -> bytes:
        async with await asyncio.start_server(note, "localhost", 0, ssl=server_context) as server:
            port = server.sockets[0].getsockname()[1]
            return await exchange(
                *await asyncio.open_connection("localhost", port, ssl=client_context)
            )

    assert loop.run_until_complete(main()) == b"ping"
    assert shown == [(("email", "somebody@example.org"),)]


def test_unix_sockets(
    loop: asyncio.AbstractEventLoop,
    server_context: ssl.SSLContext,
    client_context: ssl.SSLContext,
    tmp_path: Path,
) -> None:
    path = str(tmp_path / "socket")

    async def main() -> bytes:
        async with await asyncio.start_unix_server(echo, path, ssl=server_context):
            return await exchange(
                *await asyncio.open_unix_connection(
                    path, ssl=client_context, server_hostname="localhost"
                )
            )

    assert loop.run_until_complete(main()) == b"ping"


def test_an_accepted_socket(
    loop: asyncio.AbstractEventLoop,
    listener: socket.socket,
    server_context: ssl.SSLContext,
    client_context: ssl.SSLContext,
) -> None:
    def connect() -> bytes:
        with (
            socket.create_connection(listener.getsockname(), PATIENCE) as sock,
            client_context.wrap_socket(sock, server_hostname="localhost") as secure,
        ):
            secure.sendall(b"ping")
            return receive_exactly(secure, 4)

    async def main() -> None:
        sock, _ = await loop.sock_accept(listener)
        transport, protocol = await loop.connect_accepted_socket(Gatherer, sock, ssl=server_context)
        assert await protocol.until_received(4) == b"ping"
        transport.write(b"pong")
        assert await protocol.lost is None
        assert protocol.told == ["made", "data", "eof", "lost"]

    thread = Thread(connect)
    loop.run_until_complete(main())
    assert thread.join() == b"pong"


def test_many_at_once(
    loop: asyncio.AbstractEventLoop, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    async def main() -> list[bytes]:
        async with await asyncio.start_server(echo, "localhost", 0, ssl=server_context) as server:
            port = server.sockets[0].getsockname()[1]

            async def one() -> bytes:
                return await exchange(
                    *await asyncio.open_connection("localhost", port, ssl=client_context)
                )

            return await asyncio.gather(*(one() for _ in range(50)))

    assert loop.run_until_complete(main()) == [b"ping"] * 50


def test_a_class_of_ones_own_reads_and_writes(
    loop: asyncio.AbstractEventLoop, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    calls: list[str] = []

    class Careful(ssl.SSLObject):
        def read(self, len: int = 1024, buffer: Any = None) -> Any:  # noqa: A002 - ssl's name
            calls.append("read")
            return super().read(len, buffer)

        def write(self, data: Any) -> int:
            calls.append("write")
            return super().write(data)

        def do_handshake(self) -> None:
            calls.append("handshake")
            super().do_handshake()

    client_context.sslobject_class = Careful

    async def main() -> bytes:
        async with await asyncio.start_server(echo, "localhost", 0, ssl=server_context) as server:
            port = server.sockets[0].getsockname()[1]
            return await exchange(
                *await asyncio.open_connection("localhost", port, ssl=client_context)
            )

    assert loop.run_until_complete(main()) == b"ping"
    assert {"read", "write", "handshake"} <= set(calls)


REFUSALS: list[tuple[type[Exception], str, dict[str, Any]]] = [
    (ValueError, "ssl_handshake_timeout is only", {"ssl_handshake_timeout": 1}),
    (ValueError, "ssl_shutdown_timeout is only", {"ssl_shutdown_timeout": 1}),
]


@pytest.mark.parametrize(("kind", "text", "options"), REFUSALS)
def test_options_that_mean_nothing_without_tls(
    loop: asyncio.AbstractEventLoop, kind: type[Exception], text: str, options: dict[str, Any]
) -> None:
    for opening in (
        loop.create_connection(asyncio.Protocol, "127.0.0.1", 1, **options),
        loop.create_server(asyncio.Protocol, "127.0.0.1", 0, **options),
        loop.create_unix_connection(asyncio.Protocol, "/nowhere", **options),
        loop.create_unix_server(asyncio.Protocol, "/nowhere/at all", **options),
    ):
        with pytest.raises(kind, match=text):
            loop.run_until_complete(opening)


def test_what_is_wrong_with_the_options(
    loop: asyncio.AbstractEventLoop, client_context: ssl.SSLContext
) -> None:
    async def main() -> None:
        make: Any = loop.create_connection
        with pytest.raises(ValueError, match="server_hostname is only meaningful with ssl"):
            await make(asyncio.Protocol, "127.0.0.1", 1, server_hostname="localhost")
        with socket.socket() as sock, pytest.raises(ValueError, match="set server_hostname"):
            await make(asyncio.Protocol, sock=sock, ssl=client_context)
        for bad in (True, False):
            with pytest.raises(TypeError, match="must be an SSLContext or None"):
                await loop.create_server(asyncio.Protocol, "127.0.0.1", 0, ssl=bad)

    loop.run_until_complete(main())


@pytest.mark.parametrize("option", ["ssl_handshake_timeout", "ssl_shutdown_timeout"])
@pytest.mark.parametrize("seconds", [0, -1])
def test_timeouts_are_positive(
    loop: asyncio.AbstractEventLoop,
    pair: tuple[socket.socket, socket.socket],
    client_context: ssl.SSLContext,
    option: str,
    seconds: float,
) -> None:
    options: dict[str, Any] = {option: seconds}
    opening = loop.create_connection(
        asyncio.Protocol, sock=pair[0], ssl=client_context, server_hostname="", **options
    )
    with pytest.raises(ValueError, match=f"{option} should be a positive number, got {seconds}"):
        loop.run_until_complete(opening)
