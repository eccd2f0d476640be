"""asyncio's streams on top of the loop."""

from __future__ import annotations

import asyncio

import pytest


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
