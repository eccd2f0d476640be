"""Host names and addresses."""

from __future__ import annotations

import socket
from typing import Any

from .core import Core
from .log import logger

AddressInfo = tuple[int, int, int, str, Any]


class Names(Core):
    """Name resolution, in the default executor because it blocks."""

    async def getaddrinfo(  # type: ignore[override]
        self,
        host: str | bytes | None,
        port: str | bytes | int | None,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002 - asyncio's name
        proto: int = 0,
        flags: int = 0,
    ) -> list[AddressInfo]:
        """``socket.getaddrinfo`` without blocking the loop."""
        look_up = self._look_up_aloud if self.get_debug() else socket.getaddrinfo
        found: list[Any] = await self.run_in_executor(
            None, look_up, host, port, family, type, proto, flags
        )
        return found

    async def getnameinfo(self, sockaddr: Any, flags: int = 0) -> tuple[str, str]:
        """``socket.getnameinfo`` without blocking the loop."""
        return await self.run_in_executor(None, socket.getnameinfo, sockaddr, flags)

    async def _resolve(
        self, address: Any, family: int, kind: int, proto: int, flags: int
    ) -> list[AddressInfo]:
        """The addresses to try, without a thread where the host is a number already."""
        host, port = address[:2]
        known = _numeric(host, port, family, kind, proto, address[2:])
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
    host: Any, port: Any, family: int, kind: int, proto: int, scope: tuple[Any, ...]
) -> AddressInfo | None:
    """The address that a numeric host and port stand for, ``None`` if they are names."""
    if not isinstance(host, str) or not isinstance(port, int) or isinstance(port, bool):
        return None
    if kind != socket.SOCK_STREAM or proto not in (0, socket.IPPROTO_TCP) or "%" in host:
        return None
    for candidate in (socket.AF_INET, socket.AF_INET6):
        if family not in (socket.AF_UNSPEC, candidate):
            continue
        try:
            socket.inet_pton(candidate, host)
        except OSError:
            continue
        tail = (*scope, 0, 0)[:2] if candidate == socket.AF_INET6 else ()
        return candidate, kind, socket.IPPROTO_TCP, "", (host, port, *tail)
    return None
