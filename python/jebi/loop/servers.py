"""TCP servers."""

from __future__ import annotations

import asyncio
import errno
import itertools
import socket
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .accepting import Accepting
from .connections import Connections
from .log import logger
from .opening import TlsOptions, check_server_tls, check_stream
from .server import Server

if TYPE_CHECKING:
    from collections.abc import Callable


class Servers(Accepting, Connections):
    """``create_server``."""

    async def create_server(  # type: ignore[override]  # asyncio's overloads as one
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
        handshake is over. An empty ``host`` stands for every interface, an iterable for several
        hosts; port 0 has each address get a port of its own. ``reuse_address`` is on unless it
        is turned off; ``reuse_port`` lets others listen at the same port, ``keep_alive`` has
        dead connections found. Without ``start_serving`` nobody is accepted until the server's
        method of that name is called.

        Raises ``OSError`` if an address cannot be bound to; those that the machine does not have
        are left out as long as there are others.
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
            options = _Options(
                reuse_address=reuse_address is None or reuse_address,
                reuse_port=bool(reuse_port),
                keep_alive=bool(keep_alive),
                debug=self.get_debug(),
            )
            sockets = await self._bind_all(host, port, family, flags, options)
        elif sock is None:
            raise ValueError("Neither host/port nor sock were specified")
        else:
            check_stream(sock)
            sockets = [sock]
        server = await self._serve_on(sockets, protocol_factory, backlog, tls, start_serving)
        if self.get_debug():
            logger.info("%r is serving", server)
        return server

    async def _serve_on(
        self,
        sockets: list[socket.socket],
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        backlog: int,
        tls: TlsOptions,
        start_serving: bool,
        on_close: Callable[[], None] | None = None,
    ) -> Server:
        """A server on bound sockets; it calls ``on_close`` when it has closed them."""
        for listener in sockets:
            listener.setblocking(False)
        server = Server(self, sockets, protocol_factory, backlog, tls, on_close)
        if start_serving:
            try:
                await server.start_serving()
            except BaseException:
                # Nobody gets to see it.
                server.close()
                raise
        return server

    async def _bind_all(
        self,
        host: str | Iterable[str] | None,
        port: int | str | None,
        family: int,
        flags: int,
        options: _Options,
    ) -> list[socket.socket]:
        hosts = list(host) if isinstance(host, Iterable) and not isinstance(host, str) else [host]
        found = await asyncio.gather(
            *(
                self._resolve((one or None, port), family, socket.SOCK_STREAM, 0, flags)
                for one in hosts
            )
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

    def __init__(
        self, reuse_address: bool, reuse_port: bool, keep_alive: bool, debug: bool
    ) -> None:
        self._reuse_address = reuse_address
        self._reuse_port = reuse_port
        self._keep_alive = keep_alive
        self._debug = debug

    def bind(self, family: int, kind: int, proto: int, address: Any) -> socket.socket | None:
        """A bound socket, or ``None`` where the machine lacks the address or its family."""
        try:
            listener = socket.socket(family=family, type=kind, proto=proto)
        except OSError:
            if self._debug:
                logger.warning(
                    "create_server() failed to create socket.socket(%r, %r, %r)",
                    *(family, kind, proto),
                    exc_info=True,
                )
            return None
        try:
            self._prepare(listener)
            return listener if self._bind_to(listener, address) else None
        except BaseException:
            listener.close()
            raise

    def _bind_to(self, listener: socket.socket, address: Any) -> bool:
        try:
            listener.bind(address)
        except OSError as error:
            text = f"error while attempting to bind on address {address!r}: {str(error).lower()}"
            if error.errno != errno.EADDRNOTAVAIL:
                raise OSError(error.errno, text) from None
            listener.close()
            if self._debug:
                logger.warning(text)
            return False
        return True

    def _prepare(self, listener: socket.socket) -> None:
        if self._reuse_address:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self._reuse_port:
            share_port(listener)
        if self._keep_alive:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if listener.family == socket.AF_INET6:
            # IPv4 gets a socket of its own.
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)


def share_port(sock: socket.socket) -> None:
    """Lets others bind to the same port, if they ask for it too; ``ValueError`` if nobody can."""
    option = getattr(socket, "SO_REUSEPORT", None)
    if option is None:
        raise ValueError("reuse_port not supported by socket module")
    try:
        sock.setsockopt(socket.SOL_SOCKET, option, 1)
    except OSError as error:
        raise ValueError(
            "reuse_port not supported by socket module, SO_REUSEPORT defined but not implemented."
        ) from error
