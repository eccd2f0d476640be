"""The least an ASGI application can do: what the server itself costs."""

from typing import Any

PLAIN = b"Hello, World!"
JSON = b'{"message":"Hello, World!"}'


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:  # noqa: ARG001 - ASGI
    """Answer two paths with prepared bytes."""
    if scope["type"] != "http":
        return
    plain = scope["path"] == "/plaintext"
    body = PLAIN if plain else JSON
    kind = b"text/plain; charset=utf-8" if plain else b"application/json"
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
