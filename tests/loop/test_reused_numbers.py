"""A descriptor that is closed behind the loop's back, and another one that gets its number.

The kernel goes by numbers, so what the first owner says afterwards must not reach the second. Only
Jebi promises that.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import signal
import socket
from typing import TYPE_CHECKING, Any

import pytest

from tests.loop.ours import ours  # noqa: F401  (the fixture loop)
from tests.loop.test_ownership import Collector

if TYPE_CHECKING:
    from collections.abc import Callable

Pair = tuple[socket.socket, socket.socket]


def finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def reuse(sock: socket.socket) -> Pair:
    """Closes ``sock`` without a word and has another one take its number."""
    return pair_with_number(sock.detach())


def pair_with_number(number: int) -> Pair:
    """Two connected sockets; the first gets ``number``, whoever had it."""
    near, far = socket.socketpair()
    if near.fileno() == number:
        return near, far
    os.dup2(near.fileno(), number)
    near.close()
    return socket.socket(fileno=number), far


OPERATIONS: dict[str, Callable[[Any], None]] = {
    "close": lambda transport: transport.close(),
    "abort": lambda transport: transport.abort(),
    "pause": lambda transport: transport.pause_reading(),
    "pause and resume": lambda transport: (
        transport.pause_reading(),
        transport.resume_reading(),
    )[0],
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_transport_that_lost_its_number(
    loop: asyncio.AbstractEventLoop, pair: Pair, operation: str
) -> None:
    near, _ = pair

    async def main() -> None:
        old, deserted = await loop.create_connection(Collector, sock=near)
        sock, peer = reuse(near)
        with peer:
            new, protocol = await loop.create_connection(Collector, sock=sock)
            OPERATIONS[operation](old)
            peer.send(b"for the new one")
            peer.shutdown(socket.SHUT_WR)
            await asyncio.wait_for(protocol.lost, 5)
            assert protocol.data == b"for the new one"
            assert new.is_closing()
            old.abort()
            await deserted.lost
            assert deserted.data == b""

    loop.run_until_complete(main())


def test_a_transport_that_is_paused_and_lost_its_number(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    near, _ = pair

    async def main() -> None:
        old, deserted = await loop.create_connection(Collector, sock=near)
        old.pause_reading()
        sock, peer = reuse(near)
        with peer:
            new, protocol = await loop.create_connection(Collector, sock=sock)
            old.resume_reading()
            await deserted.lost
            peer.send(b"for the new one")
            peer.shutdown(socket.SHUT_WR)
            await asyncio.wait_for(protocol.lost, 5)
            assert protocol.data == b"for the new one"
            assert deserted.data == b""
            new.close()

    loop.run_until_complete(main())


def test_the_number_of_a_transport_that_lost_it(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    near, _ = pair

    async def main() -> None:
        old, deserted = await loop.create_connection(Collector, sock=near)
        with pytest.raises(RuntimeError, match="is used by transport"):
            loop.add_reader(near, print)
        sock, peer = reuse(near)
        with sock, peer:
            sock.setblocking(False)
            waiting = asyncio.ensure_future(loop.sock_recv(sock, 10))
            await asyncio.sleep(0)
            old.abort()
            peer.send(b"x")
            assert await asyncio.wait_for(waiting, 5) == b"x"
            await deserted.lost

    loop.run_until_complete(main())


def test_a_reader_that_lost_its_number(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    near, _ = pair
    called: list[str] = []

    async def main() -> None:
        loop.add_reader(near, called.append, "old")
        sock, peer = reuse(near)
        with peer:
            _, protocol = await loop.create_connection(Collector, sock=sock)
            # By its object it is known, though it has no number any more.
            assert loop.remove_reader(near)
            peer.send(b"for the new one")
            peer.shutdown(socket.SHUT_WR)
            await asyncio.wait_for(protocol.lost, 5)
            assert protocol.data == b"for the new one"

    loop.run_until_complete(main())
    assert not called


def test_signals_after_a_loop_was_closed_by_another_thread(
    loop: asyncio.AbstractEventLoop,
) -> None:
    """Only the main thread can tell the interpreter to stop writing their numbers to the loop."""
    loop.add_signal_handler(signal.SIGUSR2, print)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        closing = pool.submit(loop.close)
        with pytest.raises(ValueError, match="main thread"):
            closing.result()
    assert loop.is_closed()
    try:
        pairs = [socket.socketpair() for _ in range(5)]
        os.kill(os.getpid(), signal.SIGUSR2)
        for near, far in pairs:
            far.setblocking(False)
            near.close()
            assert far.recv(1) == b""
            far.close()
    finally:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGUSR2, signal.SIG_DFL)


def test_a_number_that_comes_back_to_a_reader(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    near, _ = pair
    called: list[str] = []

    async def main() -> None:
        number = near.fileno()
        loop.add_reader(number, called.append, "old")
        sock, peer = reuse(near)
        _, protocol = await loop.create_connection(Collector, sock=sock)
        peer.close()
        await protocol.lost
        third, fourth = pair_with_number(number)
        with third, fourth:
            done = loop.create_future()
            loop.add_reader(number, finish, done)
            fourth.send(b"x")
            await asyncio.wait_for(done, 5)
            assert loop.remove_reader(number)

    loop.run_until_complete(main())
    assert not called
