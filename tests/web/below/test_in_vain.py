"""An application that goes on sending although the middleware has sent another answer."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest

from jebi.web.background import BackgroundTask
from jebi.web.responses import PlainTextResponse, Response, StreamingResponse
from tests.connection.peers import GET, Served, body, start
from tests.web.below.applications import behind, passing, plain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from jebi.web.requests import Request

OTHER = GET.replace(b"/", b"/other", 1)


async def instead(request: Request, call_next: Any) -> Response:
    """Answers itself, except for the path ``/other``."""
    response: Response = await call_next(request)
    return response if request.url.path == "/other" else PlainTextResponse("instead")


class Left:
    """Runs ``application`` for every path but ``/other``, and knows when it is over."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self.over = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/other":
            await plain(scope, receive, send)
            return
        try:
            await self.application(scope, receive, send)
        finally:
            self.over.set()


@pytest.mark.parametrize("dispatches", [[instead], [instead, passing]])
def test_it_is_stopped(wait: Any, caplog: pytest.LogCaptureFixture, dispatches: list[Any]) -> None:
    async def endless(scope: Any, receive: Any, send: Any) -> None:
        await wait()
        await send(start())
        while True:
            await send(body(b"dropped", more=True))

    left = Left(endless)
    with caplog.at_level(logging.ERROR), Served(behind(left, *dispatches)) as served:
        assert served.ask().body == b"instead"
        assert served.ask(OTHER).body == b"plain"
        served.wait_for(left.over.wait)
        served.on_loop(lambda: None)
    assert not caplog.records, "what send says is no news to anybody"


def test_it_lets_others_run(wait: Any) -> None:
    turns: list[bool] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await wait()
        await send(start())
        await send(body(b"dropped", more=True))
        for _ in range(50):
            turn = asyncio.Event()
            asyncio.get_running_loop().call_soon(turn.set)
            await send(body(b"dropped", more=True))
            turns.append(turn.is_set())

    left = Left(application)
    with Served(behind(left, instead)) as served:
        assert served.ask().body == b"instead"
        served.wait_for(left.over.wait)
    assert turns == [True] * 50


def test_a_stream_that_never_waits_is_left() -> None:
    done = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"dropped"

    async def work() -> None:
        done.set()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        response = StreamingResponse(endless(), background=BackgroundTask(work))
        await response(scope, receive, send)

    left = Left(application)
    with Served(behind(left, instead)) as served:
        assert served.ask().body == b"instead"
        assert served.ask(OTHER).body == b"plain"
        served.wait_for(left.over.wait)
        assert served.on_loop(done.is_set), "what comes after the answer"


def test_what_goes_wrong_afterwards_is_told(wait: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await wait()
        await send(start())
        try:
            while True:
                await send(body(b"dropped", more=True))
        except BrokenPipeError as error:
            raise ValueError("on purpose") from error

    left = Left(application)
    with caplog.at_level(logging.ERROR), Served(behind(left, instead)) as served:
        assert served.ask().body == b"instead"
        served.wait_for(left.over.wait)
        served.on_loop(lambda: None)
    assert "ValueError: on purpose" in caplog.text
    assert "a middleware has sent another answer" in caplog.text
