"""The listening sockets: bound before anything else starts, owned by whoever bound them."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jebi.server.addresses import Inherited, Internet, Place, Unix, places
from jebi.server.errors import CannotStart
from jebi.server.listener import Listener
from jebi.server.logging import get_logger
from jebi.server.systemd import passed_descriptors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jebi.server.config import Config

# How often a free port is looked for that several addresses have.
_ATTEMPTS = 8

# A machine without IPv6 resolves "localhost" to ::1 all the same.
_NOT_HERE = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}

_INTERNET = (socket.AF_INET, socket.AF_INET6)

_Address = tuple[int, tuple[str | int, ...]]


def bind(config: Config) -> list[socket.socket]:
    """Bind and listen as the configuration says.

    Raises:
        CannotStart: It cannot be had; the text says what and why.
    """
    passed = passed_descriptors()
    wanted = places(config)
    if not wanted:
        wanted = [Inherited(number) for number in passed] or [Internet(config.host, config.port)]
    elif passed and not any(isinstance(place, Inherited) for place in wanted):
        get_logger().warning(
            "systemd has passed %d socket(s), which nothing names: they are not used", len(passed)
        )
    binder = _Binder(config, passed)
    with contextlib.ExitStack() as undo:
        undo.callback(binder.close)
        for place in wanted:
            binder.add(place)
        undo.pop_all()
    return list(binder.listeners)


def describe(config: Config, sockets: Iterable[socket.socket]) -> str:
    """Where the server can be reached, as addresses to open where they are some."""
    scheme = "https" if config.is_ssl else "http"
    return ", ".join(dict.fromkeys(_address_of(listener, scheme) for listener in sockets))


def _address_of(listener: socket.socket, scheme: str) -> str:
    name = listener.getsockname()
    if listener.family == socket.AF_UNIX:
        path = os.fsdecode(name)
        return f"unix socket {'@' + path[1:] if path.startswith(chr(0)) else path}"
    host, port = name[:2]
    host = getattr(listener, "host", "") or host
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


class _Binder:
    """Opens one place after the other."""

    def __init__(self, config: Config, passed: dict[int, str]) -> None:
        self.listeners: list[Listener] = []
        self._backlog = config.backlog
        self._reuse_port = config.reuse_port
        self._mode = _mode(config.uds_permissions)
        self._passed = passed
        self._taken: set[tuple[str | int, int]] = set()

    def close(self) -> None:
        for listener in self.listeners:
            listener.close()

    def add(self, place: Place) -> None:
        """Listen there too."""
        match place:
            case Internet():
                self.listeners += self._internet(place)
            case Unix():
                self.listeners.append(_bind_unix(place.path, self._mode, self._backlog))
            case Inherited():
                self.listeners += [_inherit(n, self._backlog) for n in self._numbers(place)]

    def _numbers(self, place: Inherited) -> list[int]:
        if place.number is not None:
            return [place.number]
        found = [number for number, name in self._passed.items() if name == place.name]
        if not found:
            known = ", ".join(sorted(set(self._passed.values()))) or "none"
            raise CannotStart(f"systemd has passed no socket {place.name!r}; it has passed {known}")
        return found

    def _internet(self, place: Internet) -> list[Listener]:
        addresses = _resolve(place)
        for _ in range(_ATTEMPTS if place.port == 0 and len(addresses) > 1 else 1):
            # With port 0 every address listens on the port that the first one was given, which
            # may be taken on another.
            refusal, found = self._everywhere(place, addresses)
            if refusal is None or refusal.error.errno != errno.EADDRINUSE:
                break
        if refusal is not None:
            raise CannotStart(str(refusal))
        return found

    def _everywhere(
        self, place: Internet, addresses: list[_Address]
    ) -> tuple[_Refusal | None, list[Listener]]:
        """Listeners on all addresses that this machine has, or why not."""
        found: list[Listener] = []
        missing: _Refusal | None = None
        for family, (host, _, *rest) in addresses:
            port = found[0].getsockname()[1] if found else place.port
            if (host, port) in self._taken:
                continue
            try:
                found.append(self._listen(family, (host, port, *rest)))
            except OSError as error:
                refusal = _Refusal(place.host, port, error)
                if error.errno not in _NOT_HERE:
                    for listener in found:
                        listener.close()
                    return refusal, []
                missing = missing or refusal
        for listener in found:
            listener.host = place.host
            self._taken.add(listener.getsockname()[:2])
        return (None if found else missing), found

    def _listen(self, family: int, address: tuple[str | int, ...]) -> Listener:
        listener = Listener(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if self._reuse_port:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if family == socket.AF_INET6:
                # IPv4 has a socket of its own, so that clients have the addresses they know.
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind(address)
            listener.listen(self._backlog)
            listener.setblocking(False)
        except BaseException:
            listener.close()
            raise
        return listener


def _resolve(place: Internet) -> list[_Address]:
    """The addresses of a host; ``::`` is every address, of IPv4 too, as it is to Linux."""
    host: str | bytes | None = None if place.host in {"", "::"} else place.host
    if isinstance(host, str) and host.isascii():
        host = host.encode()  # a text would be looked at for letters of other alphabets, at a cost
    try:
        found = socket.getaddrinfo(
            host, place.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (socket.gaierror, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise CannotStart(f"cannot listen on {place.host!r}: {why}") from None
    known: list[Any] = [(family, address) for family, *_, address in found if family in _INTERNET]
    return list(dict.fromkeys(known))


class _Refusal:
    """Why the kernel would not listen on an address, as one line."""

    def __init__(self, host: str, port: int, error: OSError) -> None:
        self.host, self.port, self.error = host, port, error

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host or "*"
        where = f"cannot listen on {host}:{self.port}"
        match self.error.errno:
            case errno.EADDRINUSE:
                return (
                    f"{where}: another program is using that port; stop it or choose another --port"
                )
            case errno.EACCES:
                return f"{where}: ports below 1024 need privileges; choose another --port"
            case number if number in _NOT_HERE:
                return f"{where}: this machine has no such address; choose another --host"
        return f"{where}: {self.error.strerror or self.error}"


def _mode(permissions: str | None) -> int | None:
    """The permissions of a UNIX socket, where somebody has asked for some.

    Raises:
        CannotStart: They are none.
    """
    if permissions is None:
        return None
    try:
        mode = int(permissions, 8)
    except (TypeError, ValueError):
        mode = -1
    if not 0 <= mode <= 0o777:
        raise CannotStart(
            f"{permissions!r} are no permissions for a socket: write them in octal, such as 660"
        )
    return mode


def _bind_unix(path: str, mode: int | None, backlog: int) -> Listener:
    from jebi.loop.unix import SocketFile, remove_stale  # a supervisor has no other use for it

    listener = Listener(socket.AF_UNIX, socket.SOCK_STREAM)
    address = "\0" + path[1:] if path.startswith("@") else path
    try:
        if mode is None:
            mode = _mode_left_behind(address)
        remove_stale(address)
        # Nobody may come in between binding and a change of its mode.
        before = os.umask(0o777 & ~mode)
        try:
            listener.bind(address)
        finally:
            os.umask(before)
        listener.file = SocketFile.of(listener)
        listener.listen(backlog)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise CannotStart(f"cannot listen on {path}: {_why_no_file(path, error)}") from None
    return listener


def _mode_left_behind(address: str) -> int:
    """What an earlier run's socket had, which somebody may have set with care; else for all."""
    if not address.startswith("\0"):
        with contextlib.suppress(OSError):
            found = os.stat(address)
            if stat.S_ISSOCK(found.st_mode):
                return stat.S_IMODE(found.st_mode)
    return 0o666


def _why_no_file(path: str, error: OSError) -> str:
    directory = Path(path).parent
    if error.errno == errno.ENOENT and not directory.is_dir():
        return f"there is no directory {directory}"
    if error.errno == errno.EADDRINUSE:
        return "there is something of that name which is no socket; remove it or choose another"
    return error.strerror or str(error)


def _inherit(number: int, backlog: int) -> Listener:
    """A listening socket that was open when this process started.

    Raises:
        CannotStart: It is none.
    """
    try:
        if not stat.S_ISSOCK(os.fstat(number).st_mode):
            raise CannotStart(f"descriptor {number} is no socket")
        os.set_inheritable(number, False)
        listener = Listener(fileno=os.dup(number))
    except OSError as error:
        raise CannotStart(f"cannot use descriptor {number}: {error.strerror}") from None
    listener.is_shared = True
    try:
        _see_that_it_listens(listener, number, backlog)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def _see_that_it_listens(listener: Listener, number: int, backlog: int) -> None:
    if listener.type != socket.SOCK_STREAM or listener.family not in (*_INTERNET, socket.AF_UNIX):
        raise CannotStart(f"descriptor {number} is no stream socket of TCP or UNIX")
    if listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        return
    is_bound = listener.getsockname()[1] if listener.family in _INTERNET else listener.getsockname()
    if not is_bound:
        raise CannotStart(f"descriptor {number} is not bound to an address")
    try:
        listener.listen(backlog)
    except OSError as error:
        raise CannotStart(f"descriptor {number} cannot listen: {error.strerror}") from None
