"""A thousand loops, one after the other: what the first leaves behind, all of them do."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import warnings
from typing import Any

import pytest

import jebi.loop
from tests.stress.census import Census

LOOPS = 1000
WARMING = 100
# One loop in so many starts threads, which cost more than all the rest.
THREADS_EVERY = 10
# The interpreter's caches go on filling a little; what loops leave comes in larger numbers.
FEW = LOOPS // THREADS_EVERY - 1


class Echo(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


class Mirror(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.transport.close()


async def use_everything(loop: asyncio.AbstractEventLoop) -> None:
    """A bit of each, some of it left open for the loop's end."""
    loop.call_later(3600, print, "never")
    loop.call_later(3600, print, "cancelled").cancel()
    loop.add_signal_handler(signal.SIGUSR1, print, "never")
    near, far = socket.socketpair()
    transport, _ = await loop.create_connection(Echo, sock=near)
    reader, writer = await asyncio.open_connection(sock=far)
    writer.write(b"hello")
    assert await reader.readexactly(5) == b"hello"
    writer.close()
    await writer.wait_closed()
    transport.close()
    mirror, _ = await loop.create_datagram_endpoint(Mirror, local_addr=("127.0.0.1", 0))
    mirror.sendto(b"x", mirror.get_extra_info("sockname"))
    server = await loop.create_server(Echo, "127.0.0.1", 0)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(asyncio.sleep(0))
        group.create_task(asyncio.sleep(0.0001))
    waiting = asyncio.ensure_future(loop.create_future())
    await asyncio.sleep(0)
    waiting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await waiting
    server.close()
    await asyncio.sleep(0)


def open_use_close(number: int) -> None:
    loop = jebi.loop.new_event_loop()
    try:
        loop.run_until_complete(use_everything(loop))
        if number % THREADS_EVERY == 0:
            assert loop.run_until_complete(loop.run_in_executor(None, int, "3")) == 3
            loop.run_until_complete(loop.shutdown_default_executor())
        left, right = socket.socketpair()
        with left, right:
            # Still watched and still scheduled when the loop is closed.
            loop.add_reader(left, print)
            loop.call_soon(print, "never")
            loop.call_soon_threadsafe(print, "never")
            loop.close()
    finally:
        loop.close()


@pytest.mark.timeout(120)
def test_a_thousand_loops_leave_nothing_behind() -> None:
    for number in range(WARMING):
        open_use_close(number)
    before = Census.take()
    for number in range(LOOPS):
        open_use_close(number)
    after = Census.take()
    assert after.grown_since(before, FEW) == []
    assert after.blocks - before.blocks < LOOPS


def test_loops_that_are_closed_with_transports_open() -> None:
    async def leave_open(loop: asyncio.AbstractEventLoop) -> None:
        near, far = socket.socketpair()
        # Nobody closes these; the loop's end does.
        await loop.create_connection(Echo, sock=near)
        await loop.create_connection(Echo, sock=far)
        await loop.create_datagram_endpoint(Mirror, local_addr=("127.0.0.1", 0))

    def run() -> None:
        loop = jebi.loop.new_event_loop()
        loop.run_until_complete(leave_open(loop))
        loop.close()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        run()
        before = Census.take()
        for _ in range(50):
            run()
        after = Census.take()
    assert after.grown_since(before, few=25) == []
