"""Requests that are cancelled while their ``def`` code runs on a thread, in their own context."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import pytest

from jebi import Depends, FastAPI
from jebi.responses import JSONResponse
from tests.connection.peers import GET, PATIENCE, Served
from tests.tasks import current

Fly = Callable[[FastAPI], Served]


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """What blocking functions wait for; set at the end in any case."""
    event = threading.Event()
    yield event
    event.set()


def test_a_deadline_of_a_middleware_is_kept(release: threading.Event) -> None:
    app = FastAPI()

    @app.get("/")
    def handler() -> None:
        release.wait(PATIENCE)

    async def hurried(scope: Any, receive: Any, send: Any) -> None:
        try:
            async with asyncio.timeout(0.01):
                await app(scope, receive, send)
        except TimeoutError:
            await JSONResponse("too late", status_code=504)(scope, receive, send)

    with Served(hurried) as served:
        assert served.ask().status == 504
        release.set()


def test_a_task_that_waits_for_the_pool_can_be_cancelled(
    fly: Fly, release: threading.Event
) -> None:
    app = FastAPI()
    tasks: list[asyncio.Task[Any]] = []
    entered = threading.Event()

    async def first() -> None:
        tasks.append(current())
        await asyncio.sleep(0)

    @app.get("/")
    def handler(_: Annotated[None, Depends(first)]) -> None:
        entered.set()
        release.wait(PATIENCE)

    served = fly(app)
    with served.connect() as client:
        client.send(GET)
        assert entered.wait(PATIENCE)
        served.on_loop(tasks[0].cancel)
        assert client.answer().status == 500
    release.set()


def test_a_loop_ends_though_a_request_is_in_the_pool(release: threading.Event) -> None:
    app = FastAPI()
    entered = threading.Event()

    @app.get("/")
    def handler() -> None:
        entered.set()
        release.wait(PATIENCE)

    with Served(app) as served, served.connect() as client:
        client.send(GET)
        assert entered.wait(PATIENCE)
        # Leaving cancels what still runs and waits for it.
