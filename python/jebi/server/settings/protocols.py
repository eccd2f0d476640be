"""What is spoken on a connection."""

from dataclasses import KW_ONLY, dataclass
from typing import Any

from jebi.server.settings.declaration import setting


@dataclass(init=False, eq=False, repr=False)
class Protocols:
    """HTTP's versions. The names of uvicorn's implementations are taken: there is one here."""

    loop: str = setting("auto", help="Accepted: the event loop is Jebi's.", hidden=True)
    http: Any = setting("auto", help="Accepted: the HTTP parser is Jebi's.", hidden=True)
    http2: bool = setting(
        True, help="Speak HTTP/2 with clients that agree on it over TLS, or begin with it."
    )
    _: KW_ONLY
    http2_max_streams: int = setting(
        100,
        help="How many requests an HTTP/2 client may have open at a time.",
        minimum=1,
        maximum=2**31 - 1,
    )
