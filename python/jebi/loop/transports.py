"""What ``isinstance`` takes the engine's transports for."""

from __future__ import annotations

import asyncio


class SocketTransport(asyncio.Transport):
    """The class that the engine's transports name as their own.

    A native class cannot derive from :class:`asyncio.Transport`, whose instances have a layout of
    their own. So the native one answers ``__class__`` with this, the way ``unittest.mock`` does
    it, and ``isinstance(transport, asyncio.Transport)`` holds.
    """

    __slots__ = ()


class ReadPipeTransport(asyncio.ReadTransport):
    """The same for pipes that are read from."""

    __slots__ = ()


class WritePipeTransport(asyncio.WriteTransport):
    """The same for pipes that are written to."""

    __slots__ = ()


class DatagramTransport(asyncio.Transport, asyncio.DatagramTransport):
    """The same for datagrams; asyncio's own is a ``Transport`` as well."""

    __slots__ = ()


class SSLTransport(asyncio.Transport):
    """The same for TLS connections; libraries look for asyncio's word in its name."""

    __slots__ = ()
