"""Below middleware that the engine does not know: a core's answers are those of Python's stack."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
import traceback
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from jebi import BackgroundTasks, Body, Depends, FastAPI, Form, HTTPException, Request
from jebi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from jebi.web.applications import Starlette
from jebi.web.middleware import Middleware
from jebi.web.middleware.base import BaseHTTPMiddleware
from jebi.web.middleware.cors import CORSMiddleware
from jebi.web.middleware.gzip import GZipMiddleware
from jebi.web.routing import Mount, Router
from tests.connection.peers import PATIENCE, Served
from tests.plan import test_both_ways as framework
from tests.plan import test_both_ways_invalid as invalid
from tests.plan.both_ways import compare, get, send, whole_answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from jebi.web.types import ASGIApp, Message, Receive, Scope
    from jebi.web.types import Send as SendMessage

    Serve = Callable[[Starlette], Served]

App = TypeVar("App", bound=Starlette)

OPTIONS = {"date_header": False}
SEEN: contextvars.ContextVar[str] = contextvars.ContextVar("seen", default="nothing")
NAMES = ("app", "router", "route", "endpoint", "path_params", "path", "root_path", "state")


class Through:
    """Does nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: SendMessage) -> None:
        await self.app(scope, receive, send)


class Marks(Through):
    """Adds a header to whatever is sent."""

    async def __call__(self, scope: Scope, receive: Receive, send: SendMessage) -> None:
        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"x-mark", b"1"))
            await asyncio.sleep(0)
            await send(message)

        await self.app(scope, receive, marked)


class Catches(Through):
    """Answers what nobody handled."""

    async def __call__(self, scope: Scope, receive: Receive, send: SendMessage) -> None:
        try:
            await self.app(scope, receive, send)
        except Exception as error:
            # One that came too late for an answer is raised by the second message.
            await PlainTextResponse(repr(error), status_code=599)(scope, receive, send)


class Replaces(Through):
    """Has read the body, and hands out another copy of it."""

    async def __call__(self, scope: Scope, receive: Receive, send: SendMessage) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        pieces = [body[3:], body[:3]]

        async def replaced() -> Message:
            if not pieces:
                return await receive()
            return {"type": "http.request", "body": pieces.pop(), "more_body": bool(pieces)}

        return await self.app({**scope, "root_path": "/under"}, replaced, send)


class Moves(Through):
    """Sends some paths elsewhere, and has seen who asks."""

    async def __call__(self, scope: Scope, receive: Receive, send: SendMessage) -> None:
        if scope["type"] == "http":
            scope["path"] = scope["path"].replace("/moved", "")
            headers = [pair for pair in scope["headers"] if pair[0] != b"x-tag"]
            scope["headers"] = [*headers, (b"X-Tag", b"of the middleware")]
            scope["user"], scope["state"]["by"] = "somebody", "middleware"
        await self.app(scope, receive, send)


async def adds(request: Request, call_next: Any) -> Any:
    response = await call_next(request)
    response.headers["x-added"] = "1"
    return response


async def reads(request: Request, call_next: Any) -> Any:
    length = len(await request.body())
    response = await call_next(request)
    response.headers["x-length"] = str(length)
    return response


STACKS = {
    "nothing": [Middleware(Through)],
    "a header": [Middleware(Marks)],
    "everything caught": [Middleware(Catches)],
    "a scope of its own": [Middleware(Replaces)],
    "another path": [Middleware(Moves)],
    "a function": [Middleware(BaseHTTPMiddleware, dispatch=adds)],
    "functions": [
        Middleware(BaseHTTPMiddleware, dispatch=reads),
        Middleware(BaseHTTPMiddleware, dispatch=adds),
    ],
    "known ones within": [
        Middleware(Marks),
        Middleware(CORSMiddleware, allow_origins=["*"]),
        Middleware(GZipMiddleware, minimum_size=20),
    ],
    "known ones around": [
        Middleware(GZipMiddleware, minimum_size=20),
        Middleware(BaseHTTPMiddleware, dispatch=adds),
    ],
}
BY_STACK = {
    "another path": [get(f"/moved{target}", "x-tag: y") for target in ("/item", "/params", "/x")],
    "known ones within": [get("/item", "origin: https://example.org", "accept-encoding: gzip")],
}


@pytest.fixture
def serve() -> Iterator[Serve]:
    with contextlib.ExitStack() as stack:
        yield lambda app: stack.enter_context(Served(app, OPTIONS))


def without_core(app: App) -> App:
    """The application with the routers of Python's in any case."""
    app.router.routes.core = False  # type: ignore[attr-defined]  # the list is ours
    return app


def has_core(app: Starlette) -> bool:
    """Whether a core was made of the routes."""
    return bool(app.router.routes.core)  # type: ignore[attr-defined]  # the list is ours


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("requests", [framework, invalid])
def test_every_request(serve: Serve, requests: Any, stack: str) -> None:
    def make() -> FastAPI:
        app: FastAPI = requests.application()
        for cls, args, kwargs in reversed(STACKS[stack]):
            app.add_middleware(cls, *args, **kwargs)
        return app

    core = make()
    compare(
        serve(core), serve(without_core(make())), [*requests.REQUESTS, *BY_STACK.get(stack, [])]
    )
    assert has_core(core)


class Observed:
    """An application, and all that its middleware and its functions were told."""

    def __init__(self) -> None:
        self.notes: list[Any] = []
        #: The outermost middleware is left.
        self.over = threading.Event()
        self.app = FastAPI()
        add_routes(self.app, self.notes)
        self.app.add_middleware(Through)
        self.app.middleware("http")(self.watch)
        self.app.add_middleware(self.around)

    async def watch(self, request: Request, call_next: Any) -> Any:
        SEEN.set("above")
        try:
            response = await call_next(request)
        except Exception as error:
            self.notes.append(("watched", repr(error), SEEN.get()))
            raise
        self.notes.append(("watched", response.status_code, SEEN.get(), self.of(request.scope)))
        return response

    def of(self, scope: Scope) -> list[Any]:
        return [(name, described(scope.get(name, "missing"))) for name in NAMES]

    def around(self, app: ASGIApp) -> ASGIApp:
        async def around(scope: Scope, receive: Receive, send: SendMessage) -> None:
            async def sending(message: Message) -> None:
                self.notes.append(message)
                await send(message)

            try:
                await app(scope, receive, sending)
            except Exception as error:
                causes = (type(error.__cause__), type(error.__context__))
                self.notes.append(("around", repr(error), causes))
                raise
            finally:
                self.notes.append(("left", self.of(scope)))
                self.over.set()

        return around


def described(value: Any) -> Any:
    return value if isinstance(value, (str, dict)) else getattr(value, "path", type(value))


class HandledError(Exception):
    """Has a handler."""


class AgainError(Exception):
    """Has a handler, which raises."""


def add_routes(app: FastAPI, notes: list[Any]) -> None:  # noqa: C901 - one function a route
    async def resource() -> AsyncIterator[str]:
        try:
            yield "resource"
        except BaseException as error:
            notes.append(("left by", repr(error)))
            raise
        finally:
            notes.append("resource left")

    async def early() -> AsyncIterator[None]:
        yield
        notes.append("early left")
        if SEEN.get() == "late":
            raise HandledError

    def swallows() -> Iterator[None]:
        with contextlib.suppress(HandledError):
            yield

    resourceful = Depends(resource)

    @app.get("/plain/{n}/{rest:path}")
    async def plain(n: int, rest: str) -> Any:
        SEEN.set(f"below {n}")
        return [n, rest]

    @app.get("/pooled")
    def pooled(request: Request) -> Any:
        SEEN.set("pooled")
        return [request.state._state, described(request.scope["route"])]

    @app.post("/document")
    async def document(request: Request, item: dict[str, int] = Body()) -> Any:  # noqa: B008 - FastAPI's way
        return [item, (await request.body()).decode(), await request.json()]

    @app.post("/form")
    async def form(a: str = Form()) -> str:
        return a

    @app.get("/tasks")
    async def tasks(background: BackgroundTasks, r: str = resourceful) -> str:
        background.add_task(notes.append, "task")
        return r

    @app.get("/stream")
    async def stream(r: str = resourceful) -> StreamingResponse:
        async def pieces() -> AsyncIterator[str]:
            yield r
            await asyncio.sleep(0)
            notes.append("streams")
            yield "end"

        return StreamingResponse(pieces())

    @app.get("/breaks")
    async def breaks(r: str = resourceful) -> StreamingResponse:
        async def pieces() -> AsyncIterator[str]:
            yield r
            raise HandledError

        return StreamingResponse(pieces())

    @app.get("/late", dependencies=[Depends(early, scope="function")])
    async def late() -> str:
        SEEN.set("late")
        return "never seen"

    @app.get("/late/task")
    async def late_task(background: BackgroundTasks) -> str:
        def fails() -> None:
            raise RuntimeError("late")

        background.add_task(fails)
        return "answered"

    @app.get("/swallowed", dependencies=[Depends(swallows)])
    async def swallowed() -> None:
        raise HandledError

    @app.get("/raises/{what}")
    async def raises(what: str, r: str = resourceful) -> None:
        errors = {
            "handled": HandledError(),
            "again": AgainError(),
            "http": HTTPException(418, {"a": "teapot"}, headers={"x-error": "1"}),
            "stop": StopIteration(1),
            "group": ExceptionGroup("both", [HandledError()]),
        }
        raise errors.get(what, RuntimeError("on purpose"))

    @app.get("/invalid", response_model=int)
    async def invalid_result() -> str:
        return "no number"

    @app.get("/none", status_code=204)
    async def none() -> None:
        pass

    @app.exception_handler(HandledError)
    async def handled(request: Request, error: HandledError) -> JSONResponse:
        raised = traceback.format_exc().rstrip().rpartition("\n")[2]
        return JSONResponse([raised, request.url.path, SEEN.get()], status_code=409)

    @app.exception_handler(AgainError)
    def again(request: Request, error: AgainError) -> JSONResponse:
        raise HandledError from error

    app.router.routes.append(Mount("/mounted", Router()))


PATHS = [
    "/plain/1/a/b", "/plain/x/", "/plain/1/", "/plain/1", "/pooled", "/pooled/", "/tasks",
    "/stream", "/breaks", "/late", "/late/task", "/swallowed", "/invalid", "/none", "/nowhere",
    "/docs", "/mounted/x", "/document",
    *[f"/raises/{what}" for what in ("handled", "again", "http", "stop", "group", "other")],
]  # fmt: skip
REQUESTS = [
    *map(get, PATHS),
    get("/pooled", method="HEAD"),
    get("/pooled", method="POST"),
    send("POST", "/document", {"a": 1}),
    send("POST", "/document", {"a": "x"}),
    send("POST", "/document", b"{"),
    send("POST", "/form", b"a=1", "application/x-www-form-urlencoded"),
    b"POST /document HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n"
    b'transfer-encoding: chunked\r\n\r\n3\r\n{"a\r\n4\r\n":2}\r\n0\r\n\r\n',
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda one: one.partition(b"\r\n")[0].decode())
def test_middleware_and_functions_are_told_the_same(request_: bytes) -> None:
    one, two = Observed(), Observed()
    without_core(two.app)
    answers = []
    for observed in (one, two):
        with Served(observed.app, OPTIONS) as served:
            answers.append(whole_answer(served, request_))
            assert observed.over.wait(PATIENCE)
    assert answers[0] == answers[1]
    assert one.notes == two.notes
    assert has_core(one.app)


def test_routes_may_change(serve: Serve) -> None:
    app = FastAPI()
    app.add_middleware(Through)
    app.get("/one")(lambda: 1)
    served = serve(app)
    assert b"404" in whole_answer(served, get("/two"))
    assert b"\r\n\r\n1" in whole_answer(served, get("/one"))
    app.get("/two")(lambda: 2)
    assert b"\r\n\r\n2" in whole_answer(served, get("/two"))
    assert has_core(app)


def test_dependencies_may_be_overridden(serve: Serve) -> None:
    def number() -> int:
        return 1

    app = FastAPI()
    app.add_middleware(Through)

    @app.get("/")
    async def root(n: int = Depends(number)) -> int:
        return n

    served = serve(app)
    assert whole_answer(served, get("/")).endswith(b"\r\n\r\n1")
    app.dependency_overrides[number] = lambda: 2
    assert whole_answer(served, get("/")).endswith(b"\r\n\r\n2")
    app.dependency_overrides.clear()
    assert whole_answer(served, get("/")).endswith(b"\r\n\r\n1")


def test_who_replaces_the_call_of_the_base_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    app, called = FastAPI(), []
    app.add_middleware(Through)
    app.get("/")(lambda: 1)
    original = Starlette.__call__

    async def traced(self: Any, scope: Scope, receive: Receive, send: SendMessage) -> None:
        called.append(scope["path"])
        await original(self, scope, receive, send)

    with Served(app, OPTIONS) as served:
        whole_answer(served, get("/"))
        monkeypatch.setattr(Starlette, "__call__", traced)
        whole_answer(served, get("/"))
    assert called == ["/"]


def test_a_router_that_does_more_has_no_core(serve: Serve) -> None:
    class Own(Router):
        async def app(self, scope: Scope, receive: Receive, send: SendMessage) -> None:
            await PlainTextResponse("my own")(scope, receive, send)

    app = FastAPI()
    app.add_middleware(Through)
    app.get("/")(lambda: 1)
    app.router.__class__ = type("Own", (Own, type(app.router)), {})
    app.router.middleware_stack = app.router.app
    assert whole_answer(serve(app), get("/")).endswith(b"my own")
    assert not has_core(app)
