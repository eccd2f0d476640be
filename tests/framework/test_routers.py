"""Routers: inclusion, what is merged, route classes, lifespans, WebSockets, frontends."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import pytest

import jebi
from jebi import APIRouter, Depends, FastAPI, Query, Request, Response, WebSocket
from jebi.exceptions import FastAPIError
from jebi.responses import PlainTextResponse
from jebi.routing import APIRoute, Match, iter_route_contexts
from jebi.testclient import TestClient
from jebi.websockets import WebSocketDisconnect


def test_inclusion_merges_prefixes_tags_and_dependencies() -> None:
    order: list[str] = []

    def note(name: str) -> Any:
        def dependency() -> None:
            order.append(name)

        return Depends(dependency)

    inner = APIRouter(prefix="/inner", tags=["inner"], dependencies=[note("inner")])

    @inner.get("/{n}", tags=["route"], dependencies=[note("route")], responses={404: {}})
    def read(n: int) -> int:
        return n

    outer = APIRouter(prefix="/outer", tags=["outer"], dependencies=[note("outer")])
    outer.include_router(inner, tags=["included"], dependencies=[note("included")])
    app = FastAPI(dependencies=[note("app")])
    app.include_router(outer, prefix="/api", deprecated=True)

    assert TestClient(app).get("/api/outer/inner/5").json() == 5
    assert order == ["app", "outer", "included", "inner", "route"]
    (route,) = (route for route in app.routes if isinstance(route, APIRoute))
    assert route.tags == ["outer", "included", "inner", "route"]
    assert (route.path, route.deprecated) == ("/api/outer/inner/{n}", True)
    assert route.unique_id == "read_api_outer_inner__n__get"
    assert list(route.responses) == [404]


def test_routes_added_after_the_inclusion_are_included_in_their_place() -> None:
    router, nested = APIRouter(), APIRouter()
    router.include_router(nested, prefix="/nested")
    app = FastAPI()
    app.include_router(router)

    @app.get("/{path:path}")
    def everything(path: str) -> str:
        return "everything"

    @nested.get("/late")
    def late() -> str:
        return "late"

    client = TestClient(app)
    assert client.get("/nested/late").json() == "late"
    assert "/nested/late" in client.get("/openapi.json").json()["paths"]


def test_an_empty_path_needs_a_prefix() -> None:
    router = APIRouter()
    router.get("")(lambda: "x")
    app = FastAPI()
    with pytest.raises(FastAPIError, match="cannot be both empty"):
        app.include_router(router)
    app.include_router(router, prefix="/x")
    assert TestClient(app).get("/x").json() == "x"


def test_the_nearest_response_class_wins() -> None:
    router = APIRouter(default_response_class=PlainTextResponse)
    router.get("/text")(lambda: "x")
    app = FastAPI()
    app.include_router(router)
    app.get("/json")(lambda: "x")
    client = TestClient(app)
    assert (client.get("/text").text, client.get("/json").text) == ("x", '"x"')


def test_route_classes_wrap_every_request_of_a_router() -> None:
    class Timed(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handler = super().get_route_handler()

            async def timed(request: Request) -> Response:
                response = await handler(request)
                response.headers["x-time"] = "1"
                return response

            return timed

    router = APIRouter(route_class=Timed)
    router.get("/timed")(lambda: 1)
    app = FastAPI()
    app.include_router(router)
    assert TestClient(app).get("/timed").headers["x-time"] == "1"


def test_every_verb_and_many_at_once() -> None:
    app = FastAPI()
    for verb in ("get", "put", "post", "delete", "options", "head", "patch", "trace"):
        getattr(app, verb)(f"/{verb}")(lambda: None)
    app.api_route("/many", methods=["GET", "POST"])(lambda: None)
    client = TestClient(app)
    for verb in ("get", "put", "post", "delete", "options", "head", "patch", "trace"):
        assert client.request(verb.upper(), f"/{verb}").status_code == 200
    assert client.post("/many").status_code == 200
    assert client.put("/many").status_code == 405


def test_unknown_options_are_refused() -> None:
    with pytest.raises(TypeError, match="respones_model"):
        FastAPI().get("/", respones_model=int)(lambda: 1)  # type: ignore[call-arg]  # wrong on purpose


def test_lifespans_of_all_routers_with_their_state() -> None:
    events: list[str] = []

    def lifespan(name: str) -> Any:
        @asynccontextmanager
        async def run(app: FastAPI) -> AsyncIterator[dict[str, str]]:
            events.append(f"+{name}")
            yield {name: name, "both": name}
            events.append(f"-{name}")

        return run

    router = APIRouter(lifespan=lifespan("router"))
    app = FastAPI(lifespan=lifespan("app"))
    app.include_router(router)

    @app.get("/")
    def read(request: Request) -> Any:
        return [request.state.router, request.state.both]

    with TestClient(app) as client:
        assert client.get("/").json() == ["router", "app"]
    assert events == ["+app", "+router", "-router", "-app"]


def test_events_of_included_routers_run_once() -> None:
    events: list[str] = []
    router = APIRouter(on_startup=[lambda: events.append("router")])
    app = FastAPI(on_startup=[lambda: events.append("app")])
    app.include_router(router)
    app.add_event_handler("shutdown", lambda: events.append("end"))
    with TestClient(app):
        assert events == ["app", "router"]
    assert events == ["app", "router", "end"]


def test_websockets_take_parameters_and_dependencies() -> None:
    def token(token: Annotated[str, Query(min_length=2)]) -> str:
        return token

    router = APIRouter(prefix="/ws")

    @router.websocket("/{n}")
    async def talk(websocket: WebSocket, n: int, token: Annotated[str, Depends(token)]) -> None:
        await websocket.accept()
        await websocket.send_json([n, token])
        await websocket.close()

    app = FastAPI()
    app.include_router(router)
    client = TestClient(app)
    with client.websocket_connect("/ws/3?token=abc") as websocket:
        assert websocket.receive_json() == [3, "abc"]
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        client.websocket_connect("/ws/x?token=a"),
    ):
        pass
    assert closed.value.code == 1008


def test_mounted_applications_know_their_root() -> None:
    child = FastAPI()

    @child.get("/path")
    def path(request: Request) -> Any:
        return [request.scope["root_path"], str(request.url_for("path"))]

    app = FastAPI()
    app.mount("/child", child)
    client = TestClient(app)
    assert client.get("/child/path").json() == ["/child", "http://testserver/child/path"]
    assert client.get("/child/openapi.json").json()["servers"] == [{"url": "/child"}]


def test_tools_match_by_the_path_alone() -> None:
    class Picky(APIRoute):
        def matches(self, scope: Any) -> Any:
            assert "from a middleware" in scope
            return super().matches(scope)

    router = APIRouter(route_class=Picky)
    router.get("/items/{name}")(lambda name: name)
    app = FastAPI()
    app.include_router(router, prefix="/api")
    scope = {"type": "http", "path": "/api/items/a", "method": "GET", "headers": []}
    (route,) = [route for route in iter_route_contexts(app.routes) if "items" in route.path]
    match, child_scope = route.matches(scope)
    assert (match, child_scope["path_params"]) == (Match.FULL, {"name": "a"})
    assert route.matches({**scope, "method": "POST"})[0] is Match.PARTIAL
    assert route.matches({**scope, "path": "/items/a"})[0] is Match.NONE


def test_frontends_come_last(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("page")
    (tmp_path / "a.js").write_text("script")
    app = FastAPI()
    app.frontend("/", directory=tmp_path)
    app.get("/api")(lambda: "api")
    client = TestClient(app)
    page = {"accept": "text/html"}
    assert client.get("/api").json() == "api"
    assert client.get("/a.js").text == "script"
    assert client.get("/some/where", headers=page).text == "page"
    assert client.get("/missing.js").status_code == 404
    assert client.get("/../secret", headers=page).text == "page"
    with pytest.raises(RuntimeError, match="does not exist"):
        app.frontend("/x", directory=tmp_path / "missing")


def test_public_names() -> None:
    assert jebi.FastAPI is jebi.Jebi
    assert set(jebi.__all__) == {
        *("APIRouter", "BackgroundTasks", "Body", "Cookie", "Depends", "FastAPI", "File", "Form"),
        *("HTTPException", "Header", "Jebi", "Path", "Query", "Request", "Response", "Security"),
        *("UploadFile", "WebSocket", "WebSocketDisconnect", "WebSocketException", "status"),
    }
