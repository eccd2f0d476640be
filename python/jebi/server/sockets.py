"""The listening sockets: bound before anything else starts, owned by whoever bound them."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from jebi.server.errors import CannotStart

if TYPE_CHECKING:
    from jebi.server.config import Config


def bind(config: Config) -> list[socket.socket]:
    """Bind and listen as the configuration says.

    Raises:
        CannotStart: It cannot be had; the text says what and why.
    """
    if config.fd is not None:
        return [socket.socket(fileno=os.dup(config.fd))]
    if config.uds is not None:
        return [_bind_unix(config.uds, config.backlog)]
    return _bind_internet(config.host, config.port, config.backlog)


def _bind_internet(host: str, port: int, backlog: int) -> list[socket.socket]:
    flags = socket.AI_PASSIVE
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=flags)
    except socket.gaierror as error:
        raise CannotStart(f"cannot listen on {host!r}: {error.strerror}") from None
    addresses = list(dict.fromkeys((family, address) for family, *_, address in found))
    with contextlib.ExitStack() as undo:
        sockets: list[socket.socket] = []
        for family, address in addresses:
            # With port 0 every address listens on the port that the first one was given.
            chosen = sockets[0].getsockname()[1] if sockets else port
            try:
                sockets.append(_listen(family, (address[0], chosen, *address[2:]), backlog))
            except OSError as error:
                # A host without IPv6 still resolves "localhost" to ::1.
                if sockets and error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
                    continue
                raise CannotStart(_refusal(host, chosen, error)) from None
            undo.callback(sockets[-1].close)
        undo.pop_all()
    return sockets


def _listen(family: int, address: tuple[str | int, ...], backlog: int) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(backlog)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def _refusal(host: str, port: int, error: OSError) -> str:
    where = f"cannot listen on {host or '*'}:{port}"
    match error.errno:
        case errno.EADDRINUSE:
            return f"{where}: another program is using that port; stop it or choose another --port"
        case errno.EACCES:
            return f"{where}: ports below 1024 need privileges; choose another --port"
        case errno.EADDRNOTAVAIL:
            return f"{where}: this machine has no such address; choose another --host"
    return f"{where}: {error.strerror or error}"


def _bind_unix(path: str, backlog: int) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        mode = 0o666
        with contextlib.suppress(FileNotFoundError):
            if Path(path).is_socket():  # what an earlier run left behind
                mode = Path(path).stat().st_mode & 0o777
                Path(path).unlink()
        listener.bind(path)
        Path(path).chmod(mode)
        listener.listen(backlog)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise CannotStart(f"cannot listen on {path}: {error.strerror or error}") from None
    return listener


def describe(config: Config, sockets: list[socket.socket]) -> str:
    """Where the server can be reached, as an address to open where it is one."""
    listener = sockets[0]
    if listener.family == socket.AF_UNIX:
        return f"unix socket {config.uds or listener.getsockname()}"
    host, port = listener.getsockname()[:2]
    if config.fd is None:
        host = config.host or host
    scheme = "https" if config.is_ssl else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
