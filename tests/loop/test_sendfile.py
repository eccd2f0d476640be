"""``sendfile`` and ``sock_sendfile``."""

from __future__ import annotations

import asyncio
import io
import os
import socket
import struct
from typing import IO, TYPE_CHECKING, Any

import pytest

from tests.loop.sendfiles import asyncio_falls_short, close, connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# More than socket buffers take, and no multiple of any block.
CONTENT = bytes(range(256)) * 20_000 + b"end"
RESET = struct.pack("ii", 1, 0)


class Receiver(asyncio.DatagramProtocol):
    """Tells when it is lost."""

    def __init__(self) -> None:
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set_result(None)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[IO[bytes]]:
    """A file with ``CONTENT``."""
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    with path.open("rb") as opened:
        yield opened


class Unsendable(io.BytesIO):
    """A file that the kernel knows nothing of."""


@pytest.fixture(params=["kernel", "memory"])
def source(request: pytest.FixtureRequest, file: IO[bytes]) -> IO[bytes]:
    """A file that the kernel can send, and one that has to be read."""
    return file if request.param == "kernel" else Unsendable(CONTENT)


def test_a_whole_file(loop: asyncio.AbstractEventLoop, source: IO[bytes]) -> None:
    async def main() -> None:
        near, far = await connect(loop)
        assert await loop.sendfile(near.transport, source) == len(CONTENT)
        assert source.tell() == len(CONTENT)
        assert near.transport.get_protocol() is near
        assert near.transport.is_reading()
        assert await close(near, far) == CONTENT

    loop.run_until_complete(main())


@pytest.mark.parametrize(
    ("offset", "count", "expected"),
    [
        (5, 7, CONTENT[5:12]),
        (len(CONTENT) - 5, 100, CONTENT[-5:]),
        (1, len(CONTENT) - 2, CONTENT[1:-1]),
        (len(CONTENT), None, b""),
        (len(CONTENT) + 1, None, b""),
    ],
)
def test_a_part_of_a_file(
    loop: asyncio.AbstractEventLoop,
    source: IO[bytes],
    offset: int,
    count: int | None,
    expected: bytes,
) -> None:
    async def main() -> None:
        near, far = await connect(loop)
        assert await loop.sendfile(near.transport, source, offset, count) == len(expected)
        if expected:
            assert source.tell() == offset + len(expected)
        assert await close(near, far) == expected

    loop.run_until_complete(main())


def test_it_keeps_its_place_among_other_data(
    loop: asyncio.AbstractEventLoop, source: IO[bytes]
) -> None:
    # More than the kernel takes for one connection, on either side of it.
    before, after = b"b" * (64 << 20), b"a" * 1000

    async def main() -> None:
        near, far = await connect(loop)
        near.transport.write(before)
        assert near.transport.get_write_buffer_size() > 0
        await loop.sendfile(near.transport, source)
        near.transport.write(after)
        assert await close(near, far) == before + CONTENT + after
        assert near.told == ["made", "pause", "resume", "lost"]

    loop.run_until_complete(main())


def test_nothing_else_is_written_or_read_meanwhile(
    loop: asyncio.AbstractEventLoop, file: IO[bytes]
) -> None:
    async def main() -> None:
        near, far = await connect(loop)
        far.transport.pause_reading()
        sending = asyncio.ensure_future(loop.sendfile(near.transport, file))
        await asyncio.sleep(0)
        assert not near.transport.is_reading()
        with pytest.raises(RuntimeError, match="unable to write; sendfile is in progress"):
            near.transport.write(b"x")
        with pytest.raises(RuntimeError, match=r"unable to write(lines)?; sendfile is in progress"):
            near.transport.writelines([b"x"])
        far.transport.write(b"for later")
        far.transport.resume_reading()
        await sending
        assert near.received == b""
        while near.received != b"for later":
            await asyncio.sleep(0)
        await close(near, far)

    loop.run_until_complete(main())


def test_reading_that_was_paused_stays_so(
    loop: asyncio.AbstractEventLoop, source: IO[bytes]
) -> None:
    async def main() -> None:
        near, far = await connect(loop)
        near.transport.pause_reading()
        await loop.sendfile(near.transport, source, count=10)
        assert not near.transport.is_reading()
        await close(near, far)

    loop.run_until_complete(main())


def test_several_files_after_each_other(loop: asyncio.AbstractEventLoop, source: IO[bytes]) -> None:
    async def main() -> None:
        near, far = await connect(loop)
        for start in (0, 100, 200):
            assert await loop.sendfile(near.transport, source, start, 100) == 100
        assert await close(near, far) == CONTENT[:300]

    loop.run_until_complete(main())


def test_a_cancelled_transfer_can_be_followed_by_others(
    loop: asyncio.AbstractEventLoop, file: IO[bytes]
) -> None:
    asyncio_falls_short(loop, "forgets the file's position")

    async def main() -> None:
        near, far = await connect(loop)
        far.transport.pause_reading()
        sending = asyncio.ensure_future(loop.sendfile(near.transport, file))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        sent = file.tell()
        assert 0 < sent < len(CONTENT)
        near.transport.write(b"after")
        far.transport.resume_reading()
        assert await close(near, far) == CONTENT[:sent] + b"after"

    loop.run_until_complete(main())


def test_the_peer_goes_away(loop: asyncio.AbstractEventLoop, source: IO[bytes]) -> None:
    async def main() -> None:
        near, far = await connect(loop)
        far.transport.pause_reading()
        sending = asyncio.ensure_future(loop.sendfile(near.transport, source))
        await asyncio.sleep(0)
        sock = far.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        far.transport.abort()
        with pytest.raises(ConnectionError):
            await sending
        near.transport.abort()
        await near.lost

    loop.run_until_complete(main())


def test_the_transport_is_aborted_meanwhile(
    loop: asyncio.AbstractEventLoop, source: IO[bytes]
) -> None:
    if not isinstance(source, Unsendable):
        asyncio_falls_short(loop, "waits for ever")

    async def main() -> None:
        near, far = await connect(loop)
        far.transport.pause_reading()
        sending = asyncio.ensure_future(loop.sendfile(near.transport, source))
        await asyncio.sleep(0)
        near.transport.abort()
        with pytest.raises(ConnectionError):
            await sending
        assert await near.lost is None
        far.transport.abort()
        await far.lost

    loop.run_until_complete(main())


def test_transports_that_take_no_files(loop: asyncio.AbstractEventLoop, file: IO[bytes]) -> None:
    async def main() -> None:
        near, far = await connect(loop)
        await close(near, far)
        with pytest.raises(RuntimeError, match="Transport is closing"):
            await loop.sendfile(near.transport, file)
        datagrams, receiver = await loop.create_datagram_endpoint(
            Receiver, local_addr=("127.0.0.1", 0)
        )
        with pytest.raises(RuntimeError, match="sendfile is not supported for transport"):
            await loop.sendfile(datagrams, file)  # type: ignore[arg-type]  # wrong on purpose
        datagrams.close()
        await receiver.lost

    loop.run_until_complete(main())


def test_without_help_only_the_kernels_files(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        near, far = await connect(loop)
        with pytest.raises(asyncio.SendfileNotAvailableError):
            await loop.sendfile(near.transport, Unsendable(CONTENT), fallback=False)
        assert near.transport.is_reading()
        assert await close(near, far) == b""

    loop.run_until_complete(main())


def test_descriptors_that_are_no_files_are_read(loop: asyncio.AbstractEventLoop) -> None:
    """The kernel refuses to send from a socket, which is found out by trying."""
    asyncio_falls_short(loop, "sends nothing of what has no size")
    near_end, far_end = socket.socketpair()

    async def main() -> None:
        near, far = await connect(loop)
        far_end.sendall(b"from a socket")
        far_end.close()
        with near_end, near_end.makefile("rb", buffering=0) as opened:
            stream: Any = opened
            with pytest.raises(asyncio.SendfileNotAvailableError):
                await loop.sendfile(near.transport, stream, fallback=False)
            # Its position cannot be set, which only matters once something was sent.
            with pytest.raises(OSError, match=r"underlying stream|seek"):
                await loop.sendfile(near.transport, stream)
        assert await close(near, far) == b"from a socket"

    loop.run_until_complete(main())


async def sock_pair(loop: asyncio.AbstractEventLoop) -> tuple[socket.socket, Any]:
    """A socket, and a task that reads all that is sent through it."""
    near, far = socket.socketpair()
    near.setblocking(False)
    far.setblocking(False)

    async def gather() -> bytes:
        received = bytearray()
        with far:
            while data := await loop.sock_recv(far, 1 << 20):
                received += data
        return bytes(received)

    return near, asyncio.ensure_future(gather())


@pytest.mark.parametrize(
    ("offset", "count", "expected"),
    [(0, None, CONTENT), (5, 7, CONTENT[5:12]), (len(CONTENT), None, b"")],
)
def test_files_through_sockets(
    loop: asyncio.AbstractEventLoop,
    source: IO[bytes],
    offset: int,
    count: int | None,
    expected: bytes,
) -> None:
    async def main() -> None:
        near, gathering = await sock_pair(loop)
        with near:
            assert await loop.sock_sendfile(near, source, offset, count) == len(expected)
            if expected:
                assert source.tell() == offset + len(expected)
            assert not loop.remove_writer(near)
        assert await gathering == expected

    loop.run_until_complete(main())


def test_a_socket_whose_peer_is_gone(loop: asyncio.AbstractEventLoop, source: IO[bytes]) -> None:
    async def main() -> None:
        near, far = socket.socketpair()
        near.setblocking(False)
        far.close()
        with near, pytest.raises(ConnectionError):
            await loop.sock_sendfile(near, source)

    loop.run_until_complete(main())


def test_cancelling_a_transfer_through_a_socket(
    loop: asyncio.AbstractEventLoop, file: IO[bytes]
) -> None:
    asyncio_falls_short(loop, "forgets the file's position")

    async def main() -> None:
        near, far = socket.socketpair()
        near.setblocking(False)
        with near, far:
            sending = asyncio.ensure_future(loop.sock_sendfile(near, file))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            # Whoever was to write has heard of it, and the file is where it stopped.
            await asyncio.sleep(0)
            assert not loop.remove_writer(near)
            assert 0 < file.tell() < len(CONTENT)

    loop.run_until_complete(main())


@pytest.mark.parametrize(
    ("options", "kind", "text"),
    [
        ({"count": 0}, ValueError, "count must be a positive integer"),
        ({"count": -1}, ValueError, "count must be a positive integer"),
        ({"count": 1.5}, TypeError, "count must be a positive integer"),
        ({"offset": -1}, ValueError, "offset must be a non-negative integer"),
        ({"offset": "0"}, TypeError, "offset must be a non-negative integer"),
    ],
)
def test_arguments_that_make_no_sense(
    loop: asyncio.AbstractEventLoop,
    file: IO[bytes],
    options: dict[str, Any],
    kind: type[Exception],
    text: str,
) -> None:
    async def main() -> None:
        near, gathering = await sock_pair(loop)
        with near, pytest.raises(kind, match=text):
            await loop.sock_sendfile(near, file, **options)
        await gathering

    loop.run_until_complete(main())


def test_what_else_sockets_refuse(
    loop: asyncio.AbstractEventLoop, file: IO[bytes], tmp_path: Path
) -> None:
    async def main() -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            datagrams.setblocking(False)
            with pytest.raises(ValueError, match="only SOCK_STREAM type sockets are supported"):
                await loop.sock_sendfile(datagrams, file)
        near, gathering = await sock_pair(loop)
        with near, (tmp_path / "file").open() as text:
            with pytest.raises(ValueError, match="file should be opened in binary mode"):
                await loop.sock_sendfile(near, text)  # type: ignore[arg-type]  # wrong on purpose
            with pytest.raises(asyncio.SendfileNotAvailableError):
                await loop.sock_sendfile(near, Unsendable(), fallback=False)
        await gathering

    loop.run_until_complete(main())


def test_closing_the_file_meanwhile_harms_nobody(
    loop: asyncio.AbstractEventLoop, file: IO[bytes]
) -> None:
    """Its number goes to another file at once, which must not be sent in its stead."""
    asyncio_falls_short(loop, "sends the other file")

    async def main() -> None:
        near, far = await connect(loop)
        far.transport.pause_reading()
        sending = asyncio.ensure_future(loop.sendfile(near.transport, file))
        await asyncio.sleep(0)
        number = file.fileno()
        file.close()
        other = os.open("/dev/zero", os.O_RDONLY)
        assert other == number
        far.transport.resume_reading()
        assert await sending == len(CONTENT)
        os.close(other)
        assert await close(near, far) == CONTENT

    loop.run_until_complete(main())
