"""Taking a transport's protocol's place for a while."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import Self


class Interlude(asyncio.Protocol):
    """Writes to a transport in its protocol's stead, no faster than the transport can send.

    The transport does not read meanwhile. Its protocol is told afterwards whether it may write,
    if that has changed.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, transport: Any) -> None:
        self._loop = loop
        self._transport = transport
        self._protocol: Any = transport.get_protocol()
        self._was_reading: bool = transport.is_reading()
        self._was_paused: bool = getattr(transport, "_protocol_paused", False)
        self._is_paused = self._was_paused
        self._is_lost = False
        self._resumed: asyncio.Future[None] | None = None

    async def __aenter__(self) -> Self:
        self._transport.pause_reading()
        self._transport.set_protocol(self)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._is_lost:
            return
        self._transport.set_protocol(self._protocol)
        if self._is_paused and not self._was_paused:
            self._protocol.pause_writing()
        elif self._was_paused and not self._is_paused:
            self._protocol.resume_writing()
        if self._was_reading:
            self._transport.resume_reading()

    async def write(self, data: memoryview) -> None:
        """Writes when the transport takes more; ``ConnectionError`` if it never will again."""
        if self._is_paused and not self._is_lost:
            self._resumed = self._loop.create_future()
            await self._resumed
        if self._is_lost or self._transport.is_closing():
            raise ConnectionError("Connection closed by peer")
        self._transport.write(data)

    def data_received(self, data: bytes) -> None:  # noqa: ARG002 - asyncio names the parameters
        """Cannot be: the transport does not read."""
        raise RuntimeError("reading is paused")

    def eof_received(self) -> None:
        """Cannot be either."""
        raise RuntimeError("reading is paused")

    def pause_writing(self) -> None:
        """The transport's buffer is full."""
        self._is_paused = True

    def resume_writing(self) -> None:
        """It is not any more."""
        self._is_paused = False
        self._go_on(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever writes has to know, and the protocol too."""
        self._is_lost = True
        self._go_on(exc or ConnectionError("Connection closed by peer"))
        self._protocol.connection_lost(exc)

    def _go_on(self, error: Exception | None) -> None:
        resumed, self._resumed = self._resumed, None
        if resumed is None or resumed.done():
            return
        if error is None:
            resumed.set_result(None)
        else:
            resumed.set_exception(error)
