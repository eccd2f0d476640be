"""WebSockets."""

from dataclasses import KW_ONLY, dataclass
from typing import Any

from jebi.server.settings.declaration import setting


@dataclass(init=False, eq=False, repr=False)
class WebSockets:
    """Whether WebSockets are spoken, and their limits."""

    ws: Any = setting(
        "auto",
        help="Whether WebSockets are spoken; uvicorn's names of implementations mean yes.",
        metavar="auto|none",
    )
    ws_max_size: int = setting(
        16 * 1024 * 1024,
        help="The longest WebSocket message, in bytes after decompression.",
        minimum=1,
    )
    ws_max_queue: int = setting(
        32, help="How many messages may wait for the application.", minimum=1
    )
    ws_ping_interval: float | None = setting(
        20.0,
        help="Ask a silent WebSocket client every so many seconds whether it is there; 0 never.",
        minimum=0,
    )
    ws_ping_timeout: float | None = setting(
        20.0, help="Close if it does not answer within so many seconds; 0 never.", minimum=0
    )
    ws_per_message_deflate: bool = setting(
        True, help="Compress WebSocket messages for clients that offer it.", switch=False
    )
    _: KW_ONLY
