"""A server: listening sockets and the connections that came through them."""

from __future__ import annotations

import asyncio
import weakref
from asyncio.trsock import TransportSocket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from .opening import TlsOptions
    from .servers import Servers


class Server(asyncio.AbstractServer):
    """Listening sockets and the connections that came through them.

    ``on_close`` is called when the sockets are closed.
    """

    def __init__(
        self,
        loop: Servers,
        sockets: list[socket.socket],
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        backlog: int,
        tls: TlsOptions,
        on_close: Callable[[], None] | None = None,
    ) -> None:
        self._loop = loop
        self._sockets: list[socket.socket] | None = sockets
        self._protocol_factory = protocol_factory
        self._backlog = backlog
        self._tls = tls
        self._on_close = on_close
        self._serving = False
        self._forever: asyncio.Future[None] | None = None
        self._waiters: list[asyncio.Future[None]] | None = []
        self._clients: weakref.WeakSet[Any] = weakref.WeakSet()
        self._open_clients = 0

    def __repr__(self) -> str:
        return f"<{type(self).__name__} sockets={self.sockets!r}>"

    @property
    def sockets(self) -> tuple[TransportSocket, ...]:
        """The listening sockets; empty once closed."""
        return tuple(TransportSocket(sock) for sock in self._sockets or ())

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The loop that serves."""
        return self._loop

    def is_serving(self) -> bool:
        """Whether connections are accepted."""
        return self._serving

    async def start_serving(self) -> None:
        """Accepts connections from now on; raises ``RuntimeError`` if the server is closed."""
        self._start()
        await asyncio.sleep(0)

    async def serve_forever(self) -> None:
        """Accepts connections until it is cancelled, then closes the server."""
        if self._forever is not None:
            raise RuntimeError(f"server {self!r} is already being awaited on serve_forever()")
        self._start()
        self._forever = self._loop.create_future()
        try:
            await self._forever
        except asyncio.CancelledError:
            self.close()
            await self.wait_closed()
            raise
        finally:
            self._forever = None

    def close(self) -> None:
        """Stops accepting; connections that are open stay so."""
        sockets, self._sockets = self._sockets, None
        if sockets is None:
            return
        self._serving = False
        for sock in sockets:
            self._loop._stop_serving(sock)
        if self._on_close is not None:
            self._on_close()
        forever, self._forever = self._forever, None
        if forever is not None and not forever.done():
            forever.cancel()
        self._wake_if_over()

    def close_clients(self) -> None:
        """Closes every connection that is open, after what is buffered was sent."""
        for transport in list(self._clients):
            transport.close()

    def abort_clients(self) -> None:
        """Closes every connection that is open, at once."""
        for transport in list(self._clients):
            transport.abort()

    async def wait_closed(self) -> None:
        """Returns when the server is closed and its last connection is gone."""
        if self._waiters is None:
            return
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._waiters.append(waiter)
        await waiter

    def _start(self) -> None:
        if self._sockets is None:
            raise RuntimeError(f"server {self!r} is closed")
        if self._serving:
            return
        self._serving = True
        for sock in self._sockets:
            sock.listen(self._backlog)
            self._loop._start_serving(sock, self._accepted, self._backlog)

    def _accepted(self, connection: socket.socket, address: Any) -> None:
        self._loop.create_task(self._open(connection, address))

    async def _open(self, connection: socket.socket, address: Any) -> None:
        if self._sockets is None:
            # Closed since it was accepted: nobody would wait for this connection or close it.
            connection.close()
            return
        protocol = transport = None
        try:
            protocol = self._protocol_factory()
            opened: asyncio.Future[None] = self._loop.create_future()
            transport = self._loop._make_transport(
                connection,
                protocol,
                opened,
                server_side=True,
                server=self,
                peername=address,
                **self._tls,
            )
            await opened
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            (transport or connection).close()
            if self._loop.get_debug():
                self._report(error, protocol, transport)

    def _report(self, error: BaseException, protocol: Any, transport: Any) -> None:
        context = {
            "message": "Error on transport creation for incoming connection",
            "exception": error,
            "protocol": protocol,
            "transport": transport,
        }
        self._loop.call_exception_handler(
            {key: value for key, value in context.items() if value is not None}
        )

    def _attach(self, transport: Any) -> None:
        """A transport of this server was opened."""
        self._open_clients += 1
        self._clients.add(transport)

    def _detach(self, transport: Any) -> None:
        """Its connection was lost."""
        self._open_clients -= 1
        self._clients.discard(transport)
        self._wake_if_over()

    def _wake_if_over(self) -> None:
        if self._sockets is not None or self._open_clients or self._waiters is None:
            return
        waiters, self._waiters = self._waiters, None
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
