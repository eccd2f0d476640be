"""Host names and addresses."""

from __future__ import annotations

import socket
from typing import Any

from .core import Core
from .log import logger

AddressInfo = tuple[int, int, int, str, Any]

MAX_PORT = 65535
# The one protocol of a kind of socket that getaddrinfo finds.
PROTOCOLS: dict[int, int] = {
    socket.SOCK_STREAM: socket.IPPROTO_TCP,
    socket.SOCK_DGRAM: socket.IPPROTO_UDP,
}
# With these the answer for a numeric address is the same as without.
NUMERIC_FLAGS = socket.AI_PASSIVE | socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


class Names(Core):
    """Name resolution, in the default executor because it blocks."""

    async def getaddrinfo(  # type: ignore[override]  # any address, not just the internet's
        self,
        host: str | bytes | None,
        port: str | bytes | int | None,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002 - asyncio's name
        proto: int = 0,
        flags: int = 0,
    ) -> list[AddressInfo]:
        """``socket.getaddrinfo`` without blocking the loop, and without a thread for numbers.

        Raises ``socket.gaierror`` where the host or the service is unknown.
        """
        known = None if self.get_debug() else _numeric((host, port), family, type, proto, flags)
        if known is not None and 0 <= known[4][1] <= MAX_PORT:
            return [_normal(known)]
        look_up = self._look_up_aloud if self.get_debug() else socket.getaddrinfo
        found: list[Any] = await self.run_in_executor(
            None, look_up, host, port, family, type, proto, flags
        )
        return found

    async def getnameinfo(self, sockaddr: Any, flags: int = 0) -> tuple[str, str]:
        """``socket.getnameinfo`` without blocking the loop.

        Raises ``socket.gaierror`` where the address has no name and ``flags`` insist on one.
        """
        return await self.run_in_executor(None, socket.getnameinfo, sockaddr, flags)

    async def _resolve(
        self, address: Any, family: int, kind: int, proto: int, flags: int
    ) -> list[AddressInfo]:
        """The addresses to try, without a thread where the host is a number already.

        ``address`` is a host and a port, for IPv6 perhaps a flow and a scope.
        """
        host, port = address[:2]
        known = _numeric(address, family, kind, proto, flags)
        if known is not None:
            return [known]
        found = await self.getaddrinfo(
            host, port, family=family, type=kind, proto=proto, flags=flags
        )
        if not found:
            raise OSError("getaddrinfo() returned empty list")
        return found

    def _look_up_aloud(self, host: Any, port: Any, *how: int) -> list[Any]:
        logger.debug("Get address info %s:%r, %r", host, port, how)
        start = self.time()
        found = socket.getaddrinfo(host, port, *how)
        seconds = self.time() - start
        text = f"Getting address info {host}:{port!r} took {seconds * 1e3:.3f}ms: {found!r}"
        if seconds >= self.slow_callback_duration:
            logger.info(text)
        else:
            logger.debug(text)
        return found


def _numeric(
    address: tuple[Any, ...], family: int, kind: int, proto: int, flags: int
) -> AddressInfo | None:
    """What ``getaddrinfo`` finds for a numeric host and port, ``None`` if they are names.

    ``None`` as well where the answer is more than a matter of notation; it is only ever left to
    the resolver what the resolver would answer in the same way.
    """
    expected = PROTOCOLS.get(kind)
    if expected is None or proto not in (0, expected) or flags & ~NUMERIC_FLAGS:
        return None
    host, number = _host_text(address[0]), _port_number(address[1])
    if host is None or number is None or not hasattr(socket, "inet_pton"):
        return None
    for candidate in (socket.AF_INET, socket.AF_INET6):
        if family not in (socket.AF_UNSPEC, candidate):
            continue
        try:
            socket.inet_pton(candidate, host)
        except (OSError, ValueError):
            continue
        # IPv6 has a flow and a scope, which come from the caller or are none.
        tail = (*address[2:], 0, 0)[:2] if candidate == socket.AF_INET6 else ()
        return candidate, kind, expected, "", (host, number, *tail)
    return None


def _normal(info: AddressInfo) -> AddressInfo:
    """The address as the resolver would write it."""
    family, kind, proto, name, (host, *rest) = info
    host = socket.inet_ntop(family, socket.inet_pton(family, host))
    return family, socket.SocketKind(kind), proto, name, (host, *rest)


def _host_text(host: Any) -> str | None:
    if isinstance(host, bytes) and host.isascii():
        host = host.decode()
    # The C library knows the numbers of scopes' names, inet_pton does not.
    return host if isinstance(host, str) and "%" not in host else None


def _port_number(port: Any) -> int | None:
    """A port that is no service's name, as a number; an empty one is 0."""
    if port is None or port in ("", b""):
        return 0
    if isinstance(port, int):
        return port
    if isinstance(port, str | bytes) and port.isascii() and port.isdigit():
        return int(port)
    return None
