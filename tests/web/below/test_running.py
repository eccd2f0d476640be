"""Tasks, contexts and threads of what ``BaseHTTPMiddleware`` runs beside itself."""

from __future__ import annotations

import asyncio
import contextvars
import gc
from typing import TYPE_CHECKING, Any

import pytest

from jebi.web.applications import Starlette
from jebi.web.background import BackgroundTask
from jebi.web.middleware import Middleware
from jebi.web.middleware._below import Run
from jebi.web.middleware.base import BaseHTTPMiddleware
from jebi.web.responses import PlainTextResponse, Response, StreamingResponse
from jebi.web.routing import Route
from tests.connection.peers import Served
from tests.web.below.applications import behind, late, passing, plain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from jebi.web.requests import Request

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="")


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


def test_what_is_reset_above_stays_set_below() -> None:
    seen: list[str] = []

    async def pieces() -> AsyncIterator[str]:
        for number in range(3):
            seen.append(variable.get())
            yield str(number)
            await asyncio.sleep(0)

    async def in_the_background() -> None:
        seen.append(variable.get())

    async def app(scope: Any, receive: Any, send: Any) -> None:
        token = variable.set(variable.get() + " and below")
        response = StreamingResponse(pieces(), background=BackgroundTask(in_the_background))
        await response(scope, receive, send)
        variable.reset(token)
        seen.append(variable.get())

    async def dispatch(request: Request, call_next: Any) -> Response:
        token = variable.set("set above")
        response: Response = await call_next(request)
        seen.append(variable.get())
        variable.reset(token)
        return response

    with Served(behind(app, dispatch, passing)) as served:
        assert served.ask().body == b"012"
    assert seen == ["set above and below"] * 5 + ["set above"]


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
