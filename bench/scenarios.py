"""What is asked of every server, and what it must answer before it is timed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

HELLO = {"message": "Hello, World!"}
ORDER = {
    "customer": {"name": "Mina", "email": "mina@example.com"},
    "items": [
        {"name": "burger", "price": 9.5, "quantity": 2},
        {"name": "fries", "price": 3.25},
        {"name": "cola", "price": 2.75, "quantity": 3},
    ],
    "note": "no onions",
}
ROWS = [
    {"id": number, "name": f"row {number}", "price": number * 0.5, "active": number % 2 == 0}
    for number in range(1000)
]

INVALID = {
    "detail": [
        {
            "type": "int_parsing",
            "loc": [place, name],
            "msg": "Input should be a valid integer, unable to parse string as an integer",
            "input": given,
        }
        for place, name, given in (("path", "item_id", "forty-two"), ("query", "limit", "many"))
    ]
}

BROWSER = {
    "accept": "application/json",
    "accept-language": "en",
    "origin": "https://example.com",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64) bench",
}

BIG = bytes(range(256)) * 4 * 1024 * 10


@dataclass(frozen=True)
class Scenario:
    """One kind of request.

    ``status`` comes with ``answer``, which is the JSON document every server must give, text for a
    plain answer, or bytes for a file. ``load`` is what asks: ``wrk``, ``h2load`` (HTTP/2 by prior
    knowledge), ``websocket`` or, with several messages under way on each connection,
    ``websockets``.
    """

    name: str
    title: str
    path: str
    answer: Any
    method: str = "GET"
    body: bytes = b""
    connections: int = 64
    headers: dict[str, str] = field(default_factory=dict)
    load: str = "wrk"
    status: int = 200

    @property
    def is_error(self) -> bool:
        """Whether the right answer is an error's."""
        return self.status >= 400

    def accepts(self, status: int, content: bytes) -> bool:
        """Whether an answer is the right one."""
        if status != self.status:
            return False
        if isinstance(self.answer, str):
            return content == self.answer.encode()
        if isinstance(self.answer, bytes):
            return content == self.answer
        try:
            return bool(json.loads(content) == self.answer)
        except ValueError:
            return False


SCENARIOS = (
    Scenario("plaintext", "plaintext", "/plaintext", "Hello, World!"),
    Scenario("json", "JSON, async def", "/json", HELLO),
    Scenario(
        "typed",
        "typed path and query",
        "/items/42?q=widget&limit=25",
        {"item_id": 42, "q": "widget", "limit": 25},
    ),
    Scenario(
        "post",
        "POST, nested model",
        "/orders",
        {"customer": "Mina", "lines": 3, "total": 30.5},
        method="POST",
        body=json.dumps(ORDER).encode(),
        headers={"content-type": "application/json"},
    ),
    Scenario("def", "def handler", "/def", HELLO),
    Scenario("dependencies", "4 nested dependencies", "/dependencies", {"value": 4}),
    Scenario("sleep", "10 ms sleep, 256 conns", "/sleep", HELLO, connections=256),
    Scenario("list", "1,000-item list", "/list", ROWS),
    Scenario(
        "invalid",
        "two invalid parameters, 422",
        "/items/forty-two?limit=many",
        INVALID,
        status=422,
    ),
    Scenario("asgi", "raw ASGI", "/plaintext", "Hello, World!"),
    Scenario("asgi-logged", "raw ASGI, as users start it", "/plaintext", "Hello, World!"),
    Scenario("websocket", "WebSocket echo, 64 B", "/plaintext", "Hello, World!", load="websocket"),
    Scenario(
        "websockets",
        "WebSocket echo, 64 B, 8 at a time",
        "/plaintext",
        "Hello, World!",
        load="websockets",
    ),
    Scenario("http2", "HTTP/2", "/plaintext", "Hello, World!", load="h2load"),
    Scenario("static", "static file, 10 MiB", "/static/big.bin", BIG, connections=8),
    Scenario("workers", "raw ASGI on both cores", "/plaintext", "Hello, World!"),
    Scenario("middleware", "five middlewares, JSON", "/json", HELLO, headers=BROWSER),
    Scenario("session", "five middlewares, session", "/session", HELLO, headers=BROWSER),
)
