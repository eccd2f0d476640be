"""uvicorn's names of protocols, for programs that choose between its implementations.

There is one implementation here, and it lives in the engine: a class of this package can be given
as ``http`` or ``ws``, which means that HTTP or WebSockets are spoken, and can do nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jebi.server.errors import CannotStart

if TYPE_CHECKING:
    from collections.abc import Mapping

_HTTP = f"{__name__}.http"
_WS = f"{__name__}.websockets"

HTTP_PROTOCOLS = {
    "auto": f"{_HTTP}.h11_impl:H11Protocol",
    "h11": f"{_HTTP}.h11_impl:H11Protocol",
    "httptools": f"{_HTTP}.httptools_impl:HttpToolsProtocol",
    "zttp": f"{_HTTP}.h11_impl:H11Protocol",
}
"""What ``http`` may be; all of them mean the engine."""

WS_PROTOCOLS = {
    "auto": f"{_WS}.websockets_sansio_impl:WebSocketsSansIOProtocol",
    "none": None,
    "websockets": f"{_WS}.websockets_impl:WebSocketProtocol",
    "websockets-sansio": f"{_WS}.websockets_sansio_impl:WebSocketsSansIOProtocol",
    "wsproto": f"{_WS}.wsproto_impl:WSProtocol",
}
"""What ``ws`` may be; all but ``none`` mean the engine."""


class Implementation:
    """The name of an implementation of uvicorn's."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:  # noqa: ARG002 - uvicorn's
        name = type(self).__name__
        raise NotImplementedError(
            f"{name} is a name to give to Config: connections are handled by Jebi's engine, and "
            "there is no protocol class that could be driven"
        )


def check(name: str, value: Any, known: Mapping[str, str | None]) -> None:
    """See that a setting names a protocol, and not somebody's own implementation of one.

    Raises:
        CannotStart: It does not, and would be without effect.
    """
    if value is None and "none" in known:
        return
    if isinstance(value, type) and value.__module__.startswith(f"{__name__}."):
        return
    if isinstance(value, str):
        module, _, _ = value.replace("uvicorn.protocols", __name__).partition(":")
        if value in known or module in {
            place.partition(":")[0] for place in known.values() if place
        }:
            return
    raise CannotStart(
        f"{name}={value!r} is no protocol of this server's, which are its own: leave it out, or "
        f"choose one of {', '.join(known)}"
    )
