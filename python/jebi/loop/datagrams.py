"""Datagram endpoints: UDP, and Unix sockets of the datagram kind."""

from __future__ import annotations

import socket
import sys
import warnings
from typing import TYPE_CHECKING, Any, TypeVar

from jebi import _engine

from .log import logger
from .sockets import Sockets
from .unix import remove_stale

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable

P = TypeVar("P", bound="asyncio.BaseProtocol")

# asyncio's word for it.
EXPECTED = "A datagram socket" if sys.version_info >= (3, 13) else "A UDP Socket"

# Family and protocol of a socket, its own address and the one it sends to.
Candidate = tuple[int, int, Any, Any]


class Datagrams(Sockets):
    """``create_datagram_endpoint``."""

    async def create_datagram_endpoint(
        self,
        protocol_factory: Callable[[], P],
        local_addr: tuple[str, int] | str | None = None,
        remote_addr: tuple[str, int] | str | None = None,
        *,
        family: int = 0,
        proto: int = 0,
        flags: int = 0,
        reuse_address: bool | None = None,
        reuse_port: bool | None = None,
        allow_broadcast: bool | None = None,
        sock: socket.socket | None = None,
    ) -> tuple[Any, P]:
        """Opens a datagram socket, or takes over ``sock``.

        ``local_addr`` is where it receives and ``remote_addr`` the only peer it talks to: pairs of
        host and port, or paths where ``family`` is ``AF_UNIX``. Of several addresses that a name
        stands for the first is taken that works. With ``allow_broadcast`` the socket is not
        connected, because answers to a broadcast come from many.

        Raises ``ValueError`` for arguments that contradict each other and for
        ``reuse_address=True``, which would let any process take the port over; ``OSError`` when no
        address can be had.
        """
        _refuse_reuse_address(reuse_address)
        remote = None
        if sock is None:
            candidates = await self._find_candidates(local_addr, remote_addr, family, proto, flags)
            options = _options(reuse_port, allow_broadcast)
            sock, remote = await self._open_first(candidates, options, not allow_broadcast)
        else:
            given = {
                "local_addr": local_addr,
                "remote_addr": remote_addr,
                "family": family,
                "proto": proto,
                "flags": flags,
                "reuse_port": reuse_port,
                "allow_broadcast": allow_broadcast,
            }
            _check_datagram(sock, given)
            sock.setblocking(False)
        protocol = protocol_factory()
        opened: asyncio.Future[None] = self.create_future()
        transport = _engine.DatagramTransport(self, sock, protocol, remote, opened)
        if self.get_debug():
            _tell_of(transport, protocol, local_addr, remote_addr)
        try:
            await opened
        except BaseException:
            transport.close()
            raise
        return transport, protocol

    async def _find_candidates(
        self, local: Any, remote: Any, family: int, proto: int, flags: int
    ) -> list[Candidate]:
        if not local and not remote:
            if family == socket.AF_UNSPEC:
                raise ValueError("unexpected address family")
            return [(family, proto, None, None)]
        if family == socket.AF_UNIX:
            for path in (local, remote):
                if path is not None and not isinstance(path, str):
                    raise TypeError("string is expected")
            if local:
                remove_stale(local)
            return [(family, proto, local or None, remote or None)]
        sides: list[dict[tuple[int, int], Any] | None] = []
        for address in (local, remote):
            if address is None:
                sides.append(None)
                continue
            if not isinstance(address, tuple) or len(address) != 2:
                raise TypeError("2-tuple is expected")
            infos = await self._resolve(address, family, socket.SOCK_DGRAM, proto, flags)
            sides.append({(info[0], info[2]): info[4] for info in infos})
        return _join(*sides)

    async def _open_first(
        self,
        candidates: Iterable[Candidate],
        options: list[tuple[int, int]],
        connect: bool,
    ) -> tuple[socket.socket, Any]:
        """The first socket that can be had, and the only address to send to, if any."""
        failure: OSError | None = None
        for candidate in candidates:
            try:
                return await self._open_one(candidate, options, connect), candidate[3]
            except OSError as error:
                failure = failure or error
        try:
            raise failure or OSError("no address to try")
        finally:
            # Its traceback holds this frame, which must not hold it in turn.
            del failure

    async def _open_one(
        self, candidate: Candidate, options: list[tuple[int, int]], connect: bool
    ) -> socket.socket:
        family, proto, local, remote = candidate
        sock = socket.socket(family=family, type=socket.SOCK_DGRAM, proto=proto)
        try:
            for level, option in options:
                sock.setsockopt(level, option, 1)
            sock.setblocking(False)
            if local is not None:
                sock.bind(local)
            if remote is not None and connect:
                await self.sock_connect(sock, remote)
        except BaseException:
            sock.close()
            raise
        return sock


def _tell_of(transport: Any, protocol: Any, local: Any, remote: Any) -> None:
    # asyncio's choice: who receives is worth more words than who sends.
    log = logger.info if local else logger.debug
    text = "Datagram endpoint local_addr=%r remote_addr=%r created: (%r, %r)"
    log(text, local, remote, transport, protocol)


def _refuse_reuse_address(given: bool | None) -> None:
    """Two sockets with the option share a port, and the kernel gives all to one of them."""
    if given:
        raise ValueError(
            "reuse_address=True is not supported: with it, any process could receive "
            "what is meant for this endpoint"
        )
    if given is not None:
        text = "create_datagram_endpoint() has no use for reuse_address"
        warnings.warn(text, DeprecationWarning, stacklevel=3)


def _check_datagram(sock: socket.socket, given: dict[str, Any]) -> None:
    if sock.type == socket.SOCK_STREAM:
        raise ValueError(f"{EXPECTED} was expected, got {sock!r}")
    words = [f"{name}={value}" for name, value in given.items() if value]
    if words:
        raise ValueError(
            "socket modifier keyword arguments can not be used when sock is specified. "
            f"({', '.join(words)})"
        )


def _options(reuse_port: bool | None, allow_broadcast: bool | None) -> list[tuple[int, int]]:
    options = []
    if reuse_port:
        if not hasattr(socket, "SO_REUSEPORT"):
            raise ValueError("reuse_port not supported by socket module")
        options.append((socket.SOL_SOCKET, socket.SO_REUSEPORT))
    if allow_broadcast:
        options.append((socket.SOL_SOCKET, socket.SO_BROADCAST))
    return options


def _join(
    local: dict[tuple[int, int], Any] | None, remote: dict[tuple[int, int], Any] | None
) -> list[Candidate]:
    """The pairs of family and protocol for which every given side has an address."""
    keys = list(dict.fromkeys([*(local or ()), *(remote or ())]))
    given = [side for side in (local, remote) if side is not None]
    joined = [
        (*key, (local or {}).get(key), (remote or {}).get(key))
        for key in keys
        if all(key in side for side in given)
    ]
    if not joined:
        raise ValueError("can not get address information")
    return joined
