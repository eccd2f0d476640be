"""Where the server listens."""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Any

from jebi.server.settings.declaration import setting


@dataclass(init=False, eq=False, repr=False)
class Sockets:
    """The application, and the addresses at which it is served."""

    app: Callable[..., Any] | str
    host: str = setting("127.0.0.1", help="Listen on this address.")
    port: int = setting(
        8000, help="Listen on this port; 0 takes a free one.", minimum=0, maximum=65535
    )
    uds: str | None = setting(
        None, help="Listen on a UNIX domain socket instead.", metavar="PATH", path="new"
    )
    fd: int | None = setting(None, help="Use this inherited, listening socket instead.", minimum=0)
    _: KW_ONLY
    bind: list[str] | str | None = setting(
        None,
        help="Listen here instead: HOST:PORT, [IPV6]:PORT, :PORT, unix:PATH or fd://NUMBER; "
        "may be repeated.",
        metavar="ADDRESS",
    )
    uds_permissions: str | None = setting(
        None,
        help="The permissions of UNIX sockets, in octal.",
        metavar="MODE",
        shown="666",
    )
    reuse_port: bool = setting(
        False, help="Share the ports with other servers that do so too (SO_REUSEPORT)."
    )
