"""Applications that do anything in any order: what leaves is HTTP, or the connection ends."""

from __future__ import annotations

import asyncio
import logging
import random
from typing import TYPE_CHECKING, Any

import pytest

from tests.connection.peers import Client, Served, body, start

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Served]

LENGTHS = (0, 3, 5, 20_000, 40_000)


class Chaotic:
    """Behaves as the seed in the query string says."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        chance = random.Random(int(scope["query_string"]))
        keeps_on = chance.random() < 0.5
        if chance.random() < 0.5:
            await receive()
        for _ in range(chance.randrange(6)):
            if chance.random() < 0.2:
                await asyncio.sleep(0)
            try:
                await send(self.message(chance))
            except RuntimeError:
                if not keeps_on:
                    raise

    def message(self, chance: random.Random) -> dict[str, Any]:
        if chance.random() < 0.6:
            return body(b"z" * chance.choice(LENGTHS), more=chance.random() < 0.6)
        headers = [(b"x", b"y")]
        if chance.random() < 0.5:
            headers.append((b"content-length", str(chance.choice(LENGTHS)).encode()))
        if chance.random() < 0.2:
            headers.append((b"transfer-encoding", b"chunked"))
        if chance.random() < 0.1:
            headers.append((b"connection", b"close"))
        return start(chance.choice((200, 200, 200, 204, 304, 404, 500)), headers)


def request(chance: random.Random) -> tuple[bytes, bool]:
    """A valid request, and whether it is a HEAD."""
    method = chance.choice(("GET", "POST", "HEAD"))
    version = chance.choice(("1.1", "1.1", "1.0"))
    line = f"{method} /?{chance.randrange(10**9)} HTTP/{version}\r\n"
    rest = "Content-Length: 4\r\n\r\nabcd" if method == "POST" else "\r\n"
    return f"{line}Host: test\r\nConnection: keep-alive\r\n{rest}".encode(), method == "HEAD"


def converse(client: Client, chance: random.Random) -> None:
    for _ in range(5):
        sent, is_head = request(chance)
        client.send(sent)
        answer = client.answer(head_only=is_head)
        assert set(answer.body) <= set(b"z") or answer.body == b"Internal Server Error"
        if answer.get("connection") == "close":
            assert client.is_closed()
            return


@pytest.mark.parametrize("seed", range(5))
def test_what_leaves_is_http(serve: Serve, caplog: pytest.LogCaptureFixture, seed: int) -> None:
    caplog.set_level(logging.CRITICAL, "jebi.error")
    chance = random.Random(seed)
    served = serve(Chaotic())
    whole = 0
    for _ in range(100):
        with served.connect() as client:
            try:
                converse(client, chance)
            except OSError:
                continue
            except AssertionError as error:
                assert "closed in the middle" in str(error)  # noqa: PT017 - a cut is an answer
                continue
            whole += 1
    assert whole > 50
    assert served.on_loop(lambda: served.server.requests_in_flight) == 0
