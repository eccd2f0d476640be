"""What programs do with an event loop: callbacks, timers, streams, protocols, threads."""

from __future__ import annotations

import asyncio

from jebi.loop import new_event_loop

TURNS = 20_000
"""How often each thing is done."""


def main() -> None:
    """Do each of them for a while."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        for work in (callbacks, timers, streams, protocols, threads):
            runner.run(work())


async def callbacks() -> None:
    """Callbacks by the hundred, and tasks."""
    loop = asyncio.get_running_loop()
    for _ in range(TURNS // 100):
        for _ in range(100):
            loop.call_soon(int)
        await asyncio.gather(*(asyncio.sleep(0) for _ in range(100)))


async def timers() -> None:
    """Timers that come due, and more that are cancelled."""
    loop = asyncio.get_running_loop()
    for _ in range(TURNS // 100):
        handles = [loop.call_later(number / 10_000, int) for number in range(100)]
        for handle in handles[1:]:
            handle.cancel()
        async with asyncio.timeout(1):
            await asyncio.sleep(0)


async def streams() -> None:
    """Lines there and back through streams."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        for size in (100, 10_000):
            line = b"s" * size + b"\n"
            for _ in range(TURNS // 10):
                writer.write(line)
                assert await reader.readline() == line
        writer.close()
        await writer.wait_closed()


class Echo(asyncio.Protocol):
    """Writes what arrives."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Write it back."""
        self.transport.write(data)


class Caller(Echo):
    """Begins, and counts what comes back."""

    def __init__(self, done: asyncio.Future[None]) -> None:
        """Come to an end by ``done``."""
        self.left = TURNS
        self.done = done

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        super().connection_made(transport)
        self.transport.write(b"p" * 1000)

    def data_received(self, data: bytes) -> None:
        """Go on, so many times."""
        self.left -= 1
        if self.left > 0:
            self.transport.write(data)
        elif not self.done.done():
            self.done.set_result(None)


async def protocols() -> None:
    """Messages there and back between two protocols."""
    loop = asyncio.get_running_loop()
    async with await loop.create_server(Echo, "127.0.0.1", 0) as server:
        done = loop.create_future()
        address = server.sockets[0].getsockname()
        transport, _ = await loop.create_connection(lambda: Caller(done), *address)
        await done
        transport.close()


async def threads() -> None:
    """Work in threads, some at a time."""
    for _ in range(TURNS // 200):
        await asyncio.gather(*(asyncio.to_thread(int) for _ in range(10)))
