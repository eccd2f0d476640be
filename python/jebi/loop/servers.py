"""TCP servers."""

from __future__ import annotations

import asyncio
import errno
import itertools
import socket
import weakref
from asyncio.trsock import TransportSocket
from typing import TYPE_CHECKING, Any

from .connections import Connections
from .log import logger
from .opening import TlsOptions, check_server_tls, check_stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# Errors of accept() that pass when other descriptors are closed.
EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
# Seconds until the next attempt after one of them.
RETRY_DELAY = 1


class Server(asyncio.AbstractServer):
    """Listening sockets and the connections that came through them."""

    def __init__(
        self,
        loop: Servers,
        sockets: list[socket.socket],
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        backlog: int,
        tls: TlsOptions,
    ) -> None:
        self._loop = loop
        self._sockets: list[socket.socket] | None = sockets
        self._protocol_factory = protocol_factory
        self._backlog = backlog
        self._tls = tls
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
        """Accepts connections from now on."""
        self._start()
        await asyncio.sleep(0)

    async def serve_forever(self) -> None:
        """Accepts connections until it is cancelled, then closes the server."""
        if self._forever is not None:
            raise RuntimeError(f"server {self!r} is already being awaited on serve_forever()")
        if self._sockets is None:
            raise RuntimeError(f"server {self!r} is closed")
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
            self._loop.remove_reader(sock.fileno())
            sock.close()
        if self._forever is not None and not self._forever.done():
            self._forever.cancel()
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
        if self._serving or self._sockets is None:
            return
        self._serving = True
        for sock in self._sockets:
            sock.listen(self._backlog)
            self._listen(sock)

    def _listen(self, sock: socket.socket) -> None:
        if sock.fileno() >= 0:
            self._loop.add_reader(sock.fileno(), self._accept, sock)

    def _accept(self, sock: socket.socket) -> None:
        """Takes every connection that waits, at most a backlog of them."""
        for _ in range(self._backlog):
            if sock.fileno() < 0:
                return
            try:
                connection, address = sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in EXHAUSTED:
                    raise
                self._pause(sock, error)
                return
            connection.setblocking(False)
            self._loop.create_task(self._serve(connection, address))

    def _pause(self, sock: socket.socket, error: OSError) -> None:
        """The connection stays in the backlog, and the poller would report it without end."""
        self._loop.call_exception_handler(
            {
                "message": "socket.accept() out of system resource",
                "exception": error,
                "socket": TransportSocket(sock),
            }
        )
        self._loop.remove_reader(sock.fileno())
        self._loop.call_later(RETRY_DELAY, self._listen, sock)

    async def _serve(self, connection: socket.socket, address: Any) -> None:
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
            if transport is not None:
                transport.close()
            else:
                connection.close()
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


class Servers(Connections):
    """``create_server``."""

    async def create_server(  # type: ignore[override]
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        host: str | Iterable[str] | None = None,
        port: int | str | None = None,
        *,
        family: int = socket.AF_UNSPEC,
        flags: int = socket.AI_PASSIVE,
        sock: socket.socket | None = None,
        backlog: int = 100,
        ssl: Any = None,
        reuse_address: bool | None = None,
        reuse_port: bool | None = None,
        keep_alive: bool | None = None,
        ssl_handshake_timeout: float | None = None,
        ssl_shutdown_timeout: float | None = None,
        start_serving: bool = True,
    ) -> Server:
        """Listens on every address of ``host`` and ``port``, or on ``sock``.

        Each connection gets a protocol of ``protocol_factory``, with ``ssl`` as soon as its
        handshake is over.
        """
        tls = TlsOptions(
            ssl=ssl,
            ssl_handshake_timeout=ssl_handshake_timeout,
            ssl_shutdown_timeout=ssl_shutdown_timeout,
        )
        check_server_tls(**tls)
        if host is not None or port is not None:
            if sock is not None:
                raise ValueError("host/port and sock can not be specified at the same time")
            options = _Options(reuse_address is not False, bool(reuse_port), bool(keep_alive))
            sockets = await self._bind_all(host, port, family, flags, options)
        elif sock is None:
            raise ValueError("Neither host/port nor sock were specified")
        else:
            check_stream(sock)
            sockets = [sock]
        for listener in sockets:
            listener.setblocking(False)
        server = Server(self, sockets, protocol_factory, backlog, tls)
        if start_serving:
            await server.start_serving()
        if self.get_debug():
            logger.info("%r is serving", server)
        return server

    async def _bind_all(
        self,
        host: str | Iterable[str] | None,
        port: int | str | None,
        family: int,
        flags: int,
        options: _Options,
    ) -> list[socket.socket]:
        hosts: list[str | None]
        if host is None or isinstance(host, str):
            hosts = [host or None]
        else:
            hosts = [one or None for one in host]
        found = await asyncio.gather(
            *(self._resolve((one, port), family, socket.SOCK_STREAM, 0, flags) for one in hosts)
        )
        infos = list(dict.fromkeys(itertools.chain.from_iterable(found)))
        sockets: list[socket.socket] = []
        try:
            for bind_family, kind, proto, _, address in infos:
                listener = options.bind(bind_family, kind, proto, address)
                if listener is not None:
                    sockets.append(listener)
            if not sockets:
                raise OSError(
                    f"could not bind on any address out of {[info[4] for info in infos]!r}"
                )
        except BaseException:
            for listener in sockets:
                listener.close()
            raise
        return sockets


class _Options:
    """How listening sockets are made."""

    def __init__(self, reuse_address: bool, reuse_port: bool, keep_alive: bool) -> None:
        self._on = [
            (level, name)
            for level, name, wanted in (
                (socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse_address),
                (socket.SOL_SOCKET, getattr(socket, "SO_REUSEPORT", None), reuse_port),
                (socket.SOL_SOCKET, socket.SO_KEEPALIVE, keep_alive),
            )
            if wanted
        ]

    def bind(self, family: int, kind: int, proto: int, address: Any) -> socket.socket | None:
        """A bound socket, or ``None`` where the machine lacks the address's family."""
        try:
            listener = socket.socket(family, kind, proto)
        except OSError:
            return None
        try:
            for level, name in self._on:
                if name is None:
                    raise ValueError("reuse_port not supported by socket module")
                listener.setsockopt(level, name, 1)
            if family == socket.AF_INET6:
                # IPv4 gets a socket of its own.
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind(address)
        except OSError as error:
            listener.close()
            text = f"error while attempting to bind on address {address!r}: {str(error).lower()}"
            if error.errno == errno.EADDRNOTAVAIL:
                logger.debug(text)
                return None
            raise OSError(error.errno, text) from None
        except BaseException:
            listener.close()
            raise
        return listener
