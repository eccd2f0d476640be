"""Unix sockets."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Echo(asyncio.Protocol):
    """Sends back what it gets."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


class Connected(asyncio.Protocol):
    """Tells when it is lost."""

    def __init__(self) -> None:
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set_result(None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where nothing is yet."""
    return tmp_path / "socket"


async def exchange(path: Any, data: bytes) -> bytes:
    """What an echo server answers."""
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(data)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


def as_text(path: Path) -> str:
    return str(path)


def as_bytes(path: Path) -> bytes:
    return os.fsencode(path)


def as_path(path: Path) -> Path:
    return path


def as_abstract_text(_: Path) -> str:
    return f"\0jebi-{secrets.token_hex(8)}"


def as_abstract_bytes(_: Path) -> bytes:
    return as_abstract_text(_).encode()


@pytest.mark.parametrize("spell", [as_text, as_bytes, as_path, as_abstract_text, as_abstract_bytes])
def test_names(loop: Any, path: Path, spell: Callable[[Path], Any]) -> None:
    name = spell(path)

    async def main() -> None:
        server = await loop.create_unix_server(Echo, name)
        answers = await asyncio.gather(*(exchange(name, b"%d" % n) for n in range(20)))
        assert answers == [b"%d" % n for n in range(20)]
        server.close()
        await server.wait_closed()

    loop.run_until_complete(main())


def test_streams(loop: asyncio.AbstractEventLoop, path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()

    async def main() -> None:
        async with await asyncio.start_unix_server(serve, path):
            assert await exchange(path, b"line\n") == b"line\n"

    loop.run_until_complete(main())


def test_what_a_transport_knows(loop: Any, path: Path) -> None:
    class Accepted(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            accepted.set_result(transport)

    accepted: asyncio.Future[Any] = loop.create_future()

    async def main() -> None:
        server = await loop.create_unix_server(Accepted, path)
        transport, protocol = await loop.create_unix_connection(Connected, path)
        assert transport.get_extra_info("peername") == str(path)
        assert transport.get_extra_info("sockname") == ""
        assert transport.get_extra_info("socket").family == socket.AF_UNIX
        served = await accepted
        assert served.get_extra_info("peername") == ""
        assert served.get_extra_info("sockname") == str(path)
        transport.close()
        await protocol.lost
        server.close()
        await server.wait_closed()

    loop.run_until_complete(main())


def test_sockets_are_taken_over(loop: Any, path: Path) -> None:
    async def main() -> None:
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(path))
        server = await loop.create_unix_server(Echo, sock=listening)
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(path))
        transport, protocol = await loop.create_unix_connection(Connected, sock=client)
        transport.close()
        await protocol.lost
        assert client.fileno() == -1
        server.close()
        await server.wait_closed()
        assert listening.fileno() == -1

    loop.run_until_complete(main())


def test_a_socket_left_behind_is_replaced(loop: Any, path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))

    async def main() -> None:
        server = await loop.create_unix_server(Echo, path)
        assert await exchange(path, b"x") == b"x"
        server.close()
        await server.wait_closed()

    loop.run_until_complete(main())


def test_other_files_are_left_alone(loop: Any, path: Path) -> None:
    path.write_bytes(b"precious")
    with pytest.raises(OSError, match=f"Address {str(path)!r} is already in use"):
        loop.run_until_complete(loop.create_unix_server(Echo, path))
    assert path.read_bytes() == b"precious"


def test_a_directory_that_does_not_exist(loop: Any, path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        loop.run_until_complete(loop.create_unix_server(Echo, path / "below"))
    with pytest.raises(FileNotFoundError):
        loop.run_until_complete(loop.create_unix_connection(Connected, path))


def test_nobody_listens(loop: Any, path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        with pytest.raises(ConnectionRefusedError):
            loop.run_until_complete(loop.create_unix_connection(Connected, path))


async def serve_and_close(
    loop: Any, path: Path | None, meanwhile: Callable[[], object], **how: Any
) -> None:
    server = await loop.create_unix_server(Echo, path, **how)
    meanwhile()
    server.close()
    await server.wait_closed()


def nothing() -> None:
    pass


def test_the_file_goes_as_the_version_has_it(loop: Any, path: Path) -> None:
    loop.run_until_complete(serve_and_close(loop, path, nothing))
    assert path.exists() == (sys.version_info < (3, 13))


@pytest.mark.skipif(sys.version_info < (3, 13), reason="asyncio takes the option since 3.13")
class TestCleanup:
    """``cleanup_socket``."""

    @pytest.mark.parametrize("cleanup", [True, False])
    def test_it_is_a_choice(self, loop: Any, path: Path, cleanup: bool) -> None:
        loop.run_until_complete(serve_and_close(loop, path, nothing, cleanup_socket=cleanup))
        assert path.exists() is not cleanup

    def test_sockets_that_were_given_are_cleaned_up_too(self, loop: Any, path: Path) -> None:
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(str(path))
        loop.run_until_complete(serve_and_close(loop, None, nothing, sock=sock))
        assert not path.exists()

    def test_a_file_that_is_gone_is_no_error(self, loop: Any, path: Path) -> None:
        loop.run_until_complete(serve_and_close(loop, path, path.unlink))

    def test_a_successor_is_left_alone(self, loop: Any, path: Path) -> None:
        """As in an upgrade without a gap: the new server moves its socket over the old one."""
        successor = path.with_name("successor")
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(str(successor))
            loop.run_until_complete(
                serve_and_close(loop, path, lambda: os.replace(successor, path))
            )
        assert path.is_socket()

    def test_a_file_that_cannot_be_removed_is_logged(
        self,
        loop: Any,
        path: Path,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        def refuse(_: Any) -> None:
            raise PermissionError(13, "not yours")

        with caplog.at_level(logging.ERROR, "asyncio"):
            loop.run_until_complete(
                serve_and_close(loop, path, lambda: monkeypatch.setattr(os, "unlink", refuse))
            )
        (record,) = caplog.records
        assert record.getMessage().startswith("Unable to clean up listening UNIX socket")


def test_arguments_that_contradict(loop: Any, path: Path) -> None:
    async def main() -> None:
        at_once = "path and sock can not be specified at the same time"
        of_its_kind = "A UNIX Domain Stream Socket was expected"
        with socket.socket() as tcp, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams:
            for method in (loop.create_unix_server, loop.create_unix_connection):
                with pytest.raises(ValueError, match=at_once):
                    await method(Echo, path, sock=tcp)
                with pytest.raises(ValueError, match=r"no.* sock.* specified"):
                    await method(Echo)
                for sock in (tcp, datagrams):
                    with pytest.raises(ValueError, match=of_its_kind):
                        await method(Echo, sock=sock)
        with pytest.raises(TypeError, match="ssl argument must be an SSLContext or None"):
            await loop.create_unix_server(Echo, path, ssl=True)
        with pytest.raises(ValueError, match="you have to pass server_hostname when using ssl"):
            await loop.create_unix_connection(Echo, path, ssl=True)
        with pytest.raises(ValueError, match="server_hostname is only meaningful with ssl"):
            await loop.create_unix_connection(Echo, path, server_hostname="a")
        for option in ("ssl_handshake_timeout", "ssl_shutdown_timeout"):
            for method in (loop.create_unix_server, loop.create_unix_connection):
                with pytest.raises(ValueError, match=f"{option} is only meaningful with ssl"):
                    await method(Echo, path, **{option: 1.0})

    loop.run_until_complete(main())


def test_cancelling_a_connection_closes_its_socket(
    loop: Any, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[socket.socket] = []

    async def hang(sock: socket.socket, _: Any) -> None:
        made.append(sock)
        await loop.create_future()

    async def main() -> None:
        monkeypatch.setattr(loop, "sock_connect", hang)
        connecting = asyncio.create_task(loop.create_unix_connection(Connected, path))
        await asyncio.sleep(0)
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting

    loop.run_until_complete(main())
    assert [sock.fileno() for sock in made] == [-1]
