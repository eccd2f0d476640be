"""The asynchronous test client: requests through the engine, in the loop of the test."""

from __future__ import annotations

import asyncio
import json
import traceback
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import trio

import jebi.loop
from jebi import FastAPI
from jebi.web.applications import Starlette
from jebi.web.background import BackgroundTask
from jebi.web.middleware import Middleware
from jebi.web.middleware.gzip import GZipMiddleware
from jebi.web.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from jebi.web.routing import Mount, Route, Router
from jebi.web.testclient import Transport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from jebi.web.requests import Request
    from jebi.web.types import Receive, Scope, Send

ended: list[str] = []


async def scope_of(request: Request) -> Response:
    keys = ("path", "raw_path", "query_string", "client", "server", "root_path", "scheme", "type")
    values = [request.scope[key] for key in keys]
    shown = [value.decode() if isinstance(value, bytes) else value for value in values]
    return JSONResponse([*shown, request.scope["http_version"], request.state._state])


async def echo(request: Request) -> Response:
    return Response(await request.body(), headers={"x-method": request.method})


async def words(request: Request) -> Response:
    async def three() -> AsyncIterator[str]:
        for word in ("one", "two", "three"):
            await asyncio.sleep(0)
            yield word

    return StreamingResponse(three())


async def endless(request: Request) -> Response:
    async def forever() -> AsyncIterator[bytes]:
        try:
            while True:
                await asyncio.sleep(0)
                yield b"x" * 1000
        finally:
            ended.append("endless")

    return StreamingResponse(forever())


async def later(request: Request) -> Response:
    async def task() -> None:
        await asyncio.sleep(0.01)
        ended.append("task")

    return PlainTextResponse("now", background=BackgroundTask(task))


def broken(request: Request) -> Response:
    raise LookupError("on purpose")


async def breaks_off(request: Request) -> Response:
    async def one() -> AsyncIterator[bytes]:
        yield b"x"
        raise LookupError("late")

    return StreamingResponse(one(), headers={"content-length": "2"})


async def stack(request: Request) -> Response:
    frames = traceback.extract_stack()
    return JSONResponse([frame.name for frame in frames if "/jebi/web/" in frame.filename])


def application(**options: Any) -> Starlette:
    functions = [scope_of, echo, words, endless, later, broken, breaks_off, stack]
    methods = ["GET", "POST"]
    routes = [Route(f"/{function.__name__}", function, methods=methods) for function in functions]
    return Starlette(routes=[*routes, Mount("/inner", Router(routes))], **options)


LOOPS: list[Callable[[], asyncio.AbstractEventLoop]] = [
    jebi.loop.new_event_loop,
    asyncio.new_event_loop,
]
FORMS: list[dict[str, Any]] = [{}, {"middleware": [Middleware(GZipMiddleware)]}]
everywhere = pytest.mark.parametrize("loop", LOOPS, ids=["engine", "asyncio"])
in_each_form = pytest.mark.parametrize("options", FORMS, ids=["native", "asgi"])


def run(
    test: Callable[[httpx2.AsyncClient], Awaitable[Any]],
    loop: Callable[[], asyncio.AbstractEventLoop],
    app: Any,
    **options: Any,
) -> Any:
    async def main() -> Any:
        transport = Transport(app, **options)
        async with httpx2.AsyncClient(transport=transport, base_url="https://h:1") as client:
            return await test(client)

    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(main())


@everywhere
@in_each_form
def test_the_scope_is_a_servers(loop: Any, options: Any) -> None:
    async def test(client: httpx2.AsyncClient) -> Any:
        return (await client.get("/scope_of?q=%20")).json()

    shown = run(
        test,
        loop,
        application(**options),
        root_path="/r",
        client=("c", 2),
        state={"from": "lifespan"},
    )
    assert shown == [
        "/scope_of", "/scope_of", "q=%20", ["c", 2], ["h", 1], "/r", "https", "http", "1.1",
        {"from": "lifespan"},
    ]  # fmt: skip


@everywhere
@in_each_form
def test_requests_and_answers(loop: Any, options: Any) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b"a", b"", b"bc"):
            yield piece

    async def test(client: httpx2.AsyncClient) -> None:
        answer = await client.post("/echo", content=b"x" * 200_000)
        assert (answer.content, answer.headers["x-method"]) == (b"x" * 200_000, "POST")
        assert (await client.post("/echo", content=pieces())).content == b"abc"
        head = await client.head("/inner/words")
        assert (head.status_code, head.content) == (200, b"")
        assert (await client.get("/nowhere")).status_code == 404
        assert (await client.delete("/echo")).headers["allow"] == "GET, HEAD, POST"
        assert "date" not in head.headers
        answers = await asyncio.gather(*(client.get("/words") for _ in range(5)))
        assert {answer.text for answer in answers} == {"onetwothree"}

    run(test, loop, application(**options))


@everywhere
@in_each_form
def test_what_the_application_raises_is_raised(loop: Any, options: Any) -> None:
    async def test(client: httpx2.AsyncClient) -> None:
        for path in ("/broken", "/inner/broken"):
            with pytest.raises(LookupError, match="on purpose"):
                await client.get(path)

    async def quiet(client: httpx2.AsyncClient) -> int:
        return (await client.get("/broken")).status_code

    run(test, loop, application(**options))
    assert run(quiet, loop, application(**options), raise_app_exceptions=False) == 500


@everywhere
@in_each_form
def test_the_answer_comes_after_its_background_tasks(loop: Any, options: Any) -> None:
    ended.clear()

    async def test(client: httpx2.AsyncClient) -> None:
        assert (await client.get("/later")).text == "now"
        assert ended == ["task"]

    run(test, loop, application(**options))


@in_each_form
def test_a_stream_can_be_left(options: Any) -> None:
    ended.clear()

    async def test(client: httpx2.AsyncClient) -> None:
        async with client.stream("GET", "/endless") as response:
            async for piece in response.aiter_raw():
                assert piece
                break
        while not ended:
            await asyncio.sleep(0)

    run(test, LOOPS[0], application(**options))


@in_each_form
def test_an_answer_that_breaks_off_is_an_error(options: Any) -> None:
    async def test(client: httpx2.AsyncClient) -> None:
        with pytest.raises((httpx2.RemoteProtocolError, LookupError)):
            await client.get("/breaks_off")

    run(test, LOOPS[0], application(**options))


def test_it_is_the_engine() -> None:
    """A native application's functions are called by the engine, without routers in between."""

    async def test(client: httpx2.AsyncClient) -> Any:
        return (await client.get("/stack")).json()

    assert "__call__" not in run(test, LOOPS[0], application())
    assert run(test, LOOPS[1], application()).count("__call__") > 2


def test_the_framework_runs_by_its_plans() -> None:
    app = FastAPI()

    @app.get("/items/{n}")
    async def item(n: int) -> Any:
        return n

    async def test(client: httpx2.AsyncClient) -> None:
        assert (await client.get("/items/7")).json() == 7
        assert (await client.get("/items/x")).status_code == 422
        app.dependency_overrides[test] = test
        assert (await client.get("/items/8")).json() == 8

    run(test, LOOPS[0], app)


def test_no_answer_is_an_error() -> None:
    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        """Says nothing."""

    async def test(client: httpx2.AsyncClient) -> int:
        return (await client.get("/")).status_code

    # As from a server.
    assert run(test, LOOPS[0], silent) == 500


def test_under_trio_the_application_is_called() -> None:
    async def where(request: Request) -> Response:
        await trio.lowlevel.checkpoint()
        return JSONResponse([request.client, request.scope["state"]])

    async def main() -> Any:
        transport = Transport(Starlette(routes=[Route("/", where)]), state={"a": 1})
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            return (await client.get("/")).json()

    assert trio.run(main) == [["testclient", 50000], {"a": 1}]


def test_what_is_noted_does_not_show() -> None:
    async def keys(scope: Scope, receive: Receive, send: Send) -> None:
        await JSONResponse(sorted(scope))(scope, receive, send)

    async def test(client: httpx2.AsyncClient) -> Any:
        return json.loads((await client.get("/")).content)

    assert [key for key in run(test, LOOPS[0], keys) if "jebi" in key] == []
