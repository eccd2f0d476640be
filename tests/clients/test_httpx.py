"""httpx, by way of httpcore and AnyIO, against aiohttp's server on the same loop."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from aiohttp import web

from tests.clients.http_server import BIG, echo, serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.clients.certificates import Certificate

pytestmark = pytest.mark.anyio


def connect(url: str, **options: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, timeout=20, **options)


async def test_requests_and_answers() -> None:
    async with (
        serve(web.route("*", "/", echo)) as url,
        connect(url) as client,
    ):
        for method in ("GET", "POST", "PUT", "DELETE"):
            response = await client.request(method, "/", content=b"hello")
            assert (response.status_code, response.headers["Asked"]) == (200, method)
            assert response.content == b"hello"


async def test_a_pool_under_load() -> None:
    async with serve(web.post("/", echo)) as url:
        limits = httpx.Limits(max_connections=7)
        async with httpx.AsyncClient(base_url=url, limits=limits, timeout=20) as client:
            texts = [str(number) for number in range(200)]
            answers = await asyncio.gather(*(client.post("/", content=text) for text in texts))
            assert [answer.text for answer in answers] == texts


async def test_streams_both_ways() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(BIG), 100_000):
            yield BIG[start : start + 100_000]

    async with (
        serve(web.post("/", echo)) as url,
        connect(url) as client,
    ):
        received = bytearray()
        async with client.stream("POST", "/", content=pieces()) as response:
            async for chunk in response.aiter_raw():
                received += chunk
    assert received == BIG


async def test_timeouts_and_cancellation() -> None:
    waiting: asyncio.Queue[str] = asyncio.Queue()

    async def wait(request: web.Request) -> web.Response:
        waiting.put_nowait(request.path)
        await asyncio.sleep(1000)
        return web.Response()

    routes = web.get("/late", wait), web.get("/cancelled", wait)
    async with serve(*routes) as url, connect(url) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/late", timeout=httpx.Timeout(20, read=0.05))
        asking = asyncio.ensure_future(client.get("/cancelled", timeout=None))
        assert [await waiting.get() for _ in range(2)] == ["/late", "/cancelled"]
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking


async def test_connections_that_fail() -> None:
    async def reset(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    async with serve(web.get("/", reset)) as url, httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(nobody)
        with pytest.raises(httpx.RemoteProtocolError, match="disconnected"):
            await client.get(url)


async def test_tls(certificate: Certificate) -> None:
    options = {"ssl_context": certificate.for_servers()}
    async with serve(web.post("/", echo), **options) as url:
        async with connect(url, verify=certificate.for_clients()) as client:
            answers = await asyncio.gather(*(client.post("/", content=BIG) for _ in range(4)))
            assert [answer.content for answer in answers] == [BIG] * 4
        async with connect(url) as client:
            with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
                await client.get("/")
