"""websockets' asyncio client and server, both on the loop under test."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from websockets.asyncio.client import connect, unix_connect
from websockets.asyncio.server import ServerConnection, serve, unix_serve
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidHandshake

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clients.certificates import Certificate

pytestmark = pytest.mark.anyio

BIG = bytes(range(256)) * 40_000


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


def port_of(server: Any) -> int:
    port: int = next(iter(server.sockets)).getsockname()[1]
    return port


async def test_messages_of_every_size() -> None:
    async with (
        serve(echo, "127.0.0.1", 0, max_size=None) as server,
        connect(f"ws://127.0.0.1:{port_of(server)}", max_size=None) as connection,
    ):
        for message in ("", "text 제비", b"", b"bytes", BIG, "x" * 200_000):
            await connection.send(message)
            assert await connection.recv() == message
        await connection.send([b"in", b" ", b"pieces"])
        assert await connection.recv() == b"in pieces"
        latency = await (await connection.ping())
        assert latency >= 0


async def test_many_connections_at_once() -> None:
    async with serve(echo, "127.0.0.1", 0) as server:

        async def talk(number: int) -> list[str | bytes]:
            async with connect(f"ws://127.0.0.1:{port_of(server)}") as connection:
                for turn in range(10):
                    await connection.send(f"{number}/{turn}")
                return [await connection.recv() for _ in range(10)]

        talks = await asyncio.gather(*map(talk, range(50)))
    assert talks == [[f"{number}/{turn}" for turn in range(10)] for number in range(50)]


async def test_the_client_closes() -> None:
    closed: asyncio.Queue[tuple[int | None, str | None]] = asyncio.Queue()

    async def handle(connection: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosedOK, ConnectionClosedError):
            await connection.recv()
        closed.put_nowait((connection.close_code, connection.close_reason))

    async with serve(handle, "127.0.0.1", 0) as server:
        connection = await connect(f"ws://127.0.0.1:{port_of(server)}")
        await connection.close(4000, "enough")
        assert await closed.get() == (4000, "enough")
        assert connection.close_code == 4000
        with pytest.raises(ConnectionClosedError):
            await connection.send("too late")


async def test_the_server_closes() -> None:
    async def handle(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.close(1001, "leaving")

    async with (
        serve(handle, "127.0.0.1", 0) as server,
        connect(f"ws://127.0.0.1:{port_of(server)}") as connection,
    ):
        await connection.send("hello")
        with pytest.raises(ConnectionClosedOK) as ended:
            await connection.recv()
        assert ended.value.rcvd is not None
        assert (ended.value.rcvd.code, ended.value.rcvd.reason) == (1001, "leaving")


async def test_a_server_that_ends_closes_its_connections() -> None:
    async with serve(echo, "127.0.0.1", 0) as server:
        connection = await connect(f"ws://127.0.0.1:{port_of(server)}")
    with pytest.raises(ConnectionClosedOK, match="1001"):
        await connection.recv()


async def test_a_connection_that_is_lost() -> None:
    async def handle(connection: ServerConnection) -> None:
        await connection.recv()
        connection.transport.abort()

    async with (
        serve(handle, "127.0.0.1", 0) as server,
        connect(f"ws://127.0.0.1:{port_of(server)}") as connection,
    ):
        await connection.send("hello")
        with pytest.raises(ConnectionClosedError, match="no close frame"):
            await connection.recv()


async def test_cancelling_receives_loses_nothing() -> None:
    async with (
        serve(echo, "127.0.0.1", 0) as server,
        connect(f"ws://127.0.0.1:{port_of(server)}") as connection,
    ):
        for number in range(20):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.001):
                    await connection.recv()
            await connection.send(str(number))
            assert await connection.recv() == str(number)


async def test_a_reader_that_waits_holds_the_writer_up() -> None:
    read_on = asyncio.Event()

    async def handle(connection: ServerConnection) -> None:
        await read_on.wait()
        sizes = [len(await connection.recv()) for _ in range(20)]
        await connection.send(str(sum(sizes)))

    async with (
        serve(handle, "127.0.0.1", 0, compression=None, max_queue=1) as server,
        connect(f"ws://127.0.0.1:{port_of(server)}", compression=None) as connection,
    ):

        async def pour() -> None:
            for _ in range(20):
                await connection.send(BIG[:1_000_000])

        pouring = asyncio.ensure_future(pour())
        done, _ = await asyncio.wait([pouring], timeout=0.05)
        read_on.set()
        await pouring
        assert not done
        assert await connection.recv() == "20000000"


async def test_a_handshake_that_is_refused() -> None:
    def refuse(connection: ServerConnection, request: Any) -> Any:
        return connection.respond(403, "not you")

    async with serve(echo, "127.0.0.1", 0, process_request=refuse) as server:
        with pytest.raises(InvalidHandshake, match="403"):
            await connect(f"ws://127.0.0.1:{port_of(server)}")


async def test_the_unix_socket(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    async with (
        unix_serve(echo, path, max_size=None),
        unix_connect(path, max_size=None) as connection,
    ):
        await connection.send(BIG)
        assert await connection.recv() == BIG


async def test_tls(certificate: Certificate) -> None:
    server_side, client_side = certificate.for_servers(), certificate.for_clients()
    async with (
        serve(echo, "127.0.0.1", 0, max_size=None, ssl=server_side) as server,
        connect(f"wss://localhost:{port_of(server)}", max_size=None, ssl=client_side) as connection,
    ):
        for message in ("hello", BIG, "x" * 200_000):
            await connection.send(message)
            assert await connection.recv() == message
        await connection.close(4000)
    assert connection.close_code == 4000
