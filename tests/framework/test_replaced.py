"""Functions of FastAPI's and Starlette's modules that tools replace, and are called instead of."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Annotated, Any

import pytest

from jebi import BackgroundTasks, Depends, FastAPI, WebSocket, routing
from jebi._native import _plan
from jebi.testclient import TestClient
from jebi.web import routing as web_routing
from jebi.web.requests import Request  # noqa: TC001 - read at run time
from jebi.web.responses import PlainTextResponse

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

notes: list[str] = []


async def given() -> str:
    return "given"


def build() -> FastAPI:
    app = FastAPI()

    @app.get("/async/{number}", status_code=201)
    async def coroutine(
        number: int, text: Annotated[str, Depends(given)], tasks: BackgroundTasks
    ) -> dict[str, Any]:
        tasks.add_task(notes.append, "task")
        return {"number": number, "text": text}

    @app.get("/def")
    def function() -> list[int]:
        return [1]

    @app.websocket("/ws")
    async def talk(websocket: WebSocket, text: Annotated[str, Depends(given)]) -> None:
        await websocket.accept()
        await websocket.send_text(text)
        await websocket.close()

    async def page(request: Request) -> PlainTextResponse:
        return PlainTextResponse(request.url.path)

    async def echo(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("plain")
        await websocket.close()

    app.router.routes.append(web_routing.Route("/page", page))
    app.router.routes.append(web_routing.WebSocketRoute("/plain", echo))
    return app


def said(app: FastAPI, *, engine: bool) -> list[Any]:
    """What the application answers, by the compiled path where that may be, or in ASGI's form."""
    said: list[Any] = []
    with TestClient(app, engine=engine) as client:
        for path in ("/async/7", "/async/x", "/def", "/page", "/openapi.json"):
            answer = client.get(path)
            said.append((path, answer.status_code, sorted(answer.headers.items()), answer.text))
        for path in ("/ws", "/plain"):
            with client.websocket_connect(path) as websocket:
                said.append((path, websocket.receive_text()))
    return said


def counted(function: Callable[..., Any], calls: list[str]) -> Callable[..., Any]:
    """What a tool would put in the place of a function."""
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def replacement(*args: Any, **options: Any) -> Any:
            calls.append("called")
            return await function(*args, **options)

        return replacement

    @functools.wraps(function)
    def made(*args: Any, **options: Any) -> Any:
        result = function(*args, **options)
        return counted(result, calls) if inspect.iscoroutinefunction(result) else result

    return made


@pytest.mark.parametrize("engine", [True, False])
@pytest.mark.parametrize(
    ("module", "name", "calls"),
    [
        (routing, "solve_dependencies", 4),  # once a path operation, wrong parameters included
        (routing, "run_endpoint_function", 2),
        (routing, "serialize_response", 2),
        (routing, "get_request_handler", 3),
        (routing, "request_response", 3),
        (routing, "get_websocket_app", 1),
        (routing, "websocket_session", 1),
        (web_routing, "request_response", 2),  # the document is a page
        (web_routing, "websocket_session", 1),
    ],
)
def test_a_replaced_function_is_called_and_the_answers_stay(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, calls: int, *, engine: bool
) -> None:
    expected = said(build(), engine=engine)
    seen: list[str] = []
    monkeypatch.setattr(module, name, counted(getattr(module, name), seen))
    notes.clear()
    assert said(build(), engine=engine) == expected
    assert len(seen) == calls
    assert notes == ["task"]


@pytest.mark.parametrize("name", ["solve_dependencies", "run_endpoint_function"])
def test_what_is_replaced_after_the_declaration_is_called_too(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    app = build()
    seen: list[str] = []
    monkeypatch.setattr(routing, name, counted(getattr(routing, name), seen))
    said(app, engine=True)
    assert seen


def test_a_function_that_a_tool_has_wrapped_keeps_its_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    made = web_routing.request_response
    seen: list[str] = []
    monkeypatch.setattr(
        web_routing, "request_response", lambda function: made(counted(function, seen))
    )
    app = build()
    page = next(route for route in app.routes if getattr(route, "path", "") == "/page")
    assert isinstance(page, web_routing.Route)
    assert _plan(app, page) is not None
    said(app, engine=True)
    assert len(seen) == 2  # the document is such a page, too


class Proxy:
    """A wrapper that says that it is what it wraps, as those of monitoring agents do."""

    def __init__(self, wrapped: Any, calls: list[str]) -> None:
        self.wrapped = wrapped
        self.calls = calls

    def __get__(self, instance: Any, owner: Any = None) -> Proxy:
        return Proxy(self.wrapped.__get__(instance, owner), self.calls)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.wrapped, name)

    def __call__(self, *args: Any) -> Any:
        self.calls.append("called")
        return self.wrapped(*args)


@pytest.mark.parametrize("engine", [True, False])
def test_a_method_behind_a_proxy_is_called(
    monkeypatch: pytest.MonkeyPatch, *, engine: bool
) -> None:
    expected = said(build(), engine=engine)
    seen: list[str] = []
    monkeypatch.setattr(web_routing.Route, "handle", Proxy(web_routing.Route.handle, seen))
    assert said(build(), engine=engine) == expected
    assert len(seen) == 5  # path operations, wrong parameters included, the page and the document
