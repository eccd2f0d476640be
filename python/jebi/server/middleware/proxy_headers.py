"""Who the client is when a proxy stands in front: ``X-Forwarded-For`` and ``X-Forwarded-Proto``.

For applications that wrap themselves, as uvicorn's users may. The server itself reads what proxies
say in the engine, where it does not cost the compiled path.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMES = {"http", "https", "ws", "wss"}


class Trust:
    """The proxies whose word is taken: addresses, networks, other names, or ``*`` for everyone.

    Anything that is no address is compared as it is written.
    """

    def __init__(self, hosts: list[str] | str) -> None:
        entries = hosts.split(",") if isinstance(hosts, str) else hosts
        entries = [entry.strip() for entry in entries]
        self.everyone = entries == ["*"]
        self.networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        self.names: set[str] = set()
        for entry in entries:
            try:
                # A single address is a network of one.
                self.networks.append(ipaddress.ip_network(entry))
            except ValueError:
                self.names.add(entry)

    def __contains__(self, host: str | None) -> bool:
        if self.everyone:
            return True
        if not host:
            return False
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return host in self.names
        return any(address in network for network in self.networks)

    def client(self, forwarded: str) -> tuple[str, int]:
        """The client of a chain of proxies: each has appended whom it heard from, so the last
        one that is not a trusted proxy. Where all are trusted, the first.
        """
        chain = [split_port(hop.strip()) for hop in forwarded.split(",")]
        if not self.everyone:
            for hop in reversed(chain):
                if hop[0] not in self:
                    return hop
        return chain[0]


# Tests that were written for uvicorn know it by this name.
_TrustedHosts = Trust


def split_port(hop: str) -> tuple[str, int]:
    """``host``, ``host:port``, ``[v6]`` or ``[v6]:port``; what is neither stays whole."""
    if hop.startswith("["):
        host, bracket, rest = hop[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            return hop, 0
        return host, _port(rest[1:])
    host, colon, port = hop.partition(":")
    if colon and ":" not in port and _port(port):
        return host, _port(port)
    return hop, 0


def _port(text: str) -> int:
    # Python refuses to read numbers of thousands of digits, with an error.
    is_short = len(text) < 10 and text.isascii() and text.isdigit()
    return int(text) if is_short and int(text) < 65536 else 0


class ProxyHeadersMiddleware:
    """Puts the client that a trusted proxy names, and the scheme of its request, into the scope."""

    def __init__(
        self, app: Callable[..., Any], trusted_hosts: list[str] | str = "127.0.0.1"
    ) -> None:
        self.app = app
        self.trust = Trust(trusted_hosts)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Amend the scope and pass it on."""
        if scope["type"] != "lifespan":
            client = scope.get("client")
            if (client[0] if client else None) in self.trust:
                self._amend(scope)
        await self.app(scope, receive, send)

    def _amend(self, scope: dict[str, Any]) -> None:
        chain = []
        for name, value in scope["headers"]:
            if name == b"x-forwarded-for":
                chain.append(value.decode("latin-1"))
            elif name == b"x-forwarded-proto":
                scheme = value.decode("latin-1").strip()
                if scheme in SCHEMES:
                    is_socket = scope["type"] == "websocket"
                    scope["scheme"] = scheme.replace("http", "ws") if is_socket else scheme
        if chain:
            host, port = self.trust.client(", ".join(chain))
            if host:
                scope["client"] = (host, port)
