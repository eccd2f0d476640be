"""What the application answers, on its way through ``BaseHTTPMiddleware``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anyio

from jebi.web.background import BackgroundTask
from jebi.web.middleware.gzip import GZipMiddleware
from jebi.web.requests import Request
from jebi.web.responses import PlainTextResponse, Response, StreamingResponse
from tests.connection.peers import GET, Served, body, start, with_length
from tests.web.below.applications import behind, passing, plain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def test_what_comes_after_the_answer_comes_after_the_answer(wait: Any) -> None:
    events: list[str] = []
    over = asyncio.Event()

    async def work() -> None:
        await wait()
        events.append("background")
        over.set()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await wait()
        await PlainTextResponse("plain", background=BackgroundTask(work))(scope, receive, send)
        events.append("left")

    async def dispatch(request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        await asyncio.sleep(0)
        events.append("dispatched")
        return response

    def watched(app: Any) -> Any:
        async def watch(scope: Any, receive: Any, send: Any) -> None:
            async def watching_send(message: Any) -> None:
                events.append(message["type"].rpartition(".")[2])
                await send(message)

            await app(scope, receive, watching_send)
            events.append("over")

        return watch

    with Served(watched(behind(app, dispatch))) as served:
        served.ask()
        served.wait_for(over.wait)
        served.ask()  # behind what the first one left
    assert events[:6] == ["dispatched", "start", "body", "background", "left", "over"]


def test_a_whole_answer_stays_whole() -> None:
    big = b"x" * 2000

    async def app(scope: Any, receive: Any, send: Any) -> None:
        content = big if scope["path"] == "/big" else b"short"
        await Response(content, media_type="text/plain")(scope, receive, send)

    accepting = b" HTTP/1.1\r\nHost: test\r\nAccept-Encoding: gzip\r\n\r\n"
    with Served(GZipMiddleware(behind(app))) as served:
        short = served.ask(b"GET /" + accepting)
        assert (short.body, short.get("content-encoding")) == (b"short", None)
        long = served.ask(b"GET /big" + accepting)
        assert long.get("content-encoding") == "gzip"
        assert long.get("content-length") == str(len(long.body))


def test_a_stream(wait: Any) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for number in range(4):
            await wait()
            yield b"%d," % number

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await StreamingResponse(pieces())(scope, receive, send)

    async def upper(request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        response.headers["x-seen"] = "yes"
        return response

    with Served(behind(app, upper, passing)) as served, served.connect() as client:
        for _ in range(2):
            assert client.ask().body == b"0,1,2,3,"


def test_a_stream_by_hand(wait: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        for number in range(3):
            await wait()
            await send(body(b"%d" % number, more=True))
        await send(body())

    async def doubled(request: Request, call_next: Any) -> Response:
        response = await call_next(request)
        chunks = [chunk + chunk async for chunk in response.body_iterator]
        return Response(b"".join(chunks))

    with Served(behind(app, doubled)) as served:
        assert served.ask().body == b"001122"


def test_what_is_left_of_a_dropped_answer(wait: Any) -> None:
    messages: list[str] = []
    over = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await wait()
        await send(start())
        for _ in range(3):
            await send(body(b"dropped", more=True))
        messages.append((await receive())["type"])
        over.set()

    async def instead(request: Request, call_next: Any) -> Response:
        await call_next(request)
        return PlainTextResponse("instead")

    with Served(behind(app, instead)) as served:
        assert served.ask().body == b"instead"
        served.wait_for(over.wait)
    assert messages == ["http.disconnect"]


def test_a_wait_for_the_client_ends_with_the_answer() -> None:
    told: list[str] = []
    over = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async with anyio.create_task_group() as group:

            async def listen() -> None:
                while (message := await receive())["type"] != "http.disconnect":
                    pass
                told.append(message["type"])
                group.cancel_scope.cancel()

            group.start_soon(listen)
            await send(start())
            while True:
                await send(body(b"dropped", more=True))
                await asyncio.sleep(0)
        over.set()

    async def instead(request: Request, call_next: Any) -> Response:
        response = await call_next(request)
        await anext(response.body_iterator)
        await response.body_iterator.aclose()
        return PlainTextResponse("instead")

    with Served(behind(app, instead)) as served:
        assert served.ask().body == b"instead"
        served.wait_for(over.wait)
    assert told == ["http.disconnect"]


def test_hints_go_ahead(wait: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await wait()
        await Request(scope, receive, send).send_early_hints("</a.css>; rel=preload")
        await plain(scope, receive, send)

    with Served(behind(app, passing)) as served, served.connect() as client:
        client.send(GET)
        assert client.answer().status == 103
        assert client.answer().body == b"plain"


def test_a_path_to_send(tmp_path: Any) -> None:
    (tmp_path / "file").write_bytes(b"content")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start(200, with_length(b"content")))
        await send({"type": "http.response.pathsend", "path": str(tmp_path / "file")})

    with Served(behind(app, passing)) as served:
        assert served.ask().body == b"content"
