"""The one place where stream transports are opened, with TLS or without."""

from __future__ import annotations

import socket
import ssl as ssl_module
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

from jebi import _engine

from .tls import Tls

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from typing import Unpack

P = TypeVar("P", bound="asyncio.BaseProtocol")


class TlsOptions(TypedDict, total=False):
    """What every method that opens stream transports takes for TLS; no ``ssl`` means none."""

    #: The context; ``True`` has a client make a default one.
    ssl: Any
    #: The name that the server's certificate is checked for; empty for none.
    server_hostname: str | None
    #: Seconds that the handshake may take; ``None`` for 60.
    ssl_handshake_timeout: float | None
    #: Seconds that the end of the TLS session may take; ``None`` for 30.
    ssl_shutdown_timeout: float | None


class Opening(Tls):
    """Makes transports and waits until they are open."""

    async def _open_transport(
        self,
        sock: socket.socket,
        protocol_factory: Callable[[], P],
        *,
        server_side: bool = False,
        server: Any = None,
        peername: Any = None,
        **tls: Unpack[TlsOptions],
    ) -> tuple[Any, P]:
        """Takes over the connected stream socket ``sock`` for a protocol of ``protocol_factory``.

        Returns when ``connection_made`` was called, with TLS after the handshake. The transport
        belongs to ``server``, if one is given, until its connection is lost. Closes the socket
        if it fails or is cancelled, and raises what went wrong.
        """
        transport: Any = None
        try:
            sock.setblocking(False)
            protocol = protocol_factory()
            opened: asyncio.Future[None] = self.create_future()
            transport = self._make_transport(
                sock,
                protocol,
                opened,
                server_side=server_side,
                server=server,
                peername=peername,
                **tls,
            )
            await opened
        except BaseException:
            (transport or sock).close()
            raise
        return transport, protocol

    def _make_transport(
        self,
        sock: socket.socket,
        protocol: asyncio.BaseProtocol,
        opened: asyncio.Future[None],
        *,
        server_side: bool = False,
        server: Any = None,
        peername: Any = None,
        **tls: Unpack[TlsOptions],
    ) -> Any:
        """The transport itself; it completes ``opened``, with an exception if it cannot open."""
        context = tls.get("ssl")
        if not context:
            return _engine.SocketTransport(self, sock, protocol, opened, server, peername)
        transport = self._make_tls_transport(
            protocol,
            None if isinstance(context, bool) else context,
            opened,
            server_side=server_side,
            server_hostname=tls.get("server_hostname"),
            handshake_timeout=tls.get("ssl_handshake_timeout"),
            shutdown_timeout=tls.get("ssl_shutdown_timeout"),
        )
        _engine.SocketTransport(self, sock, transport._protocol, None, server, peername)
        return transport


def check_stream(sock: socket.socket) -> None:
    """Refuses sockets that no stream transport can serve."""
    if isinstance(sock, ssl_module.SSLSocket):
        raise TypeError("Socket cannot be of type SSLSocket")
    if sock.type != socket.SOCK_STREAM:
        raise ValueError(f"A Stream Socket was expected, got {sock!r}")


def check_tls(**tls: Unpack[TlsOptions]) -> None:
    """Refuses options that mean nothing without ``ssl``."""
    if tls.get("ssl"):
        return
    for name, value in tls.items():
        if name != "ssl" and value is not None:
            raise ValueError(f"{name} is only meaningful with ssl")


def check_server_tls(**tls: Unpack[TlsOptions]) -> None:
    """The same for servers, which need a context: there is no default one to be had."""
    if isinstance(tls.get("ssl"), bool):
        raise TypeError("ssl argument must be an SSLContext or None")
    check_tls(**tls)
