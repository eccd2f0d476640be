"""Requests as bytes, sent both ways, and the comparison of the answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.connection.peers import Served


def get(target: str, *headers: str, method: str = "GET") -> bytes:
    """A request without a body."""
    lines = [f"{method} {target} HTTP/1.1", "host: test", *headers, "", ""]
    return "\r\n".join(lines).encode()


def send(method: str, target: str, body: Any, kind: str = "application/json") -> bytes:
    """A request with a body: bytes as they are, anything else as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = [
        f"{method} {target} HTTP/1.1",
        "host: test",
        *([f"content-type: {kind}"] if kind else []),
        f"content-length: {len(content)}",
        "",
        "",
    ]
    return "\r\n".join(head).encode() + content


def whole_answer(served: Served, request: bytes) -> bytes:
    """Every byte up to the end of a connection that carries one request."""
    head, _, rest = request.partition(b"\r\n\r\n")
    with served.connect() as client:
        client.send(head + b"\r\nconnection: close\r\n\r\n" + rest)
        return client.rest()


def compare(
    native: Served,
    asgi: Served,
    requests: Sequence[bytes],
    mask: Callable[[bytes], bytes] = bytes,
) -> list[bytes]:
    """Sends every request both ways; the answers, once they turned out to be the same.

    ``mask`` takes out of an answer what is never the same twice.
    """
    assert len(set(requests)) == len(requests), "a request stands there twice"
    answers, different = [], []
    for request in requests:
        one, two = (mask(whole_answer(served, request)) for served in (native, asgi))
        assert two.startswith(b"HTTP/1.1 "), request
        answers.append(one)
        if one != two:
            different.append(f"{request!r}\n  native {one!r}\n  asgi   {two!r}")
    assert not different, "\n".join(["", *different])
    return answers
