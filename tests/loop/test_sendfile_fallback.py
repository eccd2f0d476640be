"""``sendfile`` where the kernel cannot do it: in the protocol's stead, and over TLS."""

from __future__ import annotations

import asyncio
import io
import socket
from typing import TYPE_CHECKING, Any

import pytest

from tests.loop.sendfiles import asyncio_falls_short, close, connect

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

CONTENT = bytes(range(256)) * 20_000 + b"end"


def test_files_over_tls(
    loop: asyncio.AbstractEventLoop,
    server_context: ssl.SSLContext,
    client_context: ssl.SSLContext,
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_bytes(CONTENT)

    async def main() -> None:
        near, far = await connect(loop, server_context, client_context)
        with (tmp_path / "file").open("rb") as file:
            with pytest.raises(RuntimeError, match="fallback is disabled"):
                await loop.sendfile(near.transport, file, fallback=False)
            near.transport.write(b"before")
            assert await loop.sendfile(near.transport, file) == len(CONTENT)
            assert file.tell() == len(CONTENT)
            assert await loop.sendfile(near.transport, file, 10, 20) == 20
            assert file.tell() == 30
        near.transport.write(b"after")
        assert await close(near, far) == b"before" + CONTENT + CONTENT[10:30] + b"after"

    loop.run_until_complete(main())


@pytest.mark.parametrize("tls", [False, True])
def test_a_protocol_that_was_told_to_wait_is_told_to_go_on(
    loop: asyncio.AbstractEventLoop,
    server_context: ssl.SSLContext,
    client_context: ssl.SSLContext,
    tls: bool,
) -> None:
    """Writing has to wait when the file's turn comes, and the protocol hears of the end of it."""
    if tls:
        asyncio_falls_short(loop, "tells it when it likes")
    before = b"b" * (8 << 20)

    async def main() -> None:
        contexts = (server_context, client_context) if tls else ()
        near, far = await connect(loop, *contexts)
        near.transport.write(before)
        assert near.told == ["made", "pause"]
        assert near.transport._protocol_paused
        await loop.sendfile(near.transport, io.BytesIO(CONTENT))
        await near.until_told("resume")
        assert near.told == ["made", "pause", "resume"]
        assert await close(near, far) == before + CONTENT

    loop.run_until_complete(main())


def test_a_protocol_hears_that_the_file_has_filled_the_buffer(
    loop: asyncio.AbstractEventLoop,
) -> None:
    asyncio_falls_short(loop, "only tells it to go on")

    async def main() -> None:
        near, far = await connect(loop)
        sock = near.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        near.transport.set_write_buffer_limits(0)
        far.transport.pause_reading()
        data = io.BytesIO(CONTENT[: 200 * 1024])
        assert await loop.sendfile(near.transport, data) == 200 * 1024
        assert near.told == ["made", "pause"]
        far.transport.resume_reading()
        await near.until_told("resume")
        assert near.told == ["made", "pause", "resume"]
        assert await close(near, far) == CONTENT[: 200 * 1024]

    loop.run_until_complete(main())


@pytest.mark.parametrize("how", ["abort", "close"])
def test_a_connection_that_goes_down_meanwhile(loop: asyncio.AbstractEventLoop, how: str) -> None:
    """Its protocol hears of it, though another stands in its place."""
    if how == "close":
        asyncio_falls_short(loop, "completes a future twice")

    async def main() -> None:
        near, far = await connect(loop)
        far.transport.pause_reading()
        near.transport.write(b"b" * (8 << 20))
        sending = asyncio.ensure_future(loop.sendfile(near.transport, io.BytesIO(CONTENT)))
        await asyncio.sleep(0)
        getattr(near.transport, how)()
        far.transport.resume_reading()
        with pytest.raises(ConnectionError):
            await sending
        assert await near.lost is None
        await far.lost

    loop.run_until_complete(main())


def test_an_error_of_the_file(loop: asyncio.AbstractEventLoop) -> None:
    class Failing(io.BytesIO):
        def readinto(self, buffer: Any) -> int:
            if self.tell() > 0:
                raise OSError("the disk is gone")
            return super().readinto(memoryview(buffer)[:100])

    async def main() -> None:
        near, far = await connect(loop)
        file = Failing(CONTENT)
        with pytest.raises(OSError, match="the disk is gone"):
            await loop.sendfile(near.transport, file)
        assert file.tell() == 100
        assert near.transport.get_protocol() is near
        assert near.transport.is_reading()
        assert await close(near, far) == CONTENT[:100]

    loop.run_until_complete(main())
