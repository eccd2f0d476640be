"""asyncio's streams on top of the loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
    await writer.wait_closed()


def test_streams_echo(loop: asyncio.AbstractEventLoop) -> None:
    data = bytes(range(256)) * 8192

    async def main() -> bytes:
        async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)

            async def send() -> None:
                for start in range(0, len(data), 10_000):
                    writer.write(data[start : start + 10_000])
                    await writer.drain()
                writer.write_eof()

            sending = asyncio.create_task(send())
            received = await reader.read(-1)
            await sending
            writer.close()
            await writer.wait_closed()
            return received

    assert loop.run_until_complete(main()) == data


def test_lines(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> list[bytes]:
        async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.writelines([b"one\n", b"two\n", b"three"])
            writer.write_eof()
            lines = [line async for line in reader]
            writer.close()
            await writer.wait_closed()
            return lines

    assert loop.run_until_complete(main()) == [b"one\n", b"two\n", b"three"]


def test_a_connection_that_ends_early(loop: asyncio.AbstractEventLoop) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"abc")
        writer.close()
        await writer.wait_closed()

    async def main() -> None:
        async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            with pytest.raises(asyncio.IncompleteReadError) as caught:
                await reader.readexactly(10)
            assert caught.value.partial == b"abc"
            writer.close()
            await writer.wait_closed()

    loop.run_until_complete(main())


def test_separators_and_limits(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=64)
            writer.write(b"one;two;" + b"x" * 200 + b";end")
            writer.write_eof()
            assert await reader.readuntil(b";") == b"one;"
            assert await reader.readuntil(b";") == b"two;"
            with pytest.raises(asyncio.LimitOverrunError):
                await reader.readuntil(b";")
            assert await reader.readexactly(201) == b"x" * 200 + b";"
            with pytest.raises(asyncio.IncompleteReadError):
                await reader.readuntil(b";")
            assert reader.at_eof()
            writer.close()
            await writer.wait_closed()

    loop.run_until_complete(main())


def test_a_writer_waits_for_its_reader(loop: asyncio.AbstractEventLoop) -> None:
    size = 20_000_000

    async def main() -> int:
        received: asyncio.Future[int] = loop.create_future()
        read_on = asyncio.Event()

        async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await read_on.wait()
            total = 0
            while data := await reader.read(100_000):
                total += len(data)
            writer.close()
            received.set_result(total)

        async with await asyncio.start_server(count, "127.0.0.1", 0) as server:
            _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(bytes(size))
            draining = asyncio.ensure_future(writer.drain())
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.shield(draining), 0.02)
            read_on.set()
            await draining
            writer.close()
            await writer.wait_closed()
            return await received

    assert loop.run_until_complete(main()) == size


def test_an_aborted_peer_is_an_error_to_readers_and_writers(
    loop: asyncio.AbstractEventLoop,
) -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.transport.abort()  # bytes unread: the peer gets a reset

    async def main() -> None:
        async with await asyncio.start_server(reset, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"x" * 5_000_000)
            with pytest.raises(ConnectionError):
                await reader.read()
            with pytest.raises(ConnectionError):
                await writer.drain()
            writer.close()
            with pytest.raises(ConnectionError):
                await writer.wait_closed()

    loop.run_until_complete(main())


def test_a_cancelled_read_loses_nothing(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            for number in range(20):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(reader.readexactly(4), 0.001)
                writer.write(b"%04d" % number)
                assert await reader.readexactly(4) == b"%04d" % number
            writer.close()
            await writer.wait_closed()

    loop.run_until_complete(main())


def test_streams_over_a_unix_socket(loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    path = str(tmp_path / "socket")

    async def main() -> bytes:
        async with await asyncio.start_unix_server(echo, path):
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(b"through a file" * 50_000)
            writer.write_eof()
            received = await reader.read()
            writer.close()
            await writer.wait_closed()
            return received

    assert loop.run_until_complete(main()) == b"through a file" * 50_000


def test_many_connections_at_once(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> list[bytes]:
        async with await asyncio.start_server(echo, "127.0.0.1", 0, backlog=1000) as server:
            address = server.sockets[0].getsockname()

            async def talk(number: int) -> bytes:
                reader, writer = await asyncio.open_connection(*address)
                writer.write(b"%d\n" % number)
                line = await reader.readline()
                writer.close()
                await writer.wait_closed()
                return line

            return list(await asyncio.gather(*map(talk, range(400))))

    assert loop.run_until_complete(main()) == [b"%d\n" % number for number in range(400)]
