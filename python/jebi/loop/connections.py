"""TCP clients."""

from __future__ import annotations

import itertools
import socket
import ssl as ssl_module
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from jebi import _engine

from .log import logger
from .sockets import Sockets

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable

    from .names import AddressInfo

P = TypeVar("P", bound="asyncio.BaseProtocol")


class Connections(Sockets):
    """``create_connection`` and the transports it makes."""

    async def create_connection(
        self,
        protocol_factory: Callable[[], P],
        host: str | None = None,
        port: int | str | None = None,
        *,
        ssl: Any = None,
        family: int = 0,
        proto: int = 0,
        flags: int = 0,
        sock: socket.socket | None = None,
        local_addr: tuple[str, int] | None = None,
        server_hostname: str | None = None,
        ssl_handshake_timeout: float | None = None,
        ssl_shutdown_timeout: float | None = None,
        happy_eyeballs_delay: float | None = None,
        interleave: int | None = None,
        all_errors: bool = False,
    ) -> tuple[Any, P]:
        """Connects to a TCP server, or takes over a connected ``sock``.

        The addresses of ``host`` are tried one after the other. ``happy_eyeballs_delay`` is
        accepted and only makes the address families alternate: the attempts do not overlap yet.
        ``ssl`` raises ``NotImplementedError``.
        """
        _check_tls(ssl, server_hostname, ssl_handshake_timeout, ssl_shutdown_timeout)
        if sock is None:
            if host is None and port is None:
                raise ValueError("host and port was not specified and no sock specified")
            infos = await self._resolve((host, port), family, socket.SOCK_STREAM, proto, flags)
            if interleave is None and happy_eyeballs_delay is not None:
                interleave = 1
            if interleave:
                infos = _alternate(infos, interleave)
            local = None
            if local_addr is not None:
                local = await self._resolve(local_addr, family, socket.SOCK_STREAM, proto, flags)
            sock = await self._connect_to_any(infos, local, all_errors)
        elif host is not None or port is not None:
            raise ValueError("host/port and sock can not be specified at the same time")
        else:
            check_stream(sock)
        transport, protocol = await self._open_transport(sock, protocol_factory)
        if self.get_debug():
            logger.debug("%r connected to %s:%r: (%r, %r)", sock, host, port, transport, protocol)
        return transport, protocol

    async def connect_accepted_socket(
        self,
        protocol_factory: Callable[[], P],
        sock: socket.socket,
        *,
        ssl: Any = None,
        ssl_handshake_timeout: float | None = None,
        ssl_shutdown_timeout: float | None = None,
    ) -> tuple[Any, P]:
        """Takes over a connection that was accepted elsewhere."""
        _check_tls(ssl, None, ssl_handshake_timeout, ssl_shutdown_timeout)
        check_stream(sock)
        return await self._open_transport(sock, protocol_factory)

    async def _open_transport(
        self, sock: socket.socket, protocol_factory: Callable[[], P]
    ) -> tuple[Any, P]:
        sock.setblocking(False)
        protocol = protocol_factory()
        opened: asyncio.Future[None] = self.create_future()
        transport = _engine.SocketTransport(self, sock, protocol, opened)
        try:
            await opened
        except BaseException:
            transport.close()
            raise
        return transport, protocol

    async def _connect_to_any(
        self, infos: list[AddressInfo], local: list[AddressInfo] | None, all_errors: bool
    ) -> socket.socket:
        errors: list[OSError] = []
        try:
            for info in infos:
                try:
                    return await self._connect_to(info, local, errors)
                except OSError as error:
                    errors.append(error)
            _raise_together(errors, all_errors)
        finally:
            # Their frames hold this list, which must not hold them in turn.
            errors.clear()

    async def _connect_to(
        self, info: AddressInfo, local: list[AddressInfo] | None, errors: list[OSError]
    ) -> socket.socket:
        family, kind, proto, _, address = info
        sock = socket.socket(family, kind, proto)
        try:
            sock.setblocking(False)
            if local is not None:
                _bind_to_any(sock, local, errors)
            await self.sock_connect(sock, address)
        except BaseException:
            sock.close()
            raise
        return sock


def check_stream(sock: socket.socket) -> None:
    """Refuses sockets that no stream transport can serve."""
    if isinstance(sock, ssl_module.SSLSocket):
        raise TypeError("Socket cannot be of type SSLSocket")
    if sock.type != socket.SOCK_STREAM:
        raise ValueError(f"A Stream Socket was expected, got {sock!r}")


def _check_tls(
    ssl: Any,
    server_hostname: str | None,
    handshake_timeout: float | None,
    shutdown_timeout: float | None,
) -> None:
    if ssl:
        raise NotImplementedError("TLS is not supported by this loop yet")
    given = {
        "server_hostname": server_hostname,
        "ssl_handshake_timeout": handshake_timeout,
        "ssl_shutdown_timeout": shutdown_timeout,
    }
    for name, value in given.items():
        if value is not None:
            raise ValueError(f"{name} is only meaningful with ssl")


def _alternate(infos: Iterable[AddressInfo], first: int) -> list[AddressInfo]:
    """Address families in turn, the first family with ``first`` addresses ahead."""
    by_family: dict[int, list[AddressInfo]] = {}
    for info in infos:
        by_family.setdefault(info[0], []).append(info)
    families = list(by_family.values())
    ahead = families[0][: first - 1]
    del families[0][: first - 1]
    turns = itertools.chain.from_iterable(itertools.zip_longest(*families))
    return ahead + [info for info in turns if info is not None]


def _bind_to_any(sock: socket.socket, local: list[AddressInfo], errors: list[OSError]) -> None:
    """Binds to the first local address of the socket's family that can be had."""
    failure: OSError | None = None
    for family, _, _, _, address in local:
        if family != sock.family:
            continue
        if failure is not None:
            errors.append(failure)
        try:
            sock.bind(address)
        except OSError as error:
            failure = OSError(
                error.errno,
                f"error while attempting to bind on address {address!r}: {str(error).lower()}",
            )
        else:
            return
    raise failure or OSError(f"no matching local address with family={sock.family!r} found")


def _raise_together(errors: list[OSError], all_errors: bool) -> NoReturn:
    if all_errors:
        raise ExceptionGroup("create_connection failed", errors)
    texts = {str(error) for error in errors}
    if len(texts) == 1:
        raise errors[0]
    raise OSError(f"Multiple exceptions: {', '.join(str(error) for error in errors)}")
