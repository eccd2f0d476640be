"""Which applications and routes the engine serves itself."""

import functools
import json
from typing import Annotated, Any

import pytest

from jebi import FastAPI, Form, Request, Response
from jebi._native import _plan, compile_native
from jebi.routing import APIRoute, request_response
from jebi.testclient import TestClient
from jebi.web.applications import Starlette
from jebi.web.middleware import Middleware
from jebi.web.middleware.exceptions import ExceptionMiddleware
from jebi.web.middleware.sessions import SessionMiddleware
from jebi.web.routing import Router
from tests.connection.peers import Served


def _declare(app: FastAPI) -> FastAPI:
    app.get("/")(lambda: 1)
    return app


def test_a_plain_application_is_native() -> None:
    assert compile_native(_declare(FastAPI())) is not None


@pytest.mark.filterwarnings("ignore:The `root_path` parameter")
@pytest.mark.parametrize(
    "options",
    [
        {"debug": True},
        {"max_body_size": 1},
        {"root_path": "/api"},
        {"middleware": [Middleware(SessionMiddleware, "key")]},
    ],
)
def test_what_stands_around_the_router_takes_the_asgi_form(options: Any) -> None:
    assert compile_native(_declare(FastAPI(**options))) is None


def test_overridden_methods_take_the_asgi_form() -> None:
    class Own(FastAPI):
        async def __call__(self, *args: Any) -> None:
            await super().__call__(*args)

    assert compile_native(_declare(Own())) is None


@pytest.mark.parametrize("owner", [Starlette, FastAPI, Router, ExceptionMiddleware])
def test_what_tools_wrap_takes_the_asgi_form(owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    original = owner.__call__

    @functools.wraps(original)
    async def traced(*args: Any) -> None:
        await original(*args)

    monkeypatch.setattr(owner, "__call__", traced)
    assert compile_native(_declare(FastAPI())) is None


def test_a_stack_that_is_built_otherwise_takes_the_asgi_form() -> None:
    app = _declare(FastAPI())
    build = app.build_middleware_stack
    app.build_middleware_stack = lambda: build()  # type: ignore[method-assign]  # replaced on purpose
    assert compile_native(app) is None


def test_only_plain_routes_have_a_plan() -> None:
    class Wrapping(APIRoute):
        def get_route_handler(self) -> Any:
            handler = super().get_route_handler()

            async def wrapped(request: Request) -> Response:
                return await handler(request)

            return wrapped

    def form(name: Annotated[str, Form()]) -> str:
        return name

    app = FastAPI()
    assert _plan(app, APIRoute("/", lambda: 1)) is not None
    assert _plan(app, Wrapping("/", lambda: 1)) is None
    replaced = APIRoute("/", lambda: 1)
    replaced.app = request_response(replaced.get_route_handler())
    assert _plan(app, replaced) is None
    assert _plan(app, APIRoute("/", form, methods=["POST"])) is None
    assert _plan(app, APIRoute("/", lambda: 1, max_body_size=3)) is None


def test_convertors_have_a_plan_where_the_field_converts_alike() -> None:
    def number(n: int) -> int:
        return n

    def text(n: str) -> str:
        return n

    def anything(n: Any) -> Any:
        return n

    app = FastAPI()
    assert _plan(app, APIRoute("/{n:int}", number)) is not None
    assert _plan(app, APIRoute("/{n:path}", text)) is not None
    assert _plan(app, APIRoute("/{n:int}", lambda: 1)) is not None
    assert _plan(app, APIRoute("/{n:int}", text)) is None
    assert _plan(app, APIRoute("/{n:float}", anything)) is None


def test_native_requests_know_where_they_are() -> None:
    app = FastAPI()

    @app.get("/items/{n:int}", name="item")
    def read(n: int, request: Request) -> Any:
        scope = request.scope
        return [
            request.app is app,
            scope["route"].path,
            scope["endpoint"] is read,
            request.path_params,
            request.url_for("item", n=7).path,
        ]

    expected = [True, "/items/{n:int}", True, {"n": 3}, "/items/7"]
    native = compile_native(app)
    assert native is not None
    with Served(native) as served:
        assert (
            json.loads(served.ask(b"GET /items/3 HTTP/1.1\r\nHost: test\r\n\r\n").body) == expected
        )
    assert TestClient(app).get("/items/3").json() == expected
