"""The ``sock_*`` coroutines."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

Pair = tuple[socket.socket, socket.socket]


def test_receiving_waits(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    near, far = pair

    async def main() -> tuple[bytes, bytes, bytes]:
        waiting = asyncio.create_task(loop.sock_recv(near, 100))
        await asyncio.sleep(0)
        assert not waiting.done()
        far.send(b"first")
        first = await waiting
        far.send(b"second")
        second = await loop.sock_recv(near, 100)
        far.close()
        return first, second, await loop.sock_recv(near, 100)

    assert loop.run_until_complete(main()) == (b"first", b"second", b"")


def test_receiving_into_a_buffer(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    near, far = pair
    buffer = bytearray(4)

    async def main() -> int:
        waiting = asyncio.create_task(loop.sock_recv_into(near, buffer))
        await asyncio.sleep(0)
        far.send(b"abc")
        return await waiting

    assert loop.run_until_complete(main()) == 3
    assert buffer == b"abc\0"


def test_sending_much(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    near, far = pair
    data = bytes(range(256)) * 16384

    async def main() -> bytes:
        sending = asyncio.create_task(loop.sock_sendall(near, data))
        received = b""
        while len(received) < len(data):
            received += await loop.sock_recv(far, 1 << 20)
        await sending
        await loop.sock_sendall(near, b"")
        await loop.sock_sendall(near, memoryview(b"view"))
        assert await loop.sock_recv(far, 10) == b"view"
        return received

    assert loop.run_until_complete(main()) == data


def test_connecting_and_accepting(loop: asyncio.AbstractEventLoop, listener: socket.socket) -> None:
    async def main() -> None:
        with socket.socket() as client:
            client.setblocking(False)
            accepting = asyncio.create_task(loop.sock_accept(listener))
            await loop.sock_connect(client, listener.getsockname())
            accepted, address = await accepting
            with accepted:
                assert address == client.getsockname()
                assert accepted.gettimeout() == 0
                await loop.sock_sendall(client, b"x")
                assert await loop.sock_recv(accepted, 10) == b"x"

    loop.run_until_complete(main())


def test_datagrams(loop: asyncio.AbstractEventLoop) -> None:
    buffer = bytearray(10)

    async def main() -> None:
        with (
            socket.socket(type=socket.SOCK_DGRAM) as near,
            socket.socket(type=socket.SOCK_DGRAM) as far,
        ):
            for sock in (near, far):
                sock.setblocking(False)
                sock.bind(("127.0.0.1", 0))
            waiting = asyncio.create_task(loop.sock_recvfrom(far, 100))
            await asyncio.sleep(0)
            assert await loop.sock_sendto(near, b"one", far.getsockname()) == 3
            assert await waiting == (b"one", near.getsockname())
            await loop.sock_sendto(near, b"two", far.getsockname())
            assert await loop.sock_recvfrom_into(far, buffer) == (3, near.getsockname())
            assert buffer[:3] == b"two"

    loop.run_until_complete(main())


def test_a_refused_connection(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        with socket.socket() as client:
            client.setblocking(False)
            with pytest.raises(ConnectionRefusedError, match="Connect call failed"):
                await loop.sock_connect(client, ("127.0.0.1", 1))

    loop.run_until_complete(main())


def test_a_cancelled_call_leaves_the_socket_alone(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    near, far = pair

    async def main() -> bytes:
        waiting = asyncio.create_task(loop.sock_recv(near, 100))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert not loop.remove_reader(near)
        far.send(b"kept")
        return await loop.sock_recv(near, 100)

    assert loop.run_until_complete(main()) == b"kept"


def test_blocking_sockets_are_found_in_debug_mode(loop: asyncio.AbstractEventLoop) -> None:
    loop.set_debug(True)

    async def main() -> None:
        with socket.socket() as blocking:
            for call in (
                loop.sock_recv(blocking, 1),
                loop.sock_recv_into(blocking, bytearray(1)),
                loop.sock_sendall(blocking, b"x"),
                loop.sock_connect(blocking, ("127.0.0.1", 1)),
                loop.sock_accept(blocking),
            ):
                with pytest.raises(ValueError, match="the socket must be non-blocking"):
                    await call

    loop.run_until_complete(main())


def test_closing_the_loop_gives_sockets_back(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    """While somebody waits for it a socket stays open, though it be closed."""
    if isinstance(loop, asyncio.SelectorEventLoop):
        pytest.skip("asyncio watches numbers, whoever has them")
    near, _ = pair

    async def main() -> asyncio.Task[bytes]:
        waiting = asyncio.create_task(loop.sock_recv(near, 1))
        await asyncio.sleep(0)
        near.close()
        assert near.fileno() != -1
        return waiting

    waiting = loop.run_until_complete(main())
    loop.close()
    assert near.fileno() == -1
    # Nobody can wake it any more; it has said so often enough.
    waiting._log_destroy_pending = False  # type: ignore[attr-defined]  # a private name


def test_a_unix_server_without_room_is_no_connection(
    loop: asyncio.AbstractEventLoop, tmp_path: Path
) -> None:
    if isinstance(loop, asyncio.SelectorEventLoop):
        pytest.skip("asyncio takes it for connected")
    path = str(tmp_path / "socket")

    async def main() -> None:
        with (
            socket.socket(socket.AF_UNIX) as busy,
            socket.socket(socket.AF_UNIX) as first,
            socket.socket(socket.AF_UNIX) as second,
        ):
            busy.bind(path)
            busy.listen(0)
            for client in (first, second):
                client.setblocking(False)
            await loop.sock_connect(first, path)
            with pytest.raises(BlockingIOError):
                await loop.sock_connect(second, path)

    loop.run_until_complete(main())


def test_errors_have_no_past(loop: asyncio.AbstractEventLoop) -> None:
    """That the first attempt would have blocked is nothing to tell."""

    async def main() -> None:
        with socket.socket() as client:
            client.setblocking(False)
            with pytest.raises(ConnectionRefusedError) as raised:
                await loop.sock_connect(client, ("127.0.0.1", 1))
            assert raised.value.__context__ is None

    loop.run_until_complete(main())
