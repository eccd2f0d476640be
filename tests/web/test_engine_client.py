"""The synchronous test client on the engine, which it runs on by itself."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import traceback
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from jebi import BackgroundTasks, Depends, FastAPI
from jebi.testclient import TestClient
from jebi.web.applications import Starlette
from jebi.web.background import BackgroundTask
from jebi.web.responses import (
    FileResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)
from jebi.web.routing import Mount, Route, WebSocketRoute

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from jebi.web.requests import Request
    from jebi.web.types import Receive, Scope, Send
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


async def late(request: Request) -> Response:
    def task() -> None:
        raise LookupError("too late")

    return PlainTextResponse("now", background=BackgroundTask(task))


async def hanging(request: Request) -> Response:
    async def task() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    return PlainTextResponse("now", background=BackgroundTask(task))


async def talk(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(await websocket.receive_text())
    await websocket.close()


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
    yield {"started": True}
    ended.append("lifespan")


def application() -> Starlette:
    functions = [stack, state, broken, endless, echo, late, hanging]
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
    assert "__call__" in TestClient(application(), engine=False).get("/stack").json()


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
    # Frames that were cancelled hold the generator, in a circle.
    gc.collect()
    client.portal.call(_wait)  # type: ignore[union-attr]  # open in this test
    assert ended == ["endless"]


async def _wait() -> None:
    while not ended:
        await asyncio.sleep(0)


def test_an_application_gets_no_further_than_the_client_reads() -> None:
    begun: list[int] = []

    async def counting(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        for number in range(3):
            begun.append(number)
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
        await send({"type": "http.response.body"})

    with TestClient(counting).stream("GET", "/") as response:
        assert begun == [0]
        pieces = response.iter_raw()
        assert next(pieces) == b"x"
        assert begun in ([0], [0, 1])
        assert list(pieces) == [b"x", b"x"]


@pytest.mark.parametrize("name", ["late", "inner/late"])
def test_what_a_background_task_raises_is_raised(client: TestClient, name: str) -> None:
    with pytest.raises(LookupError, match="too late"):
        client.get(f"/{name}")
    quiet = TestClient(application(), raise_server_exceptions=False)
    assert quiet.get(f"/{name}").text == "now"


@pytest.mark.parametrize("raises", [True, False])
def test_a_stream_that_fails_breaks_off(raises: bool) -> None:
    async def failing(request: Request) -> Response:
        async def one() -> AsyncIterator[bytes]:
            yield b"x"
            raise LookupError("in the middle")

        return StreamingResponse(one(), headers={"content-length": "2"})

    app = Starlette(routes=[Route("/", failing)])
    client = TestClient(app, raise_server_exceptions=raises)
    expected = pytest.raises(LookupError, match="middle") if raises else contextlib.nullcontext()
    with expected, client.stream("GET", "/") as response:
        assert list(response.iter_raw()) == [b"x"]


def test_what_follows_the_last_piece_is_not_cut_off() -> None:
    """Whoever listens beside it hears that the answer is complete before the client has it."""
    told: list[str] = []

    async def listening(scope: Scope, receive: Receive, send: Send) -> None:
        async with anyio.create_task_group() as group:

            async def listen() -> None:
                while (await receive())["type"] != "http.disconnect":
                    """The body comes first."""
                group.cancel_scope.cancel()

            group.start_soon(listen)
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"x"})
            told.append("sent")

    assert TestClient(listening).get("/").text == "x"
    assert told == ["sent"]


def test_a_background_task_is_cancelled_with_the_client() -> None:
    client = TestClient(application())
    pieces = client.send(client.build_request("GET", "/hanging"), stream=True).iter_raw()
    assert next(pieces) == b"now"
    ended.clear()
    client.close()
    assert ended == ["cancelled"]


def test_what_is_said_beside_the_answer() -> None:
    async def talkative(scope: Scope, receive: Receive, send: Send) -> None:
        assert "http.response.debug" in scope["extensions"]
        await send({"type": "http.response.debug", "info": {"template": "t", "context": {}}})
        await send({"type": "http.response.start", "status": 200, "trailers": True})
        await send({"type": "http.response.body", "body": b"x"})
        await send({"type": "http.response.trailers", "headers": [(b"a", b"b")]})

    for te in ({}, {"te": "trailers"}):
        response = TestClient(talkative).get("/", headers=te)
        assert (response.text, response.template) == ("x", "t")  # type: ignore[attr-defined]  # the response of a template
        assert response.extensions["http.response.trailers"] == [(b"a", b"b")]


@pytest.mark.parametrize(
    "headers", [{"host": "[:::]"}, {"content-length": "1"}, {"x": "y" * 70_000}], ids=repr
)
def test_what_a_server_would_refuse_reaches_the_application(headers: dict[str, str]) -> None:
    async def echo_headers(request: Request) -> Response:
        ((name, _),) = headers.items()
        return PlainTextResponse(request.headers[name])

    app = Starlette(routes=[Route("/", echo_headers, methods=["POST"])])
    answer = TestClient(app).post("/", content=b"xy", headers=headers)
    assert [answer.text] == list(headers.values())


def test_a_file_is_the_servers_to_send(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(300_000))
    app = Starlette(routes=[Route("/", lambda _: FileResponse(tmp_path / "file"))])
    assert TestClient(app).get("/").content == bytes(300_000)
    assert TestClient(app).head("/").headers["content-length"] == "300000"
    assert TestClient(app).get("/", headers={"range": "bytes=0-9"}).content == bytes(10)


def test_a_loop_of_somebody_elses_has_the_plain_form() -> None:
    options = {"loop_factory": asyncio.new_event_loop}
    for client in (
        TestClient(application(), backend_options=options),
        TestClient(application(), backend="trio"),
    ):
        assert "__call__" in client.get("/stack").json()
    ours = TestClient(application(), backend_options={"debug": True})
    assert "__call__" not in ours.get("/stack").json()


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


@pytest.mark.parametrize(
    "options",
    [
        {"backend": "trio"},
        {"backend_options": {"use_uvloop": True}},
        {"backend_options": {"loop_factory": asyncio.new_event_loop}},
    ],
)
def test_it_brings_its_own_loop(options: Any) -> None:
    with pytest.raises(ValueError, match="leave out the backend"):
        TestClient(Starlette(), engine=True, **options)
