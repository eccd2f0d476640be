"""How TLS connections end."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from typing import TYPE_CHECKING, Any

import pytest

import jebi.loop
from tests.loop.recorder import Gatherer
from tests.loop.tls import accepting, receive_exactly

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    Opened = tuple[asyncio.Transport, Gatherer, asyncio.Transport, Gatherer]

Contexts = tuple[ssl.SSLContext, ssl.SSLContext]


@pytest.fixture
def contexts(server_context: ssl.SSLContext, client_context: ssl.SSLContext) -> Contexts:
    """The server's and the client's."""
    return server_context, client_context


@contextlib.asynccontextmanager
async def connected(contexts: Contexts, **options: Any) -> AsyncIterator[Opened]:
    """A client's transport and protocol, and the server's; aborted in the end."""
    loop = asyncio.get_running_loop()
    far, near = socket.socketpair()
    accepted, opened = await asyncio.gather(
        loop.connect_accepted_socket(Gatherer, far, ssl=contexts[0], **options),
        loop.create_connection(
            Gatherer, sock=near, ssl=contexts[1], server_hostname="localhost", **options
        ),
    )
    try:
        yield (*opened, *accepted)
    finally:
        opened[0].abort()
        accepted[0].abort()
        await asyncio.gather(opened[1].lost, accepted[1].lost, return_exceptions=True)


def test_closing_sends_what_was_written(
    loop: asyncio.AbstractEventLoop, contexts: Contexts
) -> None:
    data = bytes(range(256)) * 16384

    async def main() -> None:
        async with connected(contexts) as (client, mine, _, theirs):
            client.write(data)
            client.close()
            assert client.is_closing()
            assert await theirs.lost is None
            assert await mine.lost is None
            assert theirs.received == data
            assert theirs.told == ["made", "data", "eof", "lost"]

    loop.run_until_complete(main())


def test_the_peer_says_goodbye(loop: asyncio.AbstractEventLoop, contexts: Contexts) -> None:
    def serve(sock: socket.socket) -> bytes:
        with contexts[0].wrap_socket(sock, server_side=True) as secure:
            secure.sendall(b"bye")
            secure.unwrap()
        return b"unwrapped"

    async def main(port: int) -> None:
        transport, protocol = await loop.create_connection(
            Gatherer, "localhost", port, ssl=contexts[1]
        )
        assert await protocol.lost is None
        assert protocol.told == ["made", "data", "eof", "lost"]
        assert protocol.received == b"bye"
        assert transport.is_closing()

    with accepting(serve) as (port, thread):
        loop.run_until_complete(main(port))
    assert thread.result == b"unwrapped"


def test_goodbye_is_said_to_the_peer(loop: asyncio.AbstractEventLoop, contexts: Contexts) -> None:
    def serve(sock: socket.socket) -> bytes:
        with contexts[0].wrap_socket(sock, server_side=True, suppress_ragged_eofs=False) as secure:
            assert receive_exactly(secure, 3) == b"bye"
            # A connection that is cut would raise here.
            rest = secure.recv(1)
            secure.unwrap()
            return rest

    async def main(port: int) -> None:
        transport, protocol = await loop.create_connection(
            Gatherer, "localhost", port, ssl=contexts[1]
        )
        transport.write(b"bye")
        transport.close()
        assert await protocol.lost is None

    with accepting(serve) as (port, thread):
        loop.run_until_complete(main(port))
    assert thread.result == b""


def test_a_connection_that_is_cut(loop: asyncio.AbstractEventLoop, contexts: Contexts) -> None:
    def serve_and_close(sock: socket.socket) -> None:
        with contexts[0].wrap_socket(sock, server_side=True) as secure:
            secure.sendall(b"and")

    async def main(port: int) -> None:
        _, protocol = await loop.create_connection(Gatherer, "localhost", port, ssl=contexts[1])
        assert await protocol.lost is None
        assert protocol.received == b"and"
        assert protocol.told == ["made", "data", "eof", "lost"]

    with accepting(serve_and_close) as (port, _):
        loop.run_until_complete(main(port))


def test_aborting(loop: asyncio.AbstractEventLoop, contexts: Contexts) -> None:
    async def main() -> None:
        async with connected(contexts) as (client, mine, _, theirs):
            client.abort()
            assert client.is_closing()
            assert await mine.lost is None
            assert mine.told == ["made", "lost"]
            await theirs.lost
            client.abort()
            client.close()

    loop.run_until_complete(main())


def test_a_peer_that_does_not_say_goodbye_in_time(
    loop: asyncio.AbstractEventLoop, contexts: Contexts
) -> None:
    async def main() -> None:
        async with connected(contexts, ssl_shutdown_timeout=0.05) as (client, mine, server, _):
            server.pause_reading()
            client.close()
            error = await mine.lost
            assert isinstance(error, TimeoutError)
            assert "SSL shutdown timed out" in str(error)

    loop.run_until_complete(main())


def test_what_comes_after_closing_is_dropped(contexts: Contexts) -> None:
    """asyncio takes it for an error of the protocol."""

    def serve(sock: socket.socket) -> int:
        with contexts[0].wrap_socket(sock, server_side=True) as secure:
            assert receive_exactly(secure, 5) == b"close"
            sent = 0
            for _ in range(20):
                sent += secure.send(bytes(10_000))
            assert secure.recv(1) == b""
            secure.unwrap()
            return sent

    async def main(port: int) -> None:
        transport, protocol = await asyncio.get_running_loop().create_connection(
            Gatherer, "localhost", port, ssl=contexts[1]
        )
        transport.write(b"close")
        transport.close()
        assert await protocol.lost is None
        assert protocol.received == b""

    with accepting(serve) as (port, thread):
        jebi.loop.run(main(port))
    assert thread.result == 200_000


def test_closing_while_reading_is_paused(contexts: Contexts) -> None:
    """asyncio takes what was not read for an error of the protocol."""

    async def main() -> None:
        async with connected(contexts) as (client, mine, server, theirs):
            client.pause_reading()
            server.write(b"unread")
            client.close()
            assert await theirs.lost is None
            assert await mine.lost is None

    jebi.loop.run(main())


def test_the_end_waits_until_reading_resumes(
    loop: asyncio.AbstractEventLoop, contexts: Contexts
) -> None:
    async def main() -> None:
        async with connected(contexts) as (client, mine, server, _):
            client.pause_reading()
            server.write(b"before the end")
            server.close()
            client.write(b"still open")
            assert mine.told == ["made"]
            client.resume_reading()
            assert await mine.lost is None
            assert mine.received == b"before the end"
            assert mine.told == ["made", "data", "eof", "lost"]

    loop.run_until_complete(main())


def test_writing_after_the_end_is_warned_of(
    loop: asyncio.AbstractEventLoop, contexts: Contexts, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with connected(contexts) as (client, mine, _, _):
            client.close()
            await mine.lost
            for _ in range(8):
                client.write(b"lost")

    loop.run_until_complete(main())
    assert "SSL connection is closed" in caplog.text


def test_half_closed_connections_do_not_exist(
    loop: asyncio.AbstractEventLoop, contexts: Contexts, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with connected(contexts) as (_, mine, server, _):
            mine.eof_received = lambda: True  # type: ignore[assignment, method-assign]  # replaced on purpose
            server.close()
            assert await mine.lost is None

    loop.run_until_complete(main())
    assert "returning true from eof_received() has no effect" in caplog.text


@pytest.mark.parametrize("method", ["data_received", "eof_received"])
def test_what_the_protocol_raises(
    loop: asyncio.AbstractEventLoop, contexts: Contexts, method: str
) -> None:
    told: list[Any] = []
    loop.set_exception_handler(lambda _, context: told.append(context))

    def fail(*_: object) -> None:
        raise ValueError("broken")

    async def main() -> None:
        async with connected(contexts) as (_, mine, server, _):
            setattr(mine, method, fail)
            server.write(b"data")
            if method == "eof_received":
                server.close()
            assert isinstance(await mine.lost, ValueError)

    loop.run_until_complete(main())
    assert [str(context["exception"]) for context in told] == ["broken"]
    assert {"message", "exception", "transport", "protocol"} <= set(told[0])


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_what_ends_the_program_ends_it(
    loop: asyncio.AbstractEventLoop, contexts: Contexts, kind: type[BaseException]
) -> None:
    class Ending(Gatherer):
        def data_received(self, data: bytes) -> None:
            raise kind

    kept: list[Any] = []

    async def main() -> None:
        far, near = socket.socketpair()
        kept.extend(
            await asyncio.gather(
                loop.connect_accepted_socket(Ending, far, ssl=contexts[0]),
                loop.create_connection(
                    Gatherer, sock=near, ssl=contexts[1], server_hostname="localhost"
                ),
            )
        )
        kept[1][0].write(b"end")
        await kept[1][1].lost

    async def clean_up() -> None:
        for transport, protocol in kept:
            transport.abort()
            await protocol.lost

    waiting = loop.create_task(main())
    with pytest.raises(kind):
        loop.run_until_complete(waiting)
    loop.run_until_complete(clean_up())
    loop.run_until_complete(waiting)


def test_garbage_from_the_peer(loop: asyncio.AbstractEventLoop, contexts: Contexts) -> None:
    def serve(sock: socket.socket) -> None:
        secure = contexts[0].wrap_socket(sock, server_side=True)
        secure.sendall(b"fine")
        with socket.socket(fileno=secure.detach()) as bare:
            bare.sendall(b"\x17\x03\x03\x00\x40" + bytes(64))
            bare.settimeout(10)
            with contextlib.suppress(ConnectionResetError):
                while bare.recv(65536):
                    pass

    async def main(port: int) -> None:
        _, protocol = await loop.create_connection(Gatherer, "localhost", port, ssl=contexts[1])
        assert isinstance(await protocol.lost, ssl.SSLError)

    with accepting(serve) as (port, _):
        loop.run_until_complete(main(port))
