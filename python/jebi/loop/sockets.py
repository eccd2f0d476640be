"""The ``sock_*`` coroutines: plain non-blocking sockets, awaited."""

from __future__ import annotations

import errno
import socket
import ssl
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from .names import Names

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

T = TypeVar("T")

# What a non-blocking call raises when it has to be made again later.
LATER = (BlockingIOError, InterruptedError)


class Sockets(Names):
    """Each call is tried at once, and again whenever the socket is ready."""

    def __init__(self) -> None:
        super().__init__()
        self._borrowed: set[_Borrowed] = set()

    def close(self) -> None:
        """Gives back the sockets that somebody still waits for, too."""
        super().close()
        for borrowed in list(self._borrowed):
            borrowed.give_back()

    async def sock_recv(self, sock: socket.socket, nbytes: int) -> bytes:
        """Up to ``nbytes`` of what arrives next; empty at the end."""
        self._check_socket(sock)
        try:
            return sock.recv(nbytes)
        except LATER:
            pass
        return await self._when_readable(sock, partial(sock.recv, nbytes))

    async def sock_recv_into(self, sock: socket.socket, buf: Any) -> int:
        """Fills ``buf`` with what arrives next; answers how much that was."""
        self._check_socket(sock)
        return await self._until_read(sock, partial(sock.recv_into, buf))

    async def sock_accept(self, sock: socket.socket) -> tuple[socket.socket, Any]:
        """The next connection of a listening socket, non-blocking, and its address."""
        self._check_socket(sock)
        connection, address = await self._until_read(sock, sock.accept)
        connection.setblocking(False)
        return connection, address

    async def sock_sendall(self, sock: socket.socket, data: Any) -> None:
        """Sends all of ``data``; after an exception nobody knows how much of it was sent."""
        self._check_socket(sock)
        try:
            sent = sock.send(data)
        except LATER:
            sent = 0
        with memoryview(data) as whole, whole.cast("B") as rest:
            if sent < len(rest):
                await self._when_writable(sock, _Outgoing(sock, rest[sent:]).send)

    async def sock_recvfrom(self, sock: socket.socket, bufsize: int) -> tuple[bytes, Any]:
        """The next datagram and its sender."""
        self._check_socket(sock)
        return await self._until_read(sock, partial(sock.recvfrom, bufsize))

    async def sock_recvfrom_into(
        self, sock: socket.socket, buf: Any, nbytes: int = 0
    ) -> tuple[int, Any]:
        """Fills ``buf`` with the next datagram; answers its length and its sender."""
        self._check_socket(sock)
        return await self._until_read(sock, partial(sock.recvfrom_into, buf, nbytes))

    async def sock_sendto(self, sock: socket.socket, data: Any, address: Any) -> int:
        """Sends a datagram; answers how much of it was sent."""
        self._check_socket(sock)
        try:
            return sock.sendto(data, address)
        except LATER:
            pass
        return await self._when_writable(sock, lambda: sock.sendto(data, address))

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """Connects to ``address``, of which the host may be a name.

        Raises ``BlockingIOError`` where a Unix server has no room for another connection: nothing
        would tell when it has.
        """
        self._check_socket(sock)
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            found = await self._resolve(address, sock.family, sock.type, sock.proto, 0)
            address = found[0][4]
        try:
            sock.connect(address)
            return
        except LATER as error:
            if error.errno == errno.EAGAIN:
                raise
        await self._when_writable(sock, partial(_check_connected, sock, address))

    async def _until_read(self, sock: socket.socket, attempt: Callable[[], T]) -> T:
        try:
            return attempt()
        except LATER:
            pass
        return await self._when_readable(sock, attempt)

    async def _when_readable(self, sock: socket.socket, attempt: Callable[[], T]) -> T:
        fd = sock.fileno()
        future: asyncio.Future[T] = self.create_future()
        handle = self._add_reader(fd, _try, future, attempt)
        with _Borrowed(sock, self._borrowed):
            try:
                return await future
            finally:
                # Its exception holds this frame, which must not hold the exception in turn.
                del future
                # Somebody else may have put a reader of their own in its place.
                if not handle.cancelled():
                    self.remove_reader(fd)

    async def _when_writable(self, sock: socket.socket, attempt: Callable[[], T]) -> T:
        fd = sock.fileno()
        future: asyncio.Future[T] = self.create_future()
        handle = self._add_writer(fd, _try, future, attempt)
        with _Borrowed(sock, self._borrowed):
            try:
                return await future
            finally:
                del future
                if not handle.cancelled():
                    self.remove_writer(fd)

    def _check_socket(self, sock: socket.socket) -> None:
        if isinstance(sock, ssl.SSLSocket):
            raise TypeError("Socket cannot be of type SSLSocket")
        if self.get_debug() and sock.gettimeout() != 0:
            raise ValueError("the socket must be non-blocking")


class _Borrowed:
    """A socket that is waited for: closing it meanwhile takes effect when the wait is over.

    So its number cannot be given to another socket while the loop still watches it. This is the
    counter that ``socket.makefile`` holds sockets open with.
    """

    def __init__(self, sock: Any, all_borrowed: set[_Borrowed]) -> None:
        self._sock = sock
        self._all = all_borrowed

    def __enter__(self) -> None:
        # What only looks like a socket has no such counter.
        if isinstance(getattr(self._sock, "_io_refs", None), int):
            self._sock._io_refs += 1
            self._all.add(self)

    def __exit__(self, *_: object) -> None:
        self.give_back()

    def give_back(self) -> None:
        """Ends it; if the socket was closed meanwhile, this is when."""
        if self in self._all:
            self._all.remove(self)
            self._sock._decref_socketios()


class _Outgoing:
    """Bytes on their way out of a socket."""

    def __init__(self, sock: socket.socket, rest: memoryview) -> None:
        self._sock = sock
        self._rest = rest

    def send(self) -> None:
        """Returns when everything is sent; raises like ``send`` when it has to wait."""
        while self._rest:
            self._rest = self._rest[self._sock.send(self._rest) :]


def _check_connected(sock: socket.socket, address: Any) -> None:
    error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise OSError(error, f"Connect call failed {address}")


def _try(future: asyncio.Future[T], attempt: Callable[[], T]) -> None:
    if future.done():
        return
    try:
        result = attempt()
    except LATER:
        return
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        future.set_exception(error)
        # The exception holds this frame, and the future holds the exception.
        del future
    else:
        future.set_result(result)
