"""The least an ASGI application can do: what the server itself costs."""

from typing import Any

PLAIN = b"Hello, World!"
JSON = b'{"message":"Hello, World!"}'


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer two paths with prepared bytes; send WebSocket messages back."""
    if scope["type"] == "websocket":
        return await echo(receive, send)
    if scope["type"] != "http":
        return None
    plain = scope["path"] == "/plaintext"
    body = PLAIN if plain else JSON
    kind = b"text/plain; charset=utf-8" if plain else b"application/json"
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    return await send({"type": "http.response.body", "body": body})


async def echo(receive: Any, send: Any) -> None:
    """Send every text back."""
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})
