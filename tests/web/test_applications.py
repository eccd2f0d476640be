"""The application: handlers, middleware, lifespan."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from jebi.web.applications import Starlette
from jebi.web.exceptions import HTTPException, StarletteDeprecationWarning, WebSocketException
from jebi.web.middleware import Middleware
from jebi.web.responses import JSONResponse, PlainTextResponse, Response
from jebi.web.routing import Route, WebSocketRoute
from jebi.web.testclient import TestClient
from jebi.web.websockets import WebSocket, WebSocketDisconnect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from jebi.web.requests import Request


async def fails(request: Request) -> Response:
    raise {
        "http": HTTPException(403, headers={"x-why": "because"}),
        "empty": HTTPException(304),
        "key": KeyError("k"),
        "os": FileNotFoundError("f"),
    }[request.path_params["how"]]


def app(**options: Any) -> Starlette:
    return Starlette(routes=[Route("/{how}", fails)], **options)


def test_http_exceptions_are_answers() -> None:
    client = TestClient(app())
    response = client.get("/http")
    assert (response.status_code, response.text) == (403, "Forbidden")
    assert response.headers["x-why"] == "because"
    assert client.get("/empty").content == b""


def test_handlers_by_status_class_and_for_the_rest() -> None:
    async def by_status(request: Request, error: Exception) -> Response:
        return PlainTextResponse("status", 403)

    def by_class(request: Request, error: Exception) -> Response:
        return PlainTextResponse("class", 404)

    handlers: Any = {
        403: by_status,
        OSError: by_class,
        Exception: lambda *_: PlainTextResponse("rest", 500),
    }
    client = TestClient(app(exception_handlers=handlers), raise_server_exceptions=False)
    assert [client.get(f"/{how}").text for how in ("http", "os", "key")] == [
        "status",
        "class",
        "rest",
    ]


def test_unexpected_exceptions_are_raised_and_answered() -> None:
    with pytest.raises(KeyError):
        TestClient(app()).get("/key")
    quiet = TestClient(app(), raise_server_exceptions=False)
    assert quiet.get("/key").text == "Internal Server Error"
    debug = TestClient(app(debug=True), raise_server_exceptions=False)
    assert "KeyError" in debug.get("/key").text
    page = debug.get("/key", headers={"accept": "text/html"}).text
    assert "<details open>" in page
    assert "KeyError" in page


def test_middleware_wraps_in_order() -> None:
    def tag(name: str) -> Any:
        def middleware(inner: Any) -> Any:
            async def wrapped(scope: Any, receive: Any, send: Any) -> None:
                scope.setdefault("tags", []).append(name)
                await inner(scope, receive, send)

            return wrapped

        return middleware

    def tags(request: Request) -> Response:
        return JSONResponse(request.scope["tags"])

    tagged = Starlette(
        routes=[Route("/", tags, middleware=[Middleware(tag("route"))])],
        middleware=[Middleware(tag("first")), Middleware(tag("second"))],
    )
    tagged.add_middleware(tag("added"))
    client = TestClient(tagged)
    assert client.get("/").json() == ["added", "first", "second", "route"]
    with pytest.raises(RuntimeError, match="after an application has started"):
        tagged.add_middleware(tag("late"))


def test_lifespan_gives_state_to_requests() -> None:
    events = []

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, str]]:
        events.append("up")
        yield {"db": "open"}
        events.append("down")

    def read(request: Request) -> Response:
        return PlainTextResponse(request.state.db)

    with TestClient(Starlette(routes=[Route("/", read)], lifespan=lifespan)) as client:
        assert client.get("/").text == "open"
        assert events == ["up"]
    assert events == ["up", "down"]


@pytest.mark.parametrize("before", [True, False])
def test_a_lifespan_that_fails(before: bool) -> None:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        if before:
            raise OSError("no")
        yield
        raise OSError("no")

    with pytest.raises(OSError, match="no"), TestClient(Starlette(lifespan=lifespan)):
        assert not before


def test_bare_generators_are_deprecated() -> None:
    def lifespan(app: Starlette) -> Any:
        yield {"a": 1}

    with pytest.warns(StarletteDeprecationWarning, match="generator function lifespans"):
        old = Starlette(lifespan=lifespan)
    with TestClient(old) as client:
        assert client.app_state == {"a": 1}


def test_websocket_exceptions_close() -> None:
    async def refuse(websocket: WebSocket) -> None:
        raise WebSocketException(1008, "no")

    client = TestClient(Starlette(routes=[WebSocketRoute("/", refuse)]))
    with pytest.raises(WebSocketDisconnect) as caught, client.websocket_connect("/"):
        pass
    assert (caught.value.code, caught.value.reason) == (1008, "no")


def test_a_limit_on_bodies() -> None:
    async def length(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    async def unread(request: Request) -> Response:
        return PlainTextResponse("unread")

    routes = [
        Route("/", length, methods=["POST"]),
        Route("/big", length, methods=["POST"], max_body_size=8),
        Route("/unread", unread, methods=["POST"]),
    ]
    client = TestClient(Starlette(routes=routes, max_body_size=4))
    assert client.post("/", content=b"1234").text == "4"
    assert client.post("/", content=b"12345").status_code == 413
    assert client.post("/big", content=b"12345678").text == "8"
    assert client.post("/unread", content=b"12345").text == "Content Too Large"
    assert client.post("/", content=iter([b"123", b"45"])).status_code == 413
