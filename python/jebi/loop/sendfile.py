"""Sending files, by the kernel where it can and by reading and writing where it cannot."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import socket
from asyncio.constants import _SendfileMode
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from jebi import _engine

from .interlude import Interlude
from .sockets import LATER, Sockets

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

T = TypeVar("T")

# Bytes that are read at a time where the kernel does not send the file by itself.
BLOCK = 256 * 1024
# The most that one system call sends, so that others get their turn.
CHUNK = 1 << 20


class SendFile(Sockets):
    """``sendfile`` and ``sock_sendfile``."""

    async def sendfile(
        self,
        transport: Any,
        file: Any,
        offset: int = 0,
        count: int | None = None,
        *,
        fallback: bool = True,
    ) -> int:
        """Sends ``count`` bytes of a binary file from ``offset`` on, by default all of it.

        What was written to the transport before is sent before; reading pauses meanwhile, and
        nothing else may be written. The file's position is behind what was sent, also after an
        error. Where the kernel cannot send from file to connection, as with TLS, the file is read
        and written, unless ``fallback`` is off.

        Returns how many bytes were sent. Raises ``RuntimeError`` for transports that are closing
        or that take no files, ``SendfileNotAvailableError`` where the kernel cannot send and may
        not be helped, and ``ConnectionError`` if the connection goes down meanwhile.
        """
        if transport.is_closing():
            raise RuntimeError("Transport is closing")
        _check_file(file, offset, count)
        if isinstance(transport, _engine.SocketTransport):
            try:
                return await self._sendfile_native(transport, file, offset, count)
            except asyncio.SendfileNotAvailableError:
                if not fallback:
                    raise
        elif not _takes_files(transport):
            raise RuntimeError(f"sendfile is not supported for transport {transport!r}")
        if not fallback:
            raise RuntimeError(
                "fallback is disabled and native sendfile is not supported "
                f"for transport {transport!r}"
            )
        async with Interlude(self, transport) as interlude:
            return await self._send_by_reading(file, offset, count, interlude.write)

    async def sock_sendfile(
        self,
        sock: socket.socket,
        file: Any,
        offset: int = 0,
        count: int | None = None,
        *,
        fallback: bool | None = True,
    ) -> int:
        """The same for a connected stream socket that does not block."""
        self._check_socket(sock)
        if sock.type != socket.SOCK_STREAM:
            raise ValueError("only SOCK_STREAM type sockets are supported")
        _check_file(file, offset, count)
        try:
            return await self._sock_sendfile_native(sock, file, offset, count)
        except asyncio.SendfileNotAvailableError:
            if not fallback:
                raise
        return await self._send_by_reading(file, offset, count, partial(self.sock_sendall, sock))

    async def _sendfile_native(
        self, transport: _engine.SocketTransport, file: Any, offset: int, count: int | None
    ) -> int:
        number = _descriptor(file)
        was_reading = transport.is_reading()
        transport.pause_reading()
        sent = 0
        done: asyncio.Future[None] = self.create_future()
        try:
            transport._start_sending(number, offset, count, done)
            try:
                await done
            finally:
                sent = transport._stop_sending()
        except OSError as error:
            _refuse_or_raise(error, sent)
        finally:
            _move_behind(number, offset, sent)
            if was_reading:
                transport.resume_reading()
        return sent

    async def _sock_sendfile_native(
        self, sock: socket.socket, file: Any, offset: int, count: int | None
    ) -> int:
        number = _descriptor(file)
        with _duplicate(number) as source:
            transfer = _Transfer(sock, source, offset, count)
            try:
                try:
                    over = transfer.step()
                except LATER:
                    over = False
                while not over:
                    over = await self._when_writable(sock, transfer.step)
            except OSError as error:
                _refuse_or_raise(error, transfer.sent)
            finally:
                _move_behind(number, offset, transfer.sent)
        return transfer.sent

    async def _send_by_reading(
        self,
        file: Any,
        offset: int,
        count: int | None,
        write: Callable[[memoryview], Awaitable[None]],
    ) -> int:
        if offset:
            file.seek(offset)
        sent = 0
        # Never released by hand: a thread may still read into it when this is cancelled.
        block = memoryview(bytearray(BLOCK if count is None else min(count, BLOCK)))
        try:
            while count is None or sent < count:
                room = block if count is None else block[: count - sent]
                read = await self.run_in_executor(None, file.readinto, room)
                if not read:
                    break
                await write(block[:read])
                sent += read
            return sent
        finally:
            if sent and hasattr(file, "seek"):
                file.seek(offset + sent)


class _Transfer:
    """How far a file has come on its way to a socket."""

    def __init__(self, sock: socket.socket, file: int, offset: int, count: int | None) -> None:
        self._sock = sock
        self._file = file
        self._offset = offset
        self._count = count
        self.sent = 0

    def step(self) -> bool:
        """Sends what the socket takes; ``True`` when that was the last of it."""
        left = CHUNK if self._count is None else min(CHUNK, self._count - self.sent)
        sent = os.sendfile(self._sock.fileno(), self._file, self._offset + self.sent, left)
        self.sent += sent
        return sent == 0 or self.sent == self._count


def _takes_files(transport: Any) -> bool:
    """Whether a transport is one to fall back for, as asyncio's own say of themselves."""
    declared = getattr(transport, "_sendfile_compatible", None)
    if declared is not None:
        return declared is not _SendfileMode.UNSUPPORTED
    # Datagrams have asyncio.Transport among their bases too, but nothing to stream to.
    return isinstance(transport, asyncio.Transport) and not isinstance(
        transport, asyncio.DatagramTransport
    )


def _check_file(file: Any, offset: int, count: int | None) -> None:
    if "b" not in getattr(file, "mode", "b"):
        raise ValueError("file should be opened in binary mode")
    if count is not None:
        if not isinstance(count, int):
            raise TypeError(f"count must be a positive integer (got {count!r})")
        if count <= 0:
            raise ValueError(f"count must be a positive integer (got {count!r})")
    if not isinstance(offset, int):
        raise TypeError(f"offset must be a non-negative integer (got {offset!r})")
    if offset < 0:
        raise ValueError(f"offset must be a non-negative integer (got {offset!r})")


def _descriptor(file: Any) -> int:
    """The number of an open file; what has none is nothing for the kernel."""
    try:
        number: int = file.fileno()
        os.fstat(number)
    except (AttributeError, OSError, io.UnsupportedOperation) as error:
        raise asyncio.SendfileNotAvailableError("not a regular file") from error
    return number


@contextlib.contextmanager
def _duplicate(number: int) -> Iterator[int]:
    """A file that stays the same although somebody may close it and open another meanwhile."""
    own = os.dup(number)
    try:
        yield own
    finally:
        os.close(own)


def _refuse_or_raise(error: OSError, sent: int) -> None:
    """Tells files that the kernel cannot send from connections that broke."""
    if sent or isinstance(error, ConnectionError):
        raise error
    raise asyncio.SendfileNotAvailableError("os.sendfile call failed") from error


def _move_behind(number: int, offset: int, sent: int) -> None:
    if sent:
        with contextlib.suppress(OSError):
            # Whoever closed it does not care for its position any more.
            os.lseek(number, offset + sent, os.SEEK_SET)
