"""What a running server can be asked, by the names that uvicorn's users know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Sequence

    from jebi import _engine


class ServerState:
    """Numbers of the server; before it has started, they are zero."""

    def __init__(self) -> None:
        self._engine: _engine.HttpServer | None = None

    def serve_with(self, engine: _engine.HttpServer) -> None:
        """Take the numbers from there."""
        self._engine = engine

    @property
    def total_requests(self) -> int:
        """How many requests have begun."""
        return 0 if self._engine is None else self._engine.total_requests

    @property
    def connections(self) -> frozenset[int]:
        """A set with as many members as there are open connections; they mean nothing else."""
        return frozenset(range(0 if self._engine is None else self._engine.connections))

    @property
    def tasks(self) -> frozenset[int]:
        """A set with as many members as there are requests in flight; they mean nothing else."""
        return frozenset(range(0 if self._engine is None else self._engine.requests_in_flight))


class Listening:
    """The sockets that a server listens on, in the shape of :class:`asyncio.Server`."""

    def __init__(
        self,
        event_loop: asyncio.AbstractEventLoop,
        sockets: Sequence[socket.socket],
        engine: _engine.HttpServer,
    ) -> None:
        self._loop = event_loop
        self._sockets = tuple(sockets)
        self._engine = engine
        self._closed = False

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        """The listening sockets, none once it is closed."""
        return () if self._closed else tuple(s for s in self._sockets if s.fileno() >= 0)

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The loop that serves."""
        return self._loop

    def is_serving(self) -> bool:
        """Whether connections are accepted."""
        return bool(self.sockets)

    def close(self) -> None:
        """Accept no more connections; those that are open go on."""
        self._closed = True
        self._engine.stop_accepting()

    async def wait_closed(self) -> Any:
        """Wait until the last connection has been closed, as the server's shutdown makes them."""
        await self._engine.closed
