"""Small helpers that programs take from uvicorn for their own log lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping


class ClientDisconnected(OSError):  # noqa: N818 - uvicorn's name
    """The client went away."""


def get_remote_addr(transport: asyncio.BaseTransport) -> tuple[str, int] | None:
    """The client's address and port; ``None`` on a Unix socket, or if it is not known."""
    connection = transport.get_extra_info("socket")
    if connection is None:
        return _pair(transport.get_extra_info("peername"))
    try:
        return _pair(connection.getpeername())
    except OSError:  # gone already
        return None


def get_local_addr(transport: asyncio.BaseTransport) -> tuple[str, int | None] | None:
    """The server's address and port, or its path and ``None``."""
    connection = transport.get_extra_info("socket")
    name = transport.get_extra_info("sockname") if connection is None else connection.getsockname()
    return (name, None) if isinstance(name, str) else _pair(name)


def _pair(name: Any) -> tuple[str, int] | None:
    """The first two parts of a socket's name; IPv6 has four."""
    if not isinstance(name, (tuple, list)) or len(name) < 2:
        return None
    return str(name[0]), int(name[1])


def is_ssl(transport: asyncio.BaseTransport) -> bool:
    """Whether the connection is encrypted."""
    return transport.get_extra_info("sslcontext") is not None


def get_client_addr(scope: Mapping[str, Any]) -> str:
    """The client of an ASGI scope as ``address:port``, empty if it is not known."""
    client = scope.get("client")
    return f"{client[0]}:{client[1]}" if client else ""


def get_path_with_query_string(scope: Mapping[str, Any]) -> str:
    """Path and query of an ASGI scope, quoted as in a request line."""
    path, query = quote(scope["path"]), scope["query_string"]
    return f"{path}?{query.decode('ascii')}" if query else path
