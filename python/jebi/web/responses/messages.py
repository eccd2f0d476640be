"""The ASGI messages that responses are sent as."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jebi.web.types import Message


def start(status: int, headers: list[tuple[bytes, bytes]]) -> Message:
    """The head."""
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(content: bytes | memoryview, *, more: bool) -> Message:
    """A piece of the body, the last one unless there is ``more``."""
    return {"type": "http.response.body", "body": content, "more_body": more}
