"""What an application behind ``BaseHTTPMiddleware`` hears of the client."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from jebi.web.requests import Request
from jebi.web.responses import Response
from tests.connection.peers import GET, Served
from tests.web.below.applications import behind, passing, plain

if TYPE_CHECKING:
    from jebi.web.middleware.base import RequestResponseEndpoint

POST = b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\n"


@pytest.mark.parametrize("reads", [True, False])
def test_a_body_is_read_on_both_sides(reads: bool, wait: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await wait()
        content = await Request(scope, receive).body()
        await Response(content)(scope, receive, send)

    async def reading(request: Request, call_next: RequestResponseEndpoint) -> Response:
        if reads:
            assert await request.body() == b"12345"
        return await call_next(request)

    with Served(behind(app, reading, reading)) as served, served.connect() as client:
        assert client.ask(POST + b"12345").body == b"12345"
        client.send(POST)
        client.send(b"123")
        client.send(b"45")
        assert client.answer().body == b"12345"


def test_a_client_that_goes_away(wait: Any) -> None:
    told: list[bool] = []
    over = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await wait()
        request = Request(scope, receive)
        told.append(await request.is_disconnected())
        while (await receive())["type"] != "http.disconnect":
            pass
        told.append(True)
        over.set()
        await plain(scope, receive, send)

    with Served(behind(app, passing, passing)) as served:
        with served.connect() as client:
            client.send(GET)
            served.on_loop(lambda: None)
        served.wait_for(over.wait)
    assert told[-1] is True
