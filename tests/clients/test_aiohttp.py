"""aiohttp's client and server, both on the loop under test."""

from __future__ import annotations

import asyncio
import hashlib
import io
import socket
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web

from tests.clients.http_server import BIG, echo, serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.clients.certificates import Certificate

pytestmark = pytest.mark.anyio


async def test_requests_and_answers() -> None:
    async with serve(web.route("*", "/", echo)) as url, aiohttp.ClientSession(url) as session:
        for method in ("GET", "POST", "PUT", "DELETE"):
            async with session.request(method, "/", data=b"hello") as response:
                assert (response.status, response.headers["Asked"]) == (200, method)
                assert await response.read() == b"hello"
        async with session.get("/nowhere") as response:
            assert response.status == 404


async def test_connections_are_kept_and_shared() -> None:
    peers: set[object] = set()

    async def who(request: web.Request) -> web.Response:
        assert request.transport is not None
        peers.add(request.transport.get_extra_info("peername"))
        await asyncio.sleep(0)
        return web.json_response({"number": int(request.query["number"])})

    async with serve(web.get("/", who)) as url:
        connector = aiohttp.TCPConnector(limit=7)
        async with aiohttp.ClientSession(url, connector=connector) as session:

            async def ask(number: int) -> int:
                async with session.get("/", params={"number": number}) as response:
                    value: int = (await response.json())["number"]
                    return value

            assert await asyncio.gather(*map(ask, range(500))) == list(range(500))
    assert len(peers) <= 7


async def test_big_bodies_both_ways() -> None:
    async with serve(web.post("/", echo)) as url, aiohttp.ClientSession(url) as session:
        answers = await asyncio.gather(*(session.post("/", data=io.BytesIO(BIG)) for _ in range(3)))
        for response in answers:
            assert await response.read() == BIG


async def test_streams_both_ways() -> None:
    """Chunks arrive while the next are not sent yet."""
    digest = hashlib.sha256()

    async def reverse(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        async for chunk, _ in request.content.iter_chunks():
            await response.write(chunk[::-1])
        await response.write_eof()
        return response

    async with serve(web.post("/", reverse)) as url, aiohttp.ClientSession(url) as session:
        heard: asyncio.Queue[bytes] = asyncio.Queue()

        async def speak() -> AsyncIterator[bytes]:
            for number in range(100):
                yield b"%03d" % number
                digest.update(await heard.get())

        async with session.post("/", data=speak()) as response:
            async for chunk in response.content.iter_any():
                heard.put_nowait(chunk)
    expected = b"".join((b"%03d" % number)[::-1] for number in range(100))
    assert digest.digest() == hashlib.sha256(expected).digest()


async def test_a_slow_reader_holds_the_writer_up() -> None:
    written = 0
    held_up = asyncio.Event()

    async def pour(request: web.Request) -> web.StreamResponse:
        nonlocal written
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(400):
            writing = asyncio.ensure_future(response.write(BIG[:100_000]))
            await asyncio.sleep(0)
            if not writing.done():
                held_up.set()
            await writing
            written += 100_000
        return response

    async with (
        serve(web.get("/", pour)) as url,
        aiohttp.ClientSession(url) as session,
        session.get("/") as response,
    ):
        await held_up.wait()
        assert written < 40_000_000
        size = 0
        async for chunk in response.content.iter_any():
            size += len(chunk)
    assert size == written == 40_000_000


async def test_files_are_sent(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(BIG)

    async def send(request: web.Request) -> web.FileResponse:
        return web.FileResponse(tmp_path / "big")

    async with serve(web.get("/", send)) as url, aiohttp.ClientSession(url) as session:
        async with session.get("/") as response:
            assert await response.read() == BIG
        async with session.get("/", headers={"Range": "bytes=1000-1999"}) as response:
            assert (response.status, await response.read()) == (206, BIG[1000:2000])


async def test_a_client_that_goes_cancels_the_handler() -> None:
    began, cancelled = asyncio.Event(), asyncio.Event()

    async def wait(request: web.Request) -> web.Response:
        began.set()
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return web.Response()

    async with serve(web.get("/", wait)) as url, aiohttp.ClientSession(url) as session:
        asking = asyncio.ensure_future(session.get("/"))
        await began.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await cancelled.wait()


async def test_a_timeout() -> None:
    async def wait(request: web.Request) -> web.Response:
        await asyncio.sleep(1000)
        return web.Response()

    async with serve(web.get("/", wait)) as url, aiohttp.ClientSession(url) as session:
        with pytest.raises(TimeoutError):
            await session.get("/", timeout=aiohttp.ClientTimeout(total=0.05))


async def test_a_server_that_resets_in_the_middle() -> None:
    async def reset(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"begun")
        assert request.transport is not None
        request.transport.abort()
        return response

    async with (
        serve(web.get("/", reset)) as url,
        aiohttp.ClientSession(url) as session,
        session.get("/") as response,
    ):
        with pytest.raises(aiohttp.ClientError):
            await response.read()


async def test_a_server_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"http://127.0.0.1:{port}/")


def chat(codes: asyncio.Queue[int | None]) -> web.RouteDef:
    """Says everything back; "bye" ends it, and how it ended is told."""

    async def handle(request: web.Request) -> web.WebSocketResponse:
        connection = web.WebSocketResponse(max_msg_size=0)
        await connection.prepare(request)
        async for message in connection:
            if message.type is aiohttp.WSMsgType.BINARY:
                await connection.send_bytes(message.data)
            elif message.data == "bye":
                await connection.close(code=4000, message=b"bye")
            else:
                await connection.send_str(message.data)
        codes.put_nowait(connection.close_code)
        return connection

    return web.get("/chat", handle)


async def test_websockets() -> None:
    codes: asyncio.Queue[int | None] = asyncio.Queue()
    async with serve(chat(codes)) as url, aiohttp.ClientSession(url) as session:
        async with session.ws_connect("/chat", max_msg_size=0) as connection:
            await asyncio.gather(*(connection.send_str(str(n)) for n in range(500)))
            heard = [int(await connection.receive_str()) for _ in range(500)]
            assert heard == list(range(500))
            await connection.send_bytes(BIG)
            assert await connection.receive_bytes() == BIG
            await connection.send_str("bye")
            message = await connection.receive()
            assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 4000)
        assert await codes.get() == 1000  # how aiohttp answers a close, whatever its code
        async with session.ws_connect("/chat") as connection:
            assert await connection.close(code=4001)
        assert await codes.get() == 4001


async def test_tls(certificate: Certificate) -> None:
    server, client = certificate.for_servers(), certificate.for_clients()
    routes = web.post("/", echo), chat(asyncio.Queue())
    async with serve(*routes, ssl_context=server) as url:
        connector = aiohttp.TCPConnector(ssl=client, limit=4)
        async with aiohttp.ClientSession(url, connector=connector) as session:

            async def ask() -> bytes:
                async with session.post("/", data=io.BytesIO(BIG)) as response:
                    return await response.read()

            assert await asyncio.gather(*(ask() for _ in range(8))) == [BIG] * 8
            async with session.ws_connect("/chat", max_msg_size=0) as connection:
                await connection.send_bytes(BIG)
                assert await connection.receive_bytes() == BIG
        async with aiohttp.ClientSession(url) as session:
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await session.get("/chat")


async def test_a_unix_socket(tmp_path: Path) -> None:
    application = web.Application(client_max_size=2 * len(BIG))
    application.add_routes([web.post("/", echo)])
    runner = web.AppRunner(application)
    await runner.setup()
    path = str(tmp_path / "socket")
    await web.UnixSite(runner, path).start()
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(path)) as session,
        session.post("http://localhost/", data=io.BytesIO(BIG)) as response,
    ):
        assert await response.read() == BIG
    await runner.cleanup()
