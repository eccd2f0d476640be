"""What the tests of ``sendfile`` share: two ends of a connection."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from tests.loop.recorder import Gatherer

if TYPE_CHECKING:
    import ssl


def asyncio_falls_short(loop: asyncio.AbstractEventLoop, how: str) -> None:
    """Skips what asyncio's own loop does not do."""
    if isinstance(loop, asyncio.SelectorEventLoop):
        pytest.skip(f"asyncio {how}")


async def connect(
    loop: asyncio.AbstractEventLoop,
    server_context: ssl.SSLContext | None = None,
    client_context: ssl.SSLContext | None = None,
) -> tuple[Gatherer, Gatherer]:
    """Both ends of a connection, with TLS if there are contexts."""
    accepted: asyncio.Future[Gatherer] = loop.create_future()

    class Accepted(Gatherer):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            accepted.set_result(self)

    server = await loop.create_server(Accepted, "127.0.0.1", 0, ssl=server_context)
    _, near = await loop.create_connection(
        Gatherer,
        *server.sockets[0].getsockname(),
        ssl=client_context,
        server_hostname="localhost" if client_context is not None else None,
    )
    far = await accepted
    # However much the kernel has learnt to take of this peer: what is large here has to wait.
    near.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
    server.close()
    return near, far


async def close(near: Gatherer, far: Gatherer) -> bytes:
    """What the far end has received when the near one is closed."""
    near.transport.close()
    await near.lost
    await far.lost
    return bytes(far.received)
