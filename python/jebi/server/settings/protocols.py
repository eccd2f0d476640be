"""What is spoken on a connection."""

from dataclasses import KW_ONLY, dataclass
from typing import Any

from jebi.server.settings.declaration import setting


@dataclass(eq=False, repr=False)
class Protocols:
    """HTTP's versions. The names of uvicorn's implementations are taken: there is one here."""

    loop: str = setting("auto", help="Accepted: the event loop is Jebi's.", hidden=True)
    http: Any = setting("auto", help="Accepted: the HTTP parser is Jebi's.", hidden=True)
    http2: bool = setting(False, help="Speak HTTP/2.", hidden=True)
    _: KW_ONLY
