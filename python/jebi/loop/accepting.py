"""Taking connections from sockets that listen."""

from __future__ import annotations

import errno
from asyncio.trsock import TransportSocket
from typing import TYPE_CHECKING, Any

from .core import Core

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    Accepted = Callable[[socket.socket, Any], object]

# Errors of accept() that pass when other descriptors are closed.
EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
# Seconds until the next attempt after one of them.
RETRY_DELAY = 1


class Accepting(Core):
    """Has somebody told of each connection that comes in."""

    def _start_serving(self, sock: socket.socket, accepted: Accepted, backlog: int) -> None:
        """Calls ``accepted(connection, address)`` for each connection to ``sock``.

        The connections do not block. At most ``backlog`` of them are taken at a time, so that
        nobody else has to wait for a flood to end.
        """
        self.add_reader(sock.fileno(), self._accept, sock, accepted, max(backlog, 1))

    def _stop_serving(self, sock: socket.socket) -> None:
        """Ends it, and closes the socket."""
        self.remove_reader(sock.fileno())
        sock.close()

    def _accept(self, sock: socket.socket, accepted: Accepted, at_most: int) -> None:
        for _ in range(at_most):
            if sock.fileno() < 0:
                return
            try:
                connection, address = sock.accept()
            except ConnectionAbortedError:
                # The peer gave up; those behind it did not.
                continue
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                if error.errno not in EXHAUSTED:
                    raise
                self._pause(sock, error, accepted, at_most)
                return
            connection.setblocking(False)
            accepted(connection, address)

    def _pause(self, sock: socket.socket, error: OSError, accepted: Accepted, at_most: int) -> None:
        """The connection stays in the backlog, and the poller would report it without end."""
        self.call_exception_handler(
            {
                "message": "socket.accept() out of system resource",
                "exception": error,
                "socket": TransportSocket(sock),
            }
        )
        self.remove_reader(sock.fileno())
        self.call_later(RETRY_DELAY, self._go_on, sock, accepted, at_most)

    def _go_on(self, sock: socket.socket, accepted: Accepted, at_most: int) -> None:
        # It may have been closed in the meantime.
        if sock.fileno() >= 0:
            self._start_serving(sock, accepted, at_most)
