"""Transports for the ends of pipes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from jebi import _engine

from .core import Core
from .log import logger

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

P = TypeVar("P", bound="asyncio.BaseProtocol")


class Pipes(Core):
    """``connect_read_pipe`` and ``connect_write_pipe``."""

    async def connect_read_pipe(
        self, protocol_factory: Callable[[], P], pipe: Any
    ) -> tuple[Any, P]:
        """Delivers to a protocol what arrives in ``pipe``, and makes it non-blocking.

        ``pipe`` is a file on a FIFO, a socket or a character device; any other raises
        ``ValueError``. The transport closes it at the end. See
        :meth:`asyncio.loop.connect_read_pipe`.
        """
        return await self._connect_pipe("Read", _engine.ReadPipeTransport, protocol_factory, pipe)

    async def connect_write_pipe(
        self, protocol_factory: Callable[[], P], pipe: Any
    ) -> tuple[Any, P]:
        """Lets a protocol write into ``pipe``, and makes it non-blocking.

        ``pipe`` is a file on a FIFO, a socket or a character device; any other raises
        ``ValueError``. The transport closes it at the end. See
        :meth:`asyncio.loop.connect_write_pipe`.
        """
        return await self._connect_pipe("Write", _engine.WritePipeTransport, protocol_factory, pipe)

    async def _connect_pipe(
        self, direction: str, kind: Callable[..., Any], protocol_factory: Callable[[], P], pipe: Any
    ) -> tuple[Any, P]:
        protocol = protocol_factory()
        opened: asyncio.Future[None] = self.create_future()
        transport = kind(self, pipe, protocol, opened)
        try:
            await opened
        except BaseException:
            transport.close()
            raise
        if self.get_debug():
            number = pipe.fileno()
            logger.debug("%s pipe %r connected: (%r, %r)", direction, number, transport, protocol)
        return transport, protocol
