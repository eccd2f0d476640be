"""Unix sockets."""

from __future__ import annotations

import errno
import os
import socket
import stat
import sys
from typing import TYPE_CHECKING, Any, TypeVar

from .log import logger
from .opening import TlsOptions, check_server_tls, check_tls
from .servers import Servers

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from .server import Server

P = TypeVar("P", bound="asyncio.BaseProtocol")

Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]

# asyncio leaves the file of a closed server behind before Python 3.13.
CLEANS_UP = sys.version_info >= (3, 13)


class UnixSockets(Servers):
    """``create_unix_connection`` and ``create_unix_server``."""

    async def create_unix_connection(
        self,
        protocol_factory: Callable[[], P],
        path: Path | None = None,
        *,
        ssl: Any = None,
        sock: socket.socket | None = None,
        server_hostname: str | None = None,
        ssl_handshake_timeout: float | None = None,
        ssl_shutdown_timeout: float | None = None,
    ) -> tuple[Any, P]:
        """Connects to the server at ``path``, or takes over a connected ``sock``.

        A path that begins with a NUL is one of Linux's abstract names. ``ssl`` needs a
        ``server_hostname``, because a path says nothing about the certificate to expect.
        Raises ``OSError`` if nobody listens.
        """
        if ssl and server_hostname is None:
            raise ValueError("you have to pass server_hostname when using ssl")
        tls = TlsOptions(
            ssl=ssl,
            server_hostname=server_hostname,
            ssl_handshake_timeout=ssl_handshake_timeout,
            ssl_shutdown_timeout=ssl_shutdown_timeout,
        )
        check_tls(**tls)
        if path is not None:
            if sock is not None:
                raise ValueError("path and sock can not be specified at the same time")
            sock = await self._connect_to_path(os.fspath(path))
        elif sock is None:
            raise ValueError("no path and sock were specified")
        else:
            _check_unix(sock)
        return await self._open_transport(sock, protocol_factory, **tls)

    async def create_unix_server(  # type: ignore[override]  # one keyword more
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        path: Path | None = None,
        *,
        sock: socket.socket | None = None,
        backlog: int = 100,
        ssl: Any = None,
        ssl_handshake_timeout: float | None = None,
        ssl_shutdown_timeout: float | None = None,
        start_serving: bool = True,
        cleanup_socket: bool = CLEANS_UP,
    ) -> Server:
        """Listens at ``path``, or on ``sock``.

        A socket that is left over at ``path`` is replaced. With ``cleanup_socket``, the default
        from Python 3.13 on, the file is removed when the server is closed, unless another one has
        taken its place by then. Raises ``OSError`` if the path cannot be had.
        """
        tls = TlsOptions(
            ssl=ssl,
            ssl_handshake_timeout=ssl_handshake_timeout,
            ssl_shutdown_timeout=ssl_shutdown_timeout,
        )
        check_server_tls(**tls)
        if path is not None:
            if sock is not None:
                raise ValueError("path and sock can not be specified at the same time")
            sock = _bind(os.fspath(path))
        elif sock is None:
            raise ValueError("path was not specified, and no sock specified")
        else:
            _check_unix(sock)
        file = SocketFile.of(sock) if cleanup_socket else None
        on_close = file.remove if file is not None else None
        return await self._serve_on([sock], protocol_factory, backlog, tls, start_serving, on_close)

    async def _connect_to_path(self, path: str | bytes) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            await self.sock_connect(sock, path)
        except BaseException:
            sock.close()
            raise
        return sock


class SocketFile:
    """The name that a listening socket has in the file system."""

    def __init__(self, path: str | bytes, identity: tuple[int, int]) -> None:
        self._path = path
        self._identity = identity

    @classmethod
    def of(cls, sock: socket.socket) -> SocketFile | None:
        """The file of a bound socket, ``None`` if it has none."""
        path = sock.getsockname()
        if not path or _is_abstract(path):
            return None
        try:
            # Its path may be relative to where the process was when it was bound.
            return cls(os.path.abspath(path), _identity(path))
        except FileNotFoundError:
            return None

    def remove(self) -> None:
        """Removes the file, if it is still the same."""
        try:
            if _identity(self._path) == self._identity:
                os.unlink(self._path)
        except FileNotFoundError:
            pass
        except OSError as error:
            logger.error("Unable to clean up listening UNIX socket %r: %r", self._path, error)


def _identity(path: str | bytes) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino


def _is_abstract(path: str | bytes) -> bool:
    return path[:1] in ("\0", b"\0")


def _check_unix(sock: socket.socket) -> None:
    if sock.family != socket.AF_UNIX or sock.type != socket.SOCK_STREAM:
        raise ValueError(f"A UNIX Domain Stream Socket was expected, got {sock!r}")


def _bind(path: str | bytes) -> socket.socket:
    """A socket with this name."""
    remove_stale(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(path)
    except OSError as error:
        sock.close()
        if error.errno != errno.EADDRINUSE:
            raise
        raise OSError(error.errno, f"Address {path!r} is already in use") from None
    except BaseException:
        sock.close()
        raise
    return sock


def remove_stale(path: str | bytes) -> None:
    """Make room where a socket was left behind; whether anybody still listens, nobody can say."""
    if _is_abstract(path):
        return
    try:
        if stat.S_ISSOCK(os.stat(path).st_mode):
            os.remove(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        # The directory may only let sockets be made; binding will tell.
        logger.error("Unable to check or remove stale UNIX socket %r: %r", path, error)
