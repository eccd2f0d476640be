"""The limiter and the cancel scopes of AnyIO's, and ``def`` steps: the same both ways."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import anyio
import anyio.from_thread
from anyio.to_thread import current_default_thread_limiter

from jebi import Depends, FastAPI
from tests.connection.peers import GET, PATIENCE, Served

Both = Callable[[FastAPI], tuple[Served, Served]]


def test_the_limiter_bounds_handlers_and_counts_them(both: Both) -> None:
    app = FastAPI()
    lock, inside, release = threading.Lock(), [0, 0], threading.Event()

    @app.post("/")
    async def allow(tokens: int) -> None:
        current_default_thread_limiter().total_tokens = tokens
        inside[1] = 0
        release.clear()

    @app.get("/wait")
    def handler() -> None:
        with lock:
            inside[0] += 1
            inside[1] = max(inside)
        release.wait(PATIENCE)
        with lock:
            inside[0] -= 1

    @app.get("/")
    async def count(running: int, waiting: int) -> list[int]:
        limiter = current_default_thread_limiter()
        while True:
            known = limiter.statistics()
            if (known.borrowed_tokens, known.tasks_waiting) == (running, waiting):
                break
            await asyncio.sleep(0.001)
        while inside[0] < running:
            await asyncio.sleep(0.001)
        release.set()
        return [limiter.borrowed_tokens, inside[1]]

    for served in both(app):
        with ThreadPoolExecutor(6) as clients:
            for tokens in (2, 3):
                served.ask(f"POST /?tokens={tokens} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
                get = GET.replace(b" / ", b" /wait ")
                answers = [clients.submit(served.ask, get) for _ in range(5)]
                path = f" /?running={tokens}&waiting={5 - tokens} ".encode()
                assert served.ask(GET.replace(b" / ", path)).body == b"[%d,%d]" % (tokens, tokens)
                assert {answer.result(PATIENCE).status for answer in answers} == {200}
                assert inside[1] == tokens


def test_the_scope_of_a_dependency_ends_what_a_handler_waits_for(both: Both) -> None:
    app = FastAPI()
    scopes: list[anyio.CancelScope] = []
    begun = threading.Event()

    async def scope() -> AsyncIterator[anyio.CancelScope]:
        with anyio.CancelScope() as scope:
            scopes.append(scope)
            yield scope

    @app.get("/")
    def handler(scope: Annotated[anyio.CancelScope, Depends(scope)]) -> str:
        begun.set()
        try:
            anyio.from_thread.run(anyio.sleep_forever)
        except BaseException as error:
            scope.shield = True
            return type(error).__name__
        return "never"

    for served in both(app):
        begun.clear()
        with served.connect() as client:
            client.send(GET)
            assert begun.wait(PATIENCE)
            served.on_loop(scopes.pop().cancel)
            assert client.answer().body == b'"CancelledError"'


def test_what_runs_already_is_waited_for(both: Both) -> None:
    app = FastAPI()
    scopes: list[anyio.CancelScope] = []
    begun, release = threading.Event(), threading.Event()
    order: list[str] = []

    async def scope() -> AsyncIterator[None]:
        with anyio.CancelScope() as scope:
            scopes.append(scope)
            try:
                yield
            finally:
                order.append("left")

    @app.get("/", dependencies=[Depends(scope)])
    def handler() -> None:
        begun.set()
        release.wait(PATIENCE)
        order.append("handler")

    for served in both(app):
        begun.clear()
        release.clear()
        order.clear()
        with served.connect() as client:
            client.send(GET)
            assert begun.wait(PATIENCE)
            served.on_loop(scopes.pop().cancel)
            release.set()
            client.answer()
        assert order == ["handler", "left"]
