"""The ASGI messages that responses are sent as."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, MutableMapping
    from typing import Any

    from jebi.web.types import Message


def start(status: int, headers: list[tuple[bytes, bytes]]) -> Message:
    """The head."""
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(content: bytes | memoryview, *, more: bool) -> Message:
    """A piece of the body, the last one unless there is ``more``."""
    return {"type": "http.response.body", "body": content, "more_body": more}


def is_last(message: Message) -> bool:
    """Whether a message ends an answer."""
    kind = message["type"]
    if kind == "http.response.body":
        return not message.get("more_body", False)
    return bool(kind == "http.response.pathsend")


async def pieces(
    messages: AsyncIterable[Message],
) -> AsyncGenerator[bytes | MutableMapping[str, Any], None]:
    """The body that messages bring, in pieces; a whole message is a path to send."""
    async for message in messages:
        if message["type"] == "http.response.pathsend":
            yield message
            return
        assert message["type"] == "http.response.body", f"Unexpected message: {message}"
        if chunk := message.get("body", b""):
            yield chunk
        if not message.get("more_body", False):
            return
