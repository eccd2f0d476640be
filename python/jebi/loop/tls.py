"""TLS, over the sockets of this loop or over any transport."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from jebi import _engine

from .core import Core

if TYPE_CHECKING:
    import asyncio
    import contextvars

# Seconds; asyncio's.
HANDSHAKE_TIMEOUT = 60.0
SHUTDOWN_TIMEOUT = 30.0


class Tls(Core):
    """``start_tls`` and the transports it makes."""

    async def start_tls(
        self,
        transport: Any,
        protocol: asyncio.BaseProtocol,
        sslcontext: ssl.SSLContext,
        *,
        server_side: bool = False,
        server_hostname: str | None = None,
        ssl_handshake_timeout: float | None = None,
        ssl_shutdown_timeout: float | None = None,
    ) -> Any:
        """Goes on with TLS over ``transport``, which may be a TLS transport itself.

        Returns the transport that ``protocol`` has to use from now on; it is not told of it by
        ``connection_made``. Timeouts are in seconds. Raises ``TypeError`` for transports that
        cannot carry TLS, and what the handshake raises, with ``transport`` closed.
        """
        if not isinstance(sslcontext, ssl.SSLContext):
            raise TypeError(
                f"sslcontext is expected to be an instance of ssl.SSLContext, got {sslcontext!r}"
            )
        if not getattr(transport, "_start_tls_compatible", False):
            raise TypeError(f"transport {transport!r} is not supported by start_tls()")
        opened: asyncio.Future[None] = self.create_future()
        secure = self._make_tls_transport(
            protocol,
            sslcontext,
            opened,
            server_side=server_side,
            server_hostname=server_hostname,
            handshake_timeout=ssl_handshake_timeout,
            shutdown_timeout=ssl_shutdown_timeout,
            made=True,
            # It is the same connection, so it goes on in the same context.
            variables=getattr(transport, "_context", None),
        )
        # What comes before the handshake has begun waits in the socket.
        transport.pause_reading()
        transport.set_protocol(secure._protocol)
        handles = [
            self.call_soon(secure._protocol.connection_made, transport),
            self.call_soon(transport.resume_reading),
        ]
        try:
            await opened
        except BaseException:
            transport.close()
            for handle in handles:
                handle.cancel()
            raise
        return secure

    def _make_tls_transport(
        self,
        protocol: asyncio.BaseProtocol,
        context: ssl.SSLContext | None,
        opened: asyncio.Future[None],
        *,
        server_side: bool,
        server_hostname: str | None,
        handshake_timeout: float | None,
        shutdown_timeout: float | None,
        made: bool = False,
        variables: contextvars.Context | None = None,
    ) -> _engine.TlsTransport:
        """A TLS transport that wants its ``_protocol`` to be given to the transport below.

        Without a context a client gets Python's default one. ``made`` says that ``protocol`` has
        had its ``connection_made``, and ``variables`` is the context that it is called in.
        """
        if context is None:
            context = _default_context(server_side, server_hostname)
        return _engine.TlsTransport(
            self,
            protocol,
            context,
            opened,
            server_side=server_side,
            server_hostname=None if server_side else server_hostname or None,
            made=made,
            context=variables,
            handshake_timeout=_positive(
                "ssl_handshake_timeout", handshake_timeout, HANDSHAKE_TIMEOUT
            ),
            shutdown_timeout=_positive("ssl_shutdown_timeout", shutdown_timeout, SHUTDOWN_TIMEOUT),
        )


def _default_context(server_side: bool, server_hostname: str | None) -> ssl.SSLContext:
    if server_side:
        raise ValueError("Server side SSL needs a valid SSLContext")
    context = ssl.create_default_context()
    if not server_hostname:
        context.check_hostname = False
    return context


def _positive(name: str, seconds: float | None, default: float) -> float:
    if seconds is None:
        return default
    if seconds <= 0:
        raise ValueError(f"{name} should be a positive number, got {seconds}")
    return seconds
