"""One server, everything at once: a seeded mixture of requests, deserters and abuse.

Each client does what its seed tells it and checks each of its answers; what it got cannot be
another's, for every request has a number of its own. When all are gone the server must be as it was
before: nothing in flight, no connection, no task, no generator left open.
"""

import asyncio
import concurrent.futures
import contextvars
import gc
import itertools
import json
import logging
import random
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any

import pytest
from pydantic import BaseModel

from jebi import BackgroundTasks, Depends, FastAPI, HTTPException, Request
from jebi._native import compile_native
from jebi.concurrency import run_in_threadpool
from jebi.responses import StreamingResponse
from tests.connection.peers import PATIENCE, Served
from tests.tasks import current

CLIENTS = 12
STEPS = 40

number_of: contextvars.ContextVar[int] = contextvars.ContextVar("number_of", default=-1)


class Order(BaseModel):
    number: int
    names: list[str] = []


class Balance:
    """What was begun and has to be ended, as often."""

    def __init__(self) -> None:
        self.generators = 0
        self.background = 0
        self._lock = threading.Lock()

    def enter(self, by: int) -> None:
        with self._lock:
            self.generators += by

    def ran(self, by: int) -> None:
        with self._lock:
            self.background += by


def run(app: FastAPI) -> None:
    """In a context of its own: here, after a wait, in a thread."""

    @app.get("/plain/{number}")
    async def plain(number: int) -> int:
        assert number_of.get() == -1, "another request's context"
        number_of.set(number)
        return number

    @app.get("/def/{number}")
    def function(number: int) -> int:
        assert number_of.get() == -1, "another request's context"
        return number

    @app.get("/waits/{number}")
    async def waits(number: int) -> int:
        number_of.set(number)
        await asyncio.sleep(number % 3 / 1000)
        return number_of.get()

    @app.get("/threads/{number}")
    async def threads(number: int) -> int:
        number_of.set(number)
        return await run_in_threadpool(number_of.get)

    @app.post("/order")
    async def order(order: Order) -> Order:
        return order


def dependencies(balance: Balance) -> tuple[Any, Any]:
    """Two that are given back, whoever fails or leaves."""

    def held(number: int) -> Iterator[int]:
        balance.enter(1)
        number_of.set(number)
        try:
            yield number
        finally:
            balance.enter(-1)

    async def held_async(number: int) -> AsyncIterator[int]:
        balance.enter(1)
        try:
            yield number
        finally:
            await asyncio.sleep(0)
            balance.enter(-1)

    return Annotated[int, Depends(held)], Annotated[int, Depends(held_async)]


def hold(app: FastAPI, Held: Any, HeldAsync: Any) -> None:  # noqa: N803 - types
    """Routes that use them while they fail, or are cancelled."""

    @app.get("/held/{number}")
    def with_held(number: int, held: Held, other: HeldAsync) -> int:
        assert (held, other) == (number, number)
        return number_of.get()

    @app.get("/held-raises/{number}")
    async def with_held_raises(number: int, held: Held, other: HeldAsync) -> None:
        raise HTTPException(418, held)

    @app.get("/cancelled/{number}")
    async def cancelled(number: int, held: HeldAsync) -> None:
        task = current()
        task.cancel()
        await asyncio.sleep(PATIENCE)


def stream(app: FastAPI, HeldAsync: Any) -> None:  # noqa: N803 - a type
    """Answers that outlast their function."""

    @app.get("/parts/{number}")
    async def parts(number: int, held: HeldAsync) -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(3):
                await asyncio.sleep(0)
                yield b"%d," % number

        return StreamingResponse(pieces())

    @app.get("/endless/{number}")
    async def endless(number: int, held: HeldAsync) -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            while True:
                yield b"x" * 20_000

        return StreamingResponse(pieces())


def fail(app: FastAPI) -> None:
    """By itself, and by a cancellation that it resists."""

    @app.get("/raises/{number}")
    async def raises(number: int) -> None:
        raise LookupError(number)

    @app.get("/def-raises/{number}")
    def function_raises(number: int) -> None:
        raise StopIteration(number)

    @app.get("/stubborn/{number}")
    async def stubborn(number: int) -> int:
        task = current()
        asyncio.get_running_loop().call_soon(task.cancel)
        try:
            await asyncio.sleep(PATIENCE)
        except asyncio.CancelledError:
            task.uncancel()
        await asyncio.sleep(0)
        return number

    @app.get("/deadline/{number}")
    async def deadline(number: int) -> int:
        release = threading.Event()
        try:
            async with asyncio.timeout(0.001):
                await run_in_threadpool(release.wait, PATIENCE)
        except TimeoutError:
            release.set()
        return number


def kitchen(balance: Balance) -> FastAPI:
    """An application with a route for each kind of trouble; ``number`` comes back."""
    app = FastAPI()
    held, held_async = dependencies(balance)
    run(app)
    hold(app, held, held_async)
    stream(app, held_async)
    fail(app)

    @app.get("/later/{number}")
    async def later(number: int, tasks: BackgroundTasks) -> int:
        balance.ran(-1)
        tasks.add_task(balance.ran, 1)
        return number

    @app.get("/leaves/{number}")
    async def leaves(number: int, request: Request) -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    return app


def get(path: str, number: int) -> bytes:
    return f"GET /{path}/{number}?number={number} HTTP/1.1\r\nhost: test\r\n\r\n".encode()


def post(number: int, size: int = 1) -> bytes:
    data = json.dumps({"number": number, "names": ["x" * size]}).encode()
    head = "POST /order HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(data)}\r\n\r\n".encode() + data


NUMBERED = (
    "plain",
    "def",
    "waits",
    "threads",
    "held",
    "stubborn",
    "deadline",
    "later",
)
FAILING = {"held-raises": 418, "raises": 500, "def-raises": 500, "cancelled": 500, "plain/x": 404}


class Guest:
    """A client with a seed of its own."""

    def __init__(self, served: Served, seed: int) -> None:
        self._served = served
        self._random = random.Random(seed)
        self._numbers = itertools.count(seed * 1_000_000 + 1)
        self._client = served.connect()

    def visit(self) -> None:
        deeds: list[Callable[[int], None]] = [
            *[self.ask] * 6,
            *[self.pipeline] * 3,
            *[self.order] * 3,
            *[self.fail] * 3,
            self.stream,
            self.leave_a_stream,
            self.leave_a_request,
            self.leave_a_handler,
            self.talk_nonsense,
        ]
        with self._client:
            for number in itertools.islice(self._numbers, STEPS):
                self._random.choice(deeds)(number)
        self._client.socket.close()

    def again(self) -> None:
        self._client.socket.close()
        self._client = self._served.connect()

    def ask(self, number: int) -> None:
        path = self._random.choice(NUMBERED)
        answer = self._client.ask(get(path, number))
        assert (answer.status, answer.body) == (200, b"%d" % number), path

    def pipeline(self, number: int) -> None:
        count = self._random.randrange(2, 12)
        paths = self._random.choices(NUMBERED, k=count)
        wanted = [number + place for place in range(count)]
        data = b"".join(map(get, paths, wanted))
        cut = self._random.randrange(len(data))
        for piece in (data[:cut], data[cut:]):
            self._client.send(piece)
        assert [int(self._client.answer().body) for _ in wanted] == wanted

    def order(self, number: int) -> None:
        data = post(number, self._random.choice((1, 1000, 100_000)))
        for at in range(0, len(data), 40_000):
            self._client.send(data[at : at + 40_000])
        assert json.loads(self._client.answer().body)["number"] == number

    def fail(self, number: int) -> None:
        path, status = self._random.choice(list(FAILING.items()))
        answer = self._client.ask(get(path, number))
        assert answer.status == status, path
        if status == 500:
            # An exception that leaves an ASGI application ends its connection.
            self.again()

    def stream(self, number: int) -> None:
        assert self._client.ask(get("parts", number)).body == b"%d," % number * 3

    def leave_a_stream(self, number: int) -> None:
        self._client.send(get("endless", number))
        self._client.take(self._random.randrange(1, 200_000))
        self.again()

    def leave_a_request(self, number: int) -> None:
        data = self._random.choice((post(number, 5000), get("held", number)))
        self._client.send(data[: self._random.randrange(1, len(data) + 1)])
        self.again()

    def leave_a_handler(self, number: int) -> None:
        self._client.send(get("leaves", number))
        self.again()

    def talk_nonsense(self, number: int) -> None:
        data = bytearray(post(number))
        data[self._random.randrange(len(data))] = self._random.randrange(256)
        self._client.send(bytes(data))
        self.again()


def settle(served: Served) -> None:
    """Waits until the server has noticed that everybody is gone."""

    async def watch() -> None:
        async with asyncio.timeout(PATIENCE):
            while True:
                server = served.server
                # This very task, and the one that serves.
                if (server.connections, len(asyncio.all_tasks())) == (0, 2):
                    return
                await asyncio.sleep(0.001)

    served.wait_for(watch)


KINDS = {
    *("Task", "Future", "Context", "coroutine", "generator", "async_generator", "frame"),
    *("traceback", "Handle", "RequestCoroutine", "PlanRun", "Request", "Response", "Exits"),
}


def left_behind() -> int:
    """How much there is of what requests are made of; other tests' things come and go."""
    gc.collect()
    return sum(type(thing).__name__ in KINDS for thing in gc.get_objects())


@pytest.mark.parametrize("form", ["native", "asgi"])
@pytest.mark.parametrize("seed", [1, 2])
def test_everything_at_once(form: str, seed: int, caplog: pytest.LogCaptureFixture) -> None:
    balance = Balance()
    app = kitchen(balance)
    app.middleware_stack = app.build_middleware_stack()
    application = compile_native(app) if form == "native" else app
    unraisable: list[Any] = []
    # Records of errors would keep their frames, and so what the requests were made of.
    silent = caplog.at_level(logging.CRITICAL, logger="jebi.error")
    with Served(application) as served, silent:
        served.on_loop(
            lambda: served.loop.set_exception_handler(lambda _, what: unraisable.append(what))
        )
        before = 0
        for turn in range(3):
            with concurrent.futures.ThreadPoolExecutor(CLIENTS) as crowd:
                seeds = [seed * 1000 + turn * 100 + client for client in range(CLIENTS)]
                visits = [crowd.submit(Guest(served, each).visit) for each in seeds]
                for visit in visits:
                    visit.result()
            settle(served)
            caplog.clear()
            count = left_behind()
            if turn == 1:
                before = count
        assert served.server.requests_in_flight == 0
        assert balance.generators == 0
        assert balance.background == 0
        assert count < before + CLIENTS * STEPS // 2, "requests leave something behind"
        assert served.ask(get("plain", 7)).body == b"7"
    assert not unraisable
