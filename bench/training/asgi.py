"""An ASGI application by itself, as other frameworks make them."""

from __future__ import annotations

from typing import Any


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer requests, and talk over WebSockets."""
    if scope["type"] == "websocket":
        await talk(receive, send)
    elif scope["type"] == "http":
        await answer(scope, receive, send)


async def answer(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Send the body back, a longer one in two messages."""
    body = b"Hello."
    if scope["method"] == "POST":
        message = {"more_body": True}
        body = b""
        while message["more_body"]:
            message = await receive()
            body += message["body"]
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    if len(body) > 1000:
        await send({"type": "http.response.body", "body": body[:1000], "more_body": True})
        body = body[1000:]
    await send({"type": "http.response.body", "body": body})


async def talk(receive: Any, send: Any) -> None:
    """Send every message back."""
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        if message.get("text") is not None:
            await send({"type": "websocket.send", "text": message["text"]})
        else:
            await send({"type": "websocket.send", "bytes": message["bytes"]})
