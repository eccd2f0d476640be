"""``BaseHTTPMiddleware`` in the engine, which runs the application behind it beside it."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import logging
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from jebi.web.applications import Starlette
from jebi.web.background import BackgroundTask
from jebi.web.middleware import Middleware
from jebi.web.middleware._below import Run
from jebi.web.middleware.base import BaseHTTPMiddleware
from jebi.web.middleware.gzip import GZipMiddleware
from jebi.web.requests import Request
from jebi.web.responses import PlainTextResponse, Response, StreamingResponse
from jebi.web.routing import Route
from tests.connection.peers import GET, PATIENCE, Served, body, start, with_length

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from jebi.web.middleware.base import DispatchFunction, RequestResponseEndpoint
    from jebi.web.types import ASGIApp

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="")
POST = b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\n"


async def passing(request: Request, call_next: Any) -> Response:
    response: Response = await call_next(request)
    return response


def behind(app: ASGIApp, *dispatches: DispatchFunction) -> ASGIApp:
    for dispatch in reversed(dispatches or (passing,)):
        app = BaseHTTPMiddleware(app, dispatch=dispatch)
    return app


async def plain(scope: Any, receive: Any, send: Any) -> None:
    await PlainTextResponse("plain")(scope, receive, send)


async def late(scope: Any, receive: Any, send: Any) -> None:
    await asyncio.sleep(0)
    await plain(scope, receive, send)


@pytest.fixture(params=["at once", "after a wait"])
def wait(request: pytest.FixtureRequest) -> Callable[[], Any]:
    """What an application does before it answers: nothing, or it becomes a task."""

    async def at_once() -> None:
        pass

    async def wait() -> None:
        await asyncio.sleep(0)

    return at_once if request.param == "at once" else wait


@pytest.mark.parametrize("app", [plain, late])
def test_many_of_them(app: Any) -> None:
    order: list[str] = []

    def numbered(number: int) -> Callable[[Request, Any], Any]:
        async def dispatch(request: Request, call_next: Any) -> Response:
            order.append(f"+{number}")
            response: Response = await call_next(request)
            order.append(f"-{number}")
            response.headers[f"x-{number}"] = "seen"
            return response

        return dispatch

    with Served(behind(app, *map(numbered, range(5)))) as served, served.connect() as client:
        for _ in range(3):
            order.clear()
            answer = client.ask()
            assert answer.body == b"plain"
            assert answer.get("content-length") == "5"
            assert all(answer.get(f"x-{number}") == "seen" for number in range(5))
            assert order == [*(f"+{n}" for n in range(5)), *(f"-{n}" for n in reversed(range(5)))]


def test_context_variables_are_shared(wait: Any) -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(variable.get())
        variable.set("set below")
        await wait()
        variable.set(variable.get() + " twice")
        await plain(scope, receive, send)

    async def dispatch(request: Request, call_next: Any) -> Response:
        variable.set("set above")
        response: Response = await call_next(request)
        seen.append(variable.get())
        return response

    with Served(behind(app, dispatch, passing)) as served, served.connect() as client:
        for _ in range(2):
            client.ask()
            assert seen == ["set above", "set below twice"]
            seen.clear()


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


def test_an_error_is_the_middlewares_to_catch(wait: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await wait()
        raise ValueError("below")

    async def catching(request: Request, call_next: RequestResponseEndpoint) -> Response:
        try:
            return await call_next(request)
        except ValueError as error:
            return PlainTextResponse(f"caught: {error}")

    async def again(request: Request, call_next: Any) -> Response:
        with pytest.raises(ValueError, match="below"):
            await call_next(request)
        return await catching(request, call_next)

    with Served(behind(app, catching, passing)) as served:
        assert served.ask().body == b"caught: below"
    with Served(behind(app, again)) as served:
        assert served.ask().body == b"caught: below"


def test_no_answer(wait: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await wait()

    with Served(behind(app)) as served:
        assert served.ask().status == 500
    assert "No response returned." in caplog.text


def test_an_error_after_the_answer_goes_up(wait: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await plain(scope, receive, send)
        await wait()
        raise ValueError("too late")

    with caplog.at_level(logging.ERROR), Served(behind(app)) as served:
        assert served.ask().body == b"plain"
        served.ask()
    assert "too late" in caplog.text


def test_the_application_leaves_when_the_middleware_fails(wait: Any) -> None:
    left: list[str] = []

    async def work() -> None:
        left.append("worked")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await wait()
            await PlainTextResponse("never", background=BackgroundTask(work))(scope, receive, send)
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            left.append("cancelled")
            raise

    async def failing(request: Request, call_next: Any) -> Response:
        await call_next(request)
        raise ValueError("above")

    async def catching(scope: Any, receive: Any, send: Any) -> None:
        try:
            await behind(app, failing)(scope, receive, send)
        except ValueError as error:
            await PlainTextResponse(str(error))(scope, receive, send)

    with Served(catching) as served:
        assert served.ask().body == b"above"
    assert left == ["cancelled"]


def test_deadlines_on_both_sides(wait: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        with anyio.move_on_after(PATIENCE):
            async with asyncio.timeout(PATIENCE):
                await wait()
                await plain(scope, receive, send)
                await wait()

    async def bounded(request: Request, call_next: Any) -> Response:
        with anyio.fail_after(PATIENCE):
            async with asyncio.timeout(PATIENCE):
                response: Response = await call_next(request)
        await asyncio.sleep(0)
        return response

    with Served(behind(app, bounded, bounded)) as served, served.connect() as client:
        for _ in range(2):
            assert client.ask().body == b"plain"


def test_a_deadline_ends_the_wait_and_not_the_application() -> None:
    events: list[str] = []
    late, over = asyncio.Event(), asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await late.wait()
        await plain(scope, receive, send)
        events.append("went on")
        over.set()

    async def hurried(request: Request, call_next: Any) -> Response:
        try:
            return await asyncio.wait_for(call_next(request), 0.01)
        except TimeoutError:
            return PlainTextResponse("too late", status_code=504)

    with Served(behind(app, hurried)) as served:
        assert served.ask().status == 504
        served.on_loop(late.set)
        served.wait_for(over.wait)
    assert events == ["went on"]


def test_it_is_a_task_of_its_own() -> None:
    tasks: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        tasks.append(asyncio.current_task())
        await asyncio.sleep(0)
        tasks.append(asyncio.current_task())
        await plain(scope, receive, send)

    async def dispatch(request: Request, call_next: Any) -> Response:
        tasks.append(asyncio.current_task())
        response: Response = await call_next(request)
        tasks.append(asyncio.current_task())
        return response

    with Served(behind(app, dispatch)) as served:
        served.ask()
    above, below, below_later, above_later = tasks
    assert above is above_later
    assert below is below_later
    assert above is not below


def test_a_cancelled_request_cancels_below() -> None:
    left: list[str] = []
    begun = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            left.append("left")

    async def hurried(scope: Any, receive: Any, send: Any) -> None:
        try:
            async with asyncio.timeout(0.01):
                await behind(app, passing, passing)(scope, receive, send)
        except TimeoutError:
            left.append("timeout")
            await plain(scope, receive, send)

    with Served(hurried) as served:
        assert served.ask().body == b"plain"
    assert left == ["left", "timeout"]


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


def test_hints_go_ahead(wait: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await wait()
        await Request(scope, receive, send).send_early_hints("</a.css>; rel=preload")
        await plain(scope, receive, send)

    with Served(behind(app, passing)) as served, served.connect() as client:
        client.send(GET)
        assert client.answer().status == 103
        assert client.answer().body == b"plain"


def test_a_function_that_blocks() -> None:
    def blocking(request: Request) -> Response:
        return PlainTextResponse(f"{variable.get()} {request.method}")

    async def dispatch(request: Request, call_next: Any) -> Response:
        variable.set("seen by")
        response: Response = await call_next(request)
        return response

    middleware = [Middleware(BaseHTTPMiddleware, dispatch=dispatch)]
    with Served(Starlette(routes=[Route("/", blocking)], middleware=middleware)) as served:
        assert served.ask().body == b"seen by GET"


def test_a_path_to_send(tmp_path: Any) -> None:
    (tmp_path / "file").write_bytes(b"content")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start(200, with_length(b"content")))
        await send({"type": "http.response.pathsend", "path": str(tmp_path / "file")})

    with Served(behind(app, passing)) as served:
        assert served.ask().body == b"content"


def test_call_next_in_a_task_of_the_middlewares() -> None:
    async def gathering(request: Request, call_next: Any) -> Response:
        response: Response
        response, _ = await asyncio.gather(call_next(request), asyncio.sleep(0))
        return response

    with Served(behind(late, gathering)) as served:
        assert served.ask().body == b"plain"
    with Served(behind(plain, gathering)) as served:
        assert served.ask().body == b"plain"


def test_nothing_is_left_to_the_garbage_collector(wait: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await wait()
        await plain(scope, receive, send)

    def alive() -> int:
        return sum(type(each) is Run for each in gc.get_objects())

    with Served(behind(app, passing, passing)) as served, served.connect() as client:
        client.ask()
        gc.collect()
        gc.disable()
        try:
            for _ in range(10):
                client.ask()
            # The last request may not be over yet.
            assert served.on_loop(alive) <= 2
        finally:
            gc.enable()
