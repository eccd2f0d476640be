"""The synchronous test client on the engine: ``TestClient(app, engine=True)``."""

from __future__ import annotations

import asyncio
import traceback
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from jebi import BackgroundTasks, Depends, FastAPI
from jebi.testclient import TestClient
from jebi.web.applications import Starlette
from jebi.web.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from jebi.web.routing import Mount, Route, WebSocketRoute

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from jebi.web.requests import Request
    from jebi.web.websockets import WebSocket

ended: list[str] = []


async def stack(request: Request) -> Response:
    frames = traceback.extract_stack()
    return JSONResponse([frame.name for frame in frames if "/jebi/web/" in frame.filename])


async def state(request: Request) -> Response:
    shown = [request.state.started, list(request.client or ()), str(request.url)]
    return JSONResponse([*shown, type(asyncio.get_running_loop()).__module__])


async def broken(request: Request) -> Response:
    raise LookupError("on purpose")


async def endless(request: Request) -> Response:
    async def forever() -> AsyncIterator[bytes]:
        try:
            while True:
                await asyncio.sleep(0)
                yield b"x"
        finally:
            ended.append("endless")

    return StreamingResponse(forever())


async def echo(request: Request) -> Response:
    return Response(await request.body())


async def talk(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(await websocket.receive_text())
    await websocket.close()


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
    yield {"started": True}
    ended.append("lifespan")


def application() -> Starlette:
    functions = [stack, state, broken, endless, echo]
    routes = [Route(f"/{one.__name__}", one, methods=["GET", "POST"]) for one in functions]
    inner = Mount("/inner", routes=routes)
    return Starlette(routes=[*routes, inner, WebSocketRoute("/talk", talk)], lifespan=lifespan)


@pytest.fixture
def client() -> Iterator[TestClient]:
    ended.clear()
    with TestClient(application(), engine=True) as client:
        yield client


def test_it_is_the_engine(client: TestClient) -> None:
    assert "__call__" not in client.get("/stack").json()
    assert "__call__" in client.get("/inner/stack").json()
    assert "__call__" in TestClient(application()).get("/stack").json()


def test_the_lifespan_and_the_scope(client: TestClient) -> None:
    shown = [True, ["testclient", 50000], "http://testserver/state", "jebi.loop.loop"]
    assert client.get("/state").json() == shown
    client.close()
    assert not ended


def test_bodies(client: TestClient) -> None:
    assert client.post("/echo", content=b"x" * 300_000).content == b"x" * 300_000
    assert client.post("/echo", content=iter([b"a", b"b"])).content == b"ab"
    assert client.head("/echo").content == b""


def test_what_is_raised(client: TestClient) -> None:
    for path in ("/broken", "/inner/broken"):
        with pytest.raises(LookupError, match="on purpose"):
            client.get(path)
    quiet = TestClient(application(), engine=True, raise_server_exceptions=False)
    assert quiet.get("/broken").status_code == 500


def test_a_stream_can_be_left(client: TestClient) -> None:
    with client.stream("GET", "/endless") as response:
        assert next(response.iter_raw()).startswith(b"x")
    assert client.get("/stack").status_code == 200
    client.portal.call(_wait)  # type: ignore[union-attr]  # open in this test
    assert ended == ["endless"]


async def _wait() -> None:
    while not ended:
        await asyncio.sleep(0)


def test_websockets_are_the_applications(client: TestClient) -> None:
    with client.websocket_connect("/talk") as websocket:
        websocket.send_text("hello")
        assert websocket.receive_text() == "hello"


def test_without_a_context_each_request_has_a_loop_of_its_own() -> None:
    client = TestClient(
        Starlette(routes=[Route("/", lambda _: PlainTextResponse("x"))]), engine=True
    )
    assert [client.get("/").text for _ in range(3)] == ["x"] * 3
    assert client.get("/nowhere").status_code == 404


def test_the_framework() -> None:
    app = FastAPI()
    done: list[str] = []

    def needed() -> Iterator[str]:
        yield "needed"
        done.append("exit")

    @app.post("/items/{n}")
    def item(n: int, tasks: BackgroundTasks, needed: str = Depends(needed)) -> Any:
        tasks.add_task(done.append, "task")
        return [n, needed]

    with TestClient(app, engine=True) as client:
        assert client.post("/items/7").json() == [7, "needed"]
        assert done == ["task", "exit"]
        assert client.post("/items/x").status_code == 422
        app.dependency_overrides[needed] = lambda: "other"
        assert client.post("/items/8").json() == [8, "other"]


@pytest.mark.parametrize("options", [{"backend": "trio"}, {"backend_options": {"debug": True}}])
def test_it_brings_its_own_loop(options: Any) -> None:
    with pytest.raises(ValueError, match="leave out the backend"):
        TestClient(Starlette(), engine=True, **options)
