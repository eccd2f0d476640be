"""Which applications and routes of the toolkit the engine serves itself."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

import pytest

from jebi.server.application import for_engine
from jebi.web import _native
from jebi.web.applications import Starlette
from jebi.web.middleware import Middleware
from jebi.web.middleware.gzip import GZipMiddleware
from jebi.web.middleware.sessions import SessionMiddleware
from jebi.web.responses import JSONResponse, PlainTextResponse, Response
from jebi.web.routing import Host, Match, Mount, Route, Router, WebSocketRoute, request_response
from tests.connection.peers import Served

if TYPE_CHECKING:
    from jebi.web.requests import Request
    from jebi.web.routing import BaseRoute
    from jebi.web.types import Receive, Scope, Send


async def endpoint(request: Request) -> Response:
    shown = {name: str(value) for name, value in request.path_params.items()}
    return JSONResponse([request.scope["route"].name, shown])


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Not to be called."""


def native_of(*routes: BaseRoute, **options: Any) -> Any:
    return _native.compile_native(Starlette(routes=list(routes), **options))


def test_a_plain_application_is_native() -> None:
    assert native_of(Route("/", endpoint), Mount("/m", application)) is not None
    app = Starlette(routes=[Route("/", endpoint)])
    assert type(for_engine(app)).__name__ == "Native"


@pytest.mark.parametrize(
    "options",
    [
        {"debug": True},
        {"max_body_size": 1},
        {"middleware": [Middleware(SessionMiddleware, "key")]},
        {"middleware": [Middleware(GZipMiddleware), Middleware(SessionMiddleware, "key")]},
    ],
)
def test_what_stands_around_the_router_takes_the_asgi_form(options: Any) -> None:
    assert native_of(Route("/", endpoint), **options) is None
    app = Starlette(routes=[Route("/", endpoint)], **options)
    assert for_engine(app) is app


def test_hosts_take_the_asgi_form() -> None:
    assert native_of(Host("a.test", application), Route("/", endpoint)) is None


def test_methods_of_a_subclass_take_the_asgi_form() -> None:
    class Own(Starlette):
        def build_middleware_stack(self) -> Any:
            return super().build_middleware_stack()

    assert _native.compile_native(Own(routes=[Route("/", endpoint)])) is None


@pytest.mark.parametrize("owner", [Starlette, Router])
def test_what_tools_wrap_takes_the_asgi_form(owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    original = owner.__call__

    @functools.wraps(original)
    async def traced(*args: Any) -> None:
        await original(*args)

    monkeypatch.setattr(owner, "__call__", traced)
    assert native_of(Route("/", endpoint)) is None


def test_only_routes_to_functions_have_a_plan() -> None:
    class Own(Route):
        def matches(self, scope: Scope) -> tuple[Match, Scope]:
            return super().matches(scope)

    class Handling(Route):
        async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
            await super().handle(scope, receive, send)

    class Callable:
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            """An application, as any object is that can be called."""

    app = Starlette()
    assert _native.function_plan(app, Route("/", endpoint)) is not None
    assert _native.function_plan(app, Route("/{n:int}", lambda _: Response())) is not None
    replaced, wrapped = Route("/", endpoint), Route("/", endpoint)
    replaced.app = application
    wrapped.app = GZipMiddleware(wrapped.app)
    for route in (
        Own("/", endpoint),
        Handling("/", endpoint),
        Route("/", Callable()),
        Route("/", endpoint, max_body_size=3),
        Route("/", endpoint, middleware=[Middleware(GZipMiddleware)]),
        replaced,
        wrapped,
    ):
        assert _native.function_plan(app, route) is None, route
    again = Route("/", endpoint)
    again.app = request_response(endpoint)
    assert _native.function_plan(app, again) is not None


def ask(served: Served, path: str) -> Any:
    answer = served.ask(f"GET {path} HTTP/1.1\r\nHost: test\r\n\r\n".encode())
    return json.loads(answer.body) if answer.status == 200 else answer.status


def test_routes_may_change_while_they_are_served() -> None:
    first = Route("/{name}", endpoint, name="first")
    app = Starlette(routes=[first, WebSocketRoute("/w", endpoint)])
    native = _native.compile_native(app)
    with Served(native) as served:
        assert ask(served, "/x") == ["first", {"name": "x"}]
        app.router.routes.insert(0, Route("/x", endpoint, name="second"))
        assert ask(served, "/x") == ["second", {}]
        del app.routes[:]
        assert ask(served, "/x") == 404
        app.router.routes = [first]
        assert ask(served, "/x") == ["first", {"name": "x"}]


def test_another_list_retires_the_plans() -> None:
    app = Starlette(routes=[Route("/x", endpoint, name="first")])
    with Served(_native.compile_native(app)) as served:
        app.router.routes = [Route("/x", endpoint, name="second")]
        assert ask(served, "/x") == ["second", {}]
    assert _native.compile_native(app) is None  # a list that changes without a word


def test_a_path_may_change_while_it_is_served() -> None:
    route = Route("/x", endpoint)
    app = Starlette(routes=[route])
    with Served(_native.compile_native(app)) as served:
        route.path_regex = Route("/y", endpoint).path_regex
        assert (ask(served, "/x"), ask(served, "/y")) == (404, ["endpoint", {}])


def test_convertors_keep_their_types() -> None:
    async def kinds(request: Request) -> Response:
        values = request.path_params.values()
        return JSONResponse([type(value).__name__ for value in values])

    path = "/{a:int}/{b:float}/{c:uuid}/{d}/{e:path}"
    with Served(native_of(Route(path, kinds))) as served:
        assert ask(served, f"/1/2/{'0' * 32}/4/5/6") == ["int", "float", "UUID", "str", "str"]


def test_what_a_handler_raises_has_handlers_too() -> None:
    def raising(request: Request) -> Response:
        raise KeyError

    async def on_key(request: Request, error: Exception) -> Response:
        raise IndexError

    async def on_index(request: Request, error: Exception) -> Response:
        return PlainTextResponse('"handled"')

    handlers: Any = {KeyError: on_key, IndexError: on_index}
    with Served(native_of(Route("/", raising), exception_handlers=handlers)) as served:
        assert ask(served, "/") == "handled"
