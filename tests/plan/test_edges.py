"""Corners of asyncio that a request runs into sooner or later, in both forms of a plan."""

import asyncio
import contextvars
import json
import socket
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator

import jebi.loop
from jebi import FastAPI, Query, Request
from jebi._engine import EventLoop, HttpServer
from jebi._native import compile_native
from jebi.responses import JSONResponse
from tests.connection.peers import Served
from tests.tasks import current

Fly = Callable[[FastAPI], Served]
Both = Callable[[FastAPI], tuple[Served, Served]]


def request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nhost: test\r\n\r\n".encode()


def value(served: Served, path: str) -> Any:
    answer = served.ask(request(path))
    assert answer.status == 200, answer
    return json.loads(answer.body)


def serve(app: FastAPI, listener: socket.socket) -> HttpServer:
    """A server by plans, in the context of whoever calls."""
    app.middleware_stack = app.build_middleware_stack()
    loop, native = asyncio.get_running_loop(), compile_native(app)
    assert isinstance(loop, EventLoop)
    assert native is not None
    server = HttpServer(loop, [listener], native)
    server.start()
    return server


def test_requests_begin_in_the_context_that_made_the_server() -> None:
    app = FastAPI()
    variable = contextvars.ContextVar("variable", default="unset")
    tasks = []

    @app.get("/")
    async def handler() -> str:
        tasks.append(id(current()))
        return variable.get()

    async def main(listener: socket.socket) -> None:
        variable.set("set before serving")
        server = serve(app, listener)
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        for _ in range(3):
            writer.write(request("/"))
            await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(20) == b'"set before serving"'
        writer.close()
        server.abort()
        await server.closed

    with socket.create_server(("127.0.0.1", 0)) as listener:
        jebi.loop.run(main(listener))
    assert len(set(tasks)) == 1, "a task that nobody touched is used again"


class Equal:
    """Equal to everything, in a way that some libraries' objects are not to be compared."""

    def __eq__(self, other: object) -> bool:
        raise ValueError("ambiguous")

    __hash__ = object.__hash__


def test_a_name_an_attribute_or_a_variable_stays_with_its_request() -> None:
    app = FastAPI()
    variable: contextvars.ContextVar[Any] = contextvars.ContextVar("variable")
    begun = Equal()

    @app.get("/name")
    async def name() -> None:
        current().set_name("somebody's")

    @app.get("/attribute")
    async def attribute() -> None:
        current().mark = 1  # type: ignore[attr-defined]  # tasks of ours take attributes

    @app.get("/variable")
    async def variable_() -> None:
        variable.set(Equal())

    @app.get("/look")
    async def look() -> list[bool]:
        task = current()
        return [
            task.get_name() == "somebody's",
            hasattr(task, "mark"),
            variable.get() is not begun,
        ]

    async def main(listener: socket.socket) -> None:
        variable.set(begun)
        server = serve(app, listener)
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        for path in ("/name", "/attribute", "/variable"):
            writer.write(request(path))
            await reader.readuntil(b"\r\n\r\nnull")
            writer.write(request("/look"))
            await reader.readuntil(b"\r\n\r\n")
            assert json.loads(await reader.readuntil(b"]")) == [False] * 3, path
        writer.close()
        server.abort()
        await server.closed

    with socket.create_server(("127.0.0.1", 0)) as listener:
        jebi.loop.run(main(listener))


def test_stop_iteration_is_an_error_like_any_other(both: Both) -> None:
    app = FastAPI()

    @app.exception_handler(RuntimeError)
    async def told(request: Request, error: RuntimeError) -> JSONResponse:
        cause = error.__cause__
        return JSONResponse([str(error), isinstance(cause, StopIteration)])

    @app.get("/def")
    def function() -> None:
        raise StopIteration(1)

    @app.get("/async")
    async def coroutine() -> None:
        raise StopIteration(1)

    def refuse(number: int) -> int:
        raise StopIteration(number)

    @app.get("/validator/{number}")
    async def validator(number: Annotated[int, AfterValidator(refuse)]) -> int:
        return number

    for served in both(app):
        for path in ("/def", "/async", "/validator/1"):
            assert value(served, path) == ["coroutine raised StopIteration", True], path


def test_a_task_that_cancels_itself_cancels_what_it_waits_for(fly: Fly) -> None:
    app = FastAPI()

    @app.get("/future")
    async def future() -> list[Any]:
        awaited = asyncio.get_running_loop().create_future()
        current().cancel("enough")
        try:
            await awaited
        except asyncio.CancelledError as error:
            return [awaited.cancelled(), error.args, current().uncancel()]
        return []

    @app.get("/done")
    async def done() -> str:
        current().cancel()
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            current().uncancel()
        await asyncio.sleep(0)
        return "cancelled once"

    served = fly(app)
    assert value(served, "/future") == [True, ["enough"], 0]
    assert value(served, "/done") == "cancelled once"


def test_default_factories_run_in_the_request(both: Both) -> None:
    app = FastAPI()

    def name() -> str:
        task = asyncio.current_task()
        return task.get_name() if task else "none"

    @app.get("/")
    async def read(of: Annotated[str, Query(default_factory=name)]) -> bool:
        task = asyncio.current_task()
        return task is not None and of == task.get_name()

    for served in both(app):
        assert value(served, "/") is True
