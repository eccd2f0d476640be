"""TCP clients."""

from __future__ import annotations

import itertools
import socket
from typing import TYPE_CHECKING, Any, TypeVar

from .attempts import Attempts
from .log import logger
from .opening import Opening, TlsOptions, check_stream, check_tls

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable

    from .names import AddressInfo

P = TypeVar("P", bound="asyncio.BaseProtocol")


class Connections(Opening, Attempts):
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

        The addresses of ``host`` are tried one after the other, each from ``local_addr`` if one
        is given. With ``happy_eyeballs_delay``, in seconds, the next attempt starts when that
        time has passed, and the families of the addresses alternate (RFC 8305); ``interleave``
        says how many of the first family come first. When all attempts fail, ``all_errors``
        raises their errors as an ``ExceptionGroup`` rather than one ``OSError``.

        ``ssl`` is an ``ssl.SSLContext``, or ``True`` for a default one; the certificate is
        checked for ``server_hostname``, which is ``host`` unless given.
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
            lead = happy_eyeballs_delay is not None if interleave is None else interleave
            if lead:
                infos = _alternate(infos, lead)
            local = None
            if local_addr is not None:
                local = await self._resolve(local_addr, family, socket.SOCK_STREAM, proto, flags)
            sock = await self._connect_to_any(infos, local, happy_eyeballs_delay, all_errors)
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
        transport, protocol = await self._open_transport(
            sock, protocol_factory, server_side=True, **tls
        )
        if self.get_debug():
            logger.debug("%r handled: (%r, %r)", sock, transport, protocol)
        return transport, protocol


def _alternate(infos: Iterable[AddressInfo], first: int) -> list[AddressInfo]:
    """Address families in turn, the first family with ``first`` addresses ahead."""
    by_family: dict[int, list[AddressInfo]] = {}
    for info in infos:
        by_family.setdefault(info[0], []).append(info)
    families = list(by_family.values())
    lead = max(first - 1, 0)
    ahead, families[0] = families[0][:lead], families[0][lead:]
    turns = itertools.chain.from_iterable(itertools.zip_longest(*families))
    return ahead + [info for info in turns if info is not None]
