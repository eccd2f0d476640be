"""``start_tls``: TLS over a transport that is open already."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import socket
import ssl
import weakref
from typing import TYPE_CHECKING, Any

import pytest

import jebi.loop
from tests.loop.recorder import Gatherer
from tests.loop.tls import accepting, receive_exactly

if TYPE_CHECKING:
    from collections.abc import Callable

Contexts = tuple[ssl.SSLContext, ssl.SSLContext]
Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def contexts(server_context: ssl.SSLContext, client_context: ssl.SSLContext) -> Contexts:
    """The server's and the client's."""
    return server_context, client_context


async def upgrade(
    near: Any,
    mine: asyncio.BaseProtocol,
    far: Any,
    theirs: asyncio.BaseProtocol,
    contexts: Contexts,
) -> tuple[Any, Any]:
    """TLS over two transports that are connected to each other."""
    loop = asyncio.get_running_loop()
    client, server = await asyncio.gather(
        loop.start_tls(near, mine, contexts[1], server_hostname="localhost"),
        loop.start_tls(far, theirs, contexts[0], server_side=True),
    )
    return client, server


async def exchange(client: Any, mine: Gatherer, server: Any, theirs: Gatherer) -> None:
    """A word each way, then the end."""
    del mine.received[:], theirs.received[:]
    client.write(b"ping" * 10_000)
    assert await theirs.until_received(40_000) == b"ping" * 10_000
    server.write(b"pong")
    assert await mine.until_received(4) == b"pong"
    client.close()
    assert await mine.lost is None
    assert await theirs.lost is None


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_layers(
    loop: asyncio.AbstractEventLoop, pair: Pair, contexts: Contexts, layers: int
) -> None:
    async def main() -> None:
        near, mine = await loop.create_connection(Gatherer, sock=pair[0])
        far, theirs = await loop.create_connection(Gatherer, sock=pair[1])
        near.write(b"plain")
        assert await theirs.until_received(5) == b"plain"
        for _ in range(layers):
            near, far = await upgrade(near, mine, far, theirs, contexts)
        assert mine.told == ["made"]
        assert near.get_extra_info("socket").fileno() == pair[0].fileno()
        await exchange(near, mine, far, theirs)

    loop.run_until_complete(main())


def test_from_within_the_protocol(loop: asyncio.AbstractEventLoop, contexts: Contexts) -> None:
    """As mail servers do it: a word in the clear, then TLS."""

    def talk(sock: socket.socket) -> bytes:
        sock.sendall(b"STARTTLS\r\n")
        assert sock.recv(100) == b"go ahead\r\n"
        with contexts[1].wrap_socket(sock, server_hostname="localhost") as secure:
            secure.sendall(b"secret")
            return receive_exactly(secure, 6)

    class Mail(Gatherer):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if data == b"STARTTLS\r\n":
                self.transport.write(b"go ahead\r\n")
                upgrading.append(loop.create_task(self.upgrade()))
            else:
                self.transport.write(data)

        async def upgrade(self) -> None:
            self.transport = await loop.start_tls(
                self.transport, self, contexts[0], server_side=True
            )

    upgrading: list[asyncio.Task[None]] = []

    async def main(port: int) -> None:
        _, protocol = await loop.create_connection(Mail, "127.0.0.1", port)
        assert await protocol.lost is None
        await upgrading[0]
        assert protocol.told == ["made", "data", "eof", "lost"]

    with accepting(talk) as (port, thread):
        loop.run_until_complete(main(port))
    assert thread.result == b"secret"


def test_streams(loop: asyncio.AbstractEventLoop, contexts: Contexts) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readline() == b"upgrade\n"
        writer.write(b"go ahead\n")
        await writer.start_tls(contexts[0])
        assert await reader.readline() == b"secret\n"
        assert writer.get_extra_info("cipher")
        writer.write(b"well done\n")
        writer.close()
        await writer.wait_closed()

    async def main() -> bytes:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"upgrade\n")
            assert await reader.readline() == b"go ahead\n"
            await writer.start_tls(contexts[1], server_hostname="localhost")
            writer.write(b"secret\n")
            answer = await reader.read(-1)
            writer.close()
            await writer.wait_closed()
            return answer

    assert loop.run_until_complete(main()) == b"well done\n"


class Tunnel(asyncio.Transport):
    """A transport of somebody else: hands its bytes to another one in the same process."""

    _start_tls_compatible = True

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.get_running_loop()
        self.other: Tunnel
        self.protocol: Any = None
        self.paused = False
        self.waiting: list[bytes] = []
        self.closing = False

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def get_protocol(self) -> Any:
        return self.protocol

    def is_closing(self) -> bool:
        return self.closing

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        if not self.closing:
            self.other.waiting.append(bytes(data))
            self.loop.call_soon(self.other.deliver)

    def deliver(self) -> None:
        while self.waiting and not self.paused and not self.closing:
            self.protocol.data_received(self.waiting.pop(0))

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False
        self.deliver()

    def close(self) -> None:
        if not self.closing:
            self.closing = True
            self.loop.call_soon(self.protocol.connection_lost, None)
            self.loop.call_soon(self.other.end)

    def abort(self) -> None:
        self.close()

    def end(self) -> None:
        if not self.closing and not self.protocol.eof_received():
            self.close()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return "tunnel" if name == "peername" else default


def test_transports_of_others(contexts: Contexts) -> None:
    """asyncio asks more of them than :class:`asyncio.Transport` promises."""

    async def main() -> None:
        near, far = Tunnel(), Tunnel()
        near.other, far.other = far, near
        mine, theirs = Gatherer(), Gatherer()
        client, server = await upgrade(near, mine, far, theirs, contexts)
        assert client.get_extra_info("peername") == "tunnel"
        await exchange(client, mine, server, theirs)

    jebi.loop.run(main())


def test_what_cannot_carry_tls(
    loop: asyncio.AbstractEventLoop, pair: Pair, contexts: Contexts
) -> None:
    async def main() -> None:
        transport, protocol = await loop.create_connection(Gatherer, sock=pair[0])
        with pytest.raises(TypeError, match=r"instance of ssl\.SSLContext, got None"):
            await loop.start_tls(transport, protocol, None)  # type: ignore[arg-type]  # wrong on purpose
        with pytest.raises(TypeError, match="is not supported by start_tls"):
            await loop.start_tls(asyncio.Transport(), protocol, contexts[1])
        transport.abort()
        await protocol.lost

    loop.run_until_complete(main())


def test_a_handshake_that_fails_closes_the_transport(
    loop: asyncio.AbstractEventLoop, pair: Pair, contexts: Contexts
) -> None:
    near, far = pair

    async def main() -> None:
        transport, protocol = await loop.create_connection(Gatherer, sock=near)
        await loop.sock_sendall(far, b"this is no TLS at all")
        with pytest.raises(ssl.SSLError):
            await loop.start_tls(transport, protocol, contexts[1], server_hostname="localhost")
        assert transport.is_closing()
        assert isinstance(await protocol.lost, ssl.SSLError)

    loop.run_until_complete(main())


def test_cancelling_closes_the_transport(
    loop: asyncio.AbstractEventLoop, pair: Pair, contexts: Contexts
) -> None:
    near, far = pair

    async def main() -> None:
        transport, protocol = await loop.create_connection(Gatherer, sock=near)
        starting = loop.create_task(
            loop.start_tls(transport, protocol, contexts[1], server_hostname="localhost")
        )
        assert (await loop.sock_recv(far, 65536))[:1] == b"\x16"
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        assert transport.is_closing()
        while await loop.sock_recv(far, 65536):
            pass

    loop.run_until_complete(main())


@pytest.mark.parametrize("layers", [1, 2])
def test_nothing_is_left(
    factory: Callable[[], asyncio.AbstractEventLoop],
    pair: Pair,
    contexts: Contexts,
    layers: int,
) -> None:
    references: list[weakref.ref[Any]] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        near, mine = await loop.create_connection(Gatherer, sock=pair[0])
        far, theirs = await loop.create_connection(Gatherer, sock=pair[1])
        for _ in range(layers):
            near, far = await upgrade(near, mine, far, theirs, contexts)
            references.extend(weakref.ref(one) for one in (near, far))
        references.extend(weakref.ref(one) for one in (mine, theirs))
        await exchange(near, mine, far, theirs)

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main())
    gc.collect()
    assert [reference() for reference in references] == [None] * len(references)


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_a_loop_that_closes_first(
    factory: Callable[[], asyncio.AbstractEventLoop], contexts: Contexts
) -> None:
    """Transports that nobody closed go with their loop, and their sockets with them."""
    references: list[weakref.ref[Any]] = []

    async def main() -> list[Any]:
        loop = asyncio.get_running_loop()
        near, far = socket.socketpair()
        opened = await asyncio.gather(
            loop.create_connection(
                Gatherer, sock=near, ssl=contexts[1], server_hostname="localhost"
            ),
            loop.connect_accepted_socket(Gatherer, far, ssl=contexts[0]),
        )
        references.extend(weakref.ref(transport) for transport, _ in opened)
        references.extend(weakref.ref(protocol) for _, protocol in opened)
        return [transport.get_extra_info("socket") for transport, _ in opened]

    loop = factory()
    loop.run_until_complete(main())
    loop.close()
    gc.collect()
    assert [reference() for reference in references] == [None] * len(references)


def test_the_connection_keeps_its_context(pair: Pair, contexts: Contexts) -> None:
    """What the protocol set before is there after; asyncio takes the caller's context instead."""
    place: contextvars.ContextVar[str] = contextvars.ContextVar("place", default="nowhere")

    class Noting(Gatherer):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            place.set("connection")

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            places.append(place.get())

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            places.append(place.get())

    places: list[str] = []

    async def main(loop: asyncio.AbstractEventLoop) -> None:
        near, mine = await loop.create_connection(Noting, sock=pair[0])
        far, theirs = await loop.create_connection(Gatherer, sock=pair[1])
        for place_now in ("caller", "caller again"):
            place.set(place_now)
            near, far = await upgrade(near, mine, far, theirs, contexts)
        await exchange(near, mine, far, theirs)

    loop = jebi.loop.new_event_loop()
    loop.run_until_complete(main(loop))
    loop.close()
    assert places
    assert set(places) == {"connection"}
