"""A request that waits for what nobody else holds: its task is kept until it is over."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import weakref
from typing import TYPE_CHECKING, Any

import pytest

import jebi
from jebi._native import compile_native
from tests.connection.peers import Client, Served, body, start

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Served]


class Bell:
    """Wakes whoever waits, and holds nobody."""

    def __init__(self) -> None:
        self.waiting: weakref.WeakSet[asyncio.Event] = weakref.WeakSet()
        self.heard = threading.Event()

    async def wait(self) -> None:
        event = asyncio.Event()
        self.waiting.add(event)
        self.heard.set()
        await event.wait()

    def ring(self) -> int:
        """Collects garbage, wakes, and says how many were left to be woken."""
        gc.collect()
        woken = list(self.waiting)
        for event in woken:
            event.set()
        return len(woken)


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: test\r\n\r\n".encode()


def rung(served: Served) -> int:
    with served.connect() as other:
        answer: int = json.loads(other.ask(get("/ring")).body)
    return answer


def waits(bell: Bell, client: Client, path: str = "/wait") -> None:
    client.send(get(path))
    assert bell.heard.wait(10)


def test_an_application_that_waits_is_kept(serve: Serve) -> None:
    bell = Bell()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        text = b"woken"
        if scope["path"] == "/wait":
            await bell.wait()
        else:
            text = b"%d" % bell.ring()
        await send(start(200))
        await send(body(text))

    served = serve(application)
    with served.connect() as client:
        waits(bell, client)
        assert rung(served) == 1
        assert client.answer().body == b"woken"


def routed(bell: Bell) -> jebi.FastAPI:
    app = jebi.FastAPI()

    async def opened() -> Any:
        await asyncio.sleep(0)
        yield "woken"

    @app.get("/wait")
    async def wait(text: str = jebi.Depends(opened)) -> Any:
        await bell.wait()
        return text

    @app.get("/later")
    async def later(tasks: jebi.BackgroundTasks) -> Any:
        tasks.add_task(bell.wait)
        return "answered"

    @app.get("/ring")
    async def ring() -> Any:
        return bell.ring()

    return app


def native(bell: Bell) -> Any:
    compiled = compile_native(routed(bell))
    assert compiled is not None
    return compiled


def below(bell: Bell) -> Any:
    """The same under a middleware, which runs what is below as a task of its own."""
    app = routed(bell)

    @app.middleware("http")
    async def through(request: jebi.Request, call_next: Any) -> Any:
        return await call_next(request)

    return app


@pytest.mark.parametrize("made", [native, below])
def test_a_handler_that_waits_is_kept(serve: Serve, made: Callable[[Bell], Any]) -> None:
    bell = Bell()
    served = serve(made(bell))
    with served.connect() as client:
        waits(bell, client)
        assert rung(served) == 1
        assert json.loads(client.answer().body) == "woken"


@pytest.mark.parametrize("made", [native, below])
def test_what_waits_after_the_answer_is_kept(serve: Serve, made: Callable[[Bell], Any]) -> None:
    bell = Bell()
    served = serve(made(bell))
    with served.connect() as client:
        waits(bell, client, "/later")
        assert json.loads(client.answer().body) == "answered"
    assert rung(served) == 1


def test_what_is_over_is_not(serve: Serve) -> None:
    bell, over = Bell(), threading.Event()

    class Left:
        """Somebody's local."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/wait":
            local = Left()
            weakref.finalize(local, over.set)
            await bell.wait()
        else:
            bell.ring()
        await send(start(200))
        await send(body(b"0"))

    served = serve(application)
    with served.connect() as client:
        waits(bell, client)
        rung(served)
        assert client.answer().status == 200
    rung(served)
    assert over.wait(10)
