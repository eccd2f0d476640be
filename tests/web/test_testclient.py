"""The test client."""

from __future__ import annotations

import asyncio
import contextvars
from typing import TYPE_CHECKING, Any

import pytest

from jebi.web.applications import Starlette
from jebi.web.exceptions import StarletteDeprecationWarning
from jebi.web.responses import JSONResponse, PlainTextResponse
from jebi.web.routing import Route
from jebi.web.testclient import TestClient

if TYPE_CHECKING:
    from jebi.web.requests import Request


async def scope_of(request: Request) -> JSONResponse:
    keys = ("path", "raw_path", "query_string", "client", "server", "root_path", "scheme")
    values = [request.scope[key] for key in keys]
    return JSONResponse([v.decode() if isinstance(v, bytes) else v for v in values])


def test_the_scope_is_a_servers() -> None:
    app = Starlette(routes=[Route("/{x:path}", scope_of)])
    client = TestClient(app, base_url="https://h:1", root_path="/r", client=("c", 2))
    assert client.get("/a%20b?q=%20").json() == [
        "/a b",
        "/a%20b",
        "q=%20",
        ["c", 2],
        ["h", 1],
        "/r",
        "https",
    ]
    assert TestClient(app).get("/").json()[4] == ["testserver", 80]


def test_old_applications_work() -> None:
    def asgi2(scope: Any) -> Any:
        async def instance(receive: Any, send: Any) -> None:
            await PlainTextResponse("old")(scope, receive, send)

        return instance

    assert TestClient(asgi2).get("/").text == "old"  # type: ignore[arg-type]  # ASGI 2


def test_no_response_is_an_error() -> None:
    async def silent(scope: Any, receive: Any, send: Any) -> None:
        pass

    with pytest.raises(AssertionError, match="did not receive any response"):
        TestClient(silent).get("/")
    assert TestClient(silent, raise_server_exceptions=False).get("/").status_code == 500


def test_a_stream_can_be_left() -> None:
    ended = []

    async def endless(scope: Any, receive: Any, send: Any) -> None:
        try:
            await send({"type": "http.response.start", "status": 200})
            while True:
                await send({"type": "http.response.body", "body": b"x", "more_body": True})
        finally:
            ended.append(True)

    client = TestClient(endless)
    with client.stream("GET", "/") as response:
        pieces = response.iter_raw()
        assert next(pieces) == b"x"
        assert not ended
    assert ended == [True]


def test_one_loop_for_a_context() -> None:
    seen: list[int] = []

    async def remember(request: Request) -> PlainTextResponse:
        seen.append(id(asyncio.get_running_loop()))
        return PlainTextResponse("ok")

    app = Starlette(routes=[Route("/", remember)])
    with TestClient(app) as client:
        client.get("/")
        client.get("/")
    assert len(set(seen)) == 1


def test_a_timeout_is_pointed_out() -> None:
    with pytest.warns(StarletteDeprecationWarning, match="timeout"):
        TestClient(PlainTextResponse("x")).get("/", timeout=1)


def test_context_variables_reach_def_endpoints() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")

    def read(request: Request) -> PlainTextResponse:
        return PlainTextResponse(variable.get())

    inner = Starlette(routes=[Route("/", read)])

    async def app(scope: Any, receive: Any, send: Any) -> None:
        variable.set("seen")
        await inner(scope, receive, send)

    assert TestClient(app).get("/").text == "seen"
