"""A thousand requests with random mistakes: whatever they do, the server lives on."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.connection.peers import Client, Served, echo

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Served]

VALID = [
    b"GET /items?q=1&r=%20 HTTP/1.1\r\nHost: test\r\nAccept: */*\r\nCookie: a=b\r\n\r\n",
    b"POST /items HTTP/1.1\r\nHost: test\r\nContent-Length: 11\r\n\r\nhello world",
    b"PUT /x HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok",
    b"HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"GET http://test/abs HTTP/1.1\r\nHost: test\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
]


def mutate(chance: random.Random, request: bytes) -> bytes:
    mutated = bytearray(request)
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        place = chance.randrange(len(mutated))
        match chance.randrange(5):
            case 0:
                mutated[place] = chance.randrange(256)
            case 1:
                mutated[place] ^= 1 << chance.randrange(8)
            case 2:
                del mutated[place : place + chance.randrange(1, 6)]
            case 3:
                mutated[place:place] = chance.randbytes(chance.randrange(1, 6))
            case _:
                copied = mutated[place : place + chance.randrange(1, 40)]
                mutated[place:place] = copied
        if not mutated:
            return request
    return bytes(mutated)


def statuses(received: bytes) -> list[int]:
    """The statuses in a stream of answers, without trusting their bodies."""
    lines = received.split(b"HTTP/1.1 ")[1:]
    return [int(line[:3]) for line in lines]


def check(client: Client, request: bytes) -> None:
    client.send(request)
    client.finish()
    received = client.rest()
    assert not received or received.startswith(b"HTTP/1.1 "), (request, received)
    for status in statuses(received):
        assert status < 500, (request, received)


@pytest.mark.parametrize("seed", range(10))
def test_the_server_survives_and_never_blames_itself(serve: Serve, seed: int) -> None:
    chance = random.Random(seed)
    served = serve(tolerant)
    for _ in range(100):
        request = mutate(chance, chance.choice(VALID))
        with served.connect() as client:
            check(client, request)
    assert served.ask().status == 200
    assert served.on_loop(lambda: served.server.requests_in_flight) == 0


async def tolerant(scope: object, receive: object, send: object) -> None:
    """Echoes, unless the client leaves in the middle of its body."""
    try:
        await echo(scope, receive, send)
    except AssertionError:
        return
