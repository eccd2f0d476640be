"""Errors and cancellations, on either side of ``BaseHTTPMiddleware``."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from jebi.web.background import BackgroundTask
from jebi.web.responses import PlainTextResponse, Response
from tests.connection.peers import PATIENCE, Served
from tests.web.below.applications import behind, passing, plain

if TYPE_CHECKING:
    from jebi.web.middleware.base import RequestResponseEndpoint
    from jebi.web.requests import Request


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
