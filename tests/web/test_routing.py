"""Routes: from paths to endpoints and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from jebi.web.applications import Starlette
from jebi.web.responses import JSONResponse, PlainTextResponse
from jebi.web.routing import (
    Host,
    Mount,
    NoMatchFound,
    Route,
    Router,
    WebSocketRoute,
    compile_path,
)
from jebi.web.testclient import TestClient

if TYPE_CHECKING:
    from jebi.web.requests import Request
    from jebi.web.websockets import WebSocket


def endpoint(request: Request) -> JSONResponse:
    return JSONResponse({name: str(value) for name, value in request.path_params.items()})


async def where(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{request.scope['root_path']} {request.url_for('home')}")


@pytest.mark.parametrize(
    ("template", "path", "params"),
    [
        ("/{a}", "/x", {"a": "x"}),
        ("/{a}", "/x/y", None),
        ("/{a:int}", "/12", {"a": "12"}),
        ("/{a:int}", "/-1", None),
        ("/{a:int}", "/1%0A", None),
        ("/{a:int}", "/" + "9" * 5000, None),
        ("/{a:float}", "/1.50", {"a": "1.5"}),
        ("/{a:path}", "/x/y", {"a": "x/y"}),
        ("/{a:uuid}", "/" + "0" * 32, {"a": str(UUID(int=0))}),
        ("/{a}-{b:int}", "/x-1", {"a": "x", "b": "1"}),
    ],
)
def test_what_matches(template: str, path: str, params: dict[str, str] | None) -> None:
    response = TestClient(Router([Route(template, endpoint)])).get(path)
    assert (response.json() if response.status_code == 200 else None) == params


def test_names_of_parameters_are_unique() -> None:
    with pytest.raises(ValueError, match=r"Duplicated param name a at path /\{a\}/\{a\}"):
        compile_path("/{a}/{a}")


def test_the_first_full_match_wins() -> None:
    router = Router(
        [
            Route("/a", lambda _: PlainTextResponse("post"), methods=["POST"]),
            Route("/a", lambda _: PlainTextResponse("get")),
            Route("/{x}", lambda _: PlainTextResponse("other")),
        ]
    )
    client = TestClient(router)
    assert client.get("/a").text == "get"
    assert client.post("/a").text == "post"
    assert client.head("/a").text == ""
    refused = client.delete("/a")
    assert refused.status_code == 405
    assert refused.headers["allow"] == "POST"


def test_slashes_are_redirected() -> None:
    client = TestClient(Router([Route("/a", endpoint), Route("/b/", endpoint)]))
    redirect = client.get("/a/?q=1", follow_redirects=False)
    assert (redirect.status_code, redirect.headers["location"]) == (307, "http://testserver/a?q=1")
    assert client.get("/b").url == "http://testserver/b/"
    assert client.get("/c/").status_code == 404


def test_a_redirect_stays_on_the_host() -> None:
    client = TestClient(Router([Route("/{a:path}/", endpoint)]))
    response = client.get("http://testserver//evil.example/x", follow_redirects=False)
    assert response.headers["location"].startswith("http://testserver/")


def test_mounts_and_their_urls() -> None:
    inner = [Route("/x", where, name="x"), Route("/{path:path}", endpoint, name="any")]
    app = Starlette(
        routes=[
            Route("/", endpoint, name="home"),
            Mount("/m/{tenant}", routes=inner, name="m"),
            Mount("/static", app=PlainTextResponse("file"), name="static"),
        ]
    )
    client = TestClient(app, root_path="/root")
    assert client.get("/root/m/t/x").text == "/root/m/t http://testserver/root/"
    assert client.get("/root/m/t/y/z").json() == {"tenant": "t", "path": "y/z"}
    assert app.url_path_for("m:x", tenant="t") == "/m/t/x"
    assert app.url_path_for("m:any", tenant="{path}", path="p") == "/m/{path}/p"
    assert app.url_path_for("static", path="/css/a.css") == "/static/css/a.css"
    with pytest.raises(NoMatchFound, match='"m:x" and params "other"'):
        app.url_path_for("m:x", other="t")


def test_hosts() -> None:
    tenant = Router([Route("/", endpoint, name="home")])
    router = Router([Host("{tenant}.example.org:443", tenant, name="t"), Route("/", endpoint)])
    assert TestClient(router, base_url="http://ANN.example.org:80").get("/").json() == {
        "tenant": "ann"
    }
    assert TestClient(router, base_url="http://example.com").get("/").json() == {}
    url = router.url_path_for("t:home", tenant="bob").make_absolute_url("https://x")
    assert str(url) == "https://bob.example.org:443/"


def test_websockets() -> None:
    async def echo(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_json(websocket.path_params)
        await websocket.close()

    client = TestClient(Router([WebSocketRoute("/{a:int}", echo), Route("/x", endpoint)]))
    with client.websocket_connect("/5") as websocket:
        assert websocket.receive_json() == {"a": 5}


def test_classes_are_applications() -> None:
    class Endpoint:
        def __init__(self, scope: Any, receive: Any, send: Any) -> None:
            self.parts = (scope, receive, send)

        def __await__(self) -> Any:
            return PlainTextResponse("class")(*self.parts).__await__()

    assert TestClient(Route("/", Endpoint)).put("/").text == "class"
    assert TestClient(Route("/", Endpoint)).get("/x").status_code == 404
