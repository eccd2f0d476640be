"""TCP clients."""

from __future__ import annotations

import itertools
import socket
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from .log import logger
from .opening import Opening, TlsOptions, check_stream, check_tls
from .sockets import Sockets

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable

    from .names import AddressInfo

P = TypeVar("P", bound="asyncio.BaseProtocol")


class Connections(Opening, Sockets):
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
        ``ssl`` is an ``ssl.SSLContext``, or ``True`` for a default one.
        """
        if ssl and server_hostname is None:
            if not host:
                raise ValueError("You must set server_hostname when using ssl without a host")
            server_hostname = host
        tls = TlsOptions(
            ssl=ssl,
            server_hostname=server_hostname,
            ssl_handshake_timeout=ssl_handshake_timeout,
            ssl_shutdown_timeout=ssl_shutdown_timeout,
        )
        check_tls(**tls)
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
        transport, protocol = await self._open_transport(sock, protocol_factory, **tls)
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
        tls = TlsOptions(
            ssl=ssl,
            ssl_handshake_timeout=ssl_handshake_timeout,
            ssl_shutdown_timeout=ssl_shutdown_timeout,
        )
        check_tls(**tls)
        check_stream(sock)
        return await self._open_transport(sock, protocol_factory, server_side=True, **tls)

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
