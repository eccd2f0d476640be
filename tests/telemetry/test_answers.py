"""Whoever watches changes nothing: the same answers with telemetry and without."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import BaseModel

from jebi import (
    Body,
    Cookie,
    Depends,
    FastAPI,
    File,
    Form,
    Header,
    HTTPException,
    Query,
    Response,
    Security,
    UploadFile,
    routing,
)
from jebi.responses import PlainTextResponse
from jebi.security import APIKeyHeader
from jebi.telemetry import TelemetryConfig
from jebi.testclient import TestClient

from .conftest import Told


class Item(BaseModel):
    name: str
    day: date = date(2030, 1, 2)
    price: Decimal = Decimal("1.50")


@dataclass
class Point:
    x: int
    y: float = 0.5


def _shared(n: int = 1) -> int:
    return n


async def _left(n: Annotated[int, Depends(_shared)]) -> AsyncIterator[int]:
    yield n + 1


def _right(
    n: Annotated[int, Depends(_shared)], left: Annotated[int, Depends(_left)]
) -> Iterator[int]:
    yield n * left


def _build(telemetry: TelemetryConfig | None) -> FastAPI:
    app = FastAPI(telemetry=telemetry)

    @app.get("/plain/{key}")
    async def plain(key: str, q: Annotated[list[int], Query()] = [], c: str = Cookie("")) -> Any:  # noqa: B006 - as people write it
        return {"key": key, "q": q, "c": c, "day": date(2030, 1, 2)}

    @app.get("/diamond")
    def diamond(
        left: Annotated[int, Depends(_left)],
        right: Annotated[int, Depends(_right)],
        response: Response,
        x_token: Annotated[str, Header()],
    ) -> list[Any]:
        response.headers["x-seen"] = x_token
        response.status_code = 202
        return [left, right]

    @app.post("/together")
    async def together(
        left: Annotated[int, Depends(_left, parallel=True)],
        right: Annotated[int, Depends(_right, parallel=True)],
        a: Annotated[int, Form()],
    ) -> list[int]:
        return [left, right, a]

    @app.post("/item", status_code=201)
    async def item(item: Item, extra: Annotated[Point, Body()]) -> Item:
        assert isinstance(extra, Point)
        return item

    @app.put("/item", response_model_exclude_unset=True)
    def put(item: Item) -> Item:
        return item

    _add_rarer_answers(app)
    return app


def _add_rarer_answers(app: FastAPI) -> None:
    @app.get("/wrong", response_model=Item)
    async def wrong() -> Any:
        return {"none": 1}

    @app.post("/form")
    async def form(
        a: Annotated[int, Form()], file: UploadFile, raw: Annotated[bytes, File()]
    ) -> Any:
        return [a, file.filename, len(raw)]

    @app.get("/lines")
    async def lines() -> AsyncIterator[Point]:
        yield Point(1)
        yield Point(2)

    @app.get("/text", response_class=PlainTextResponse)
    def text(key: Annotated[str, Security(APIKeyHeader(name="x-key"))]) -> str:
        if key == "bad":
            raise HTTPException(403, headers={"x-why": "bad"})
        return key

    @app.delete("/nothing", status_code=204)
    async def nothing() -> None: ...


_ITEM = {"item": {"name": "n"}, "extra": {"x": 1}}
_FILES = {"file": ("f.txt", b"abc"), "raw": b"abcd"}
_REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/plain/a?q=1&q=2", {"headers": {"cookie": "c=3"}}),
    ("GET", "/plain/a?q=x", {}),
    ("GET", "/diamond?n=3", {"headers": {"x-token": "t"}}),
    ("GET", "/diamond?n=x", {}),
    ("POST", "/together?n=3", {"data": {"a": "1"}}),
    ("POST", "/together?n=x", {"data": {"a": "x"}}),
    ("POST", "/item", {"json": _ITEM}),
    ("POST", "/item", {"json": {"item": {}, "extra": {"x": "x"}}}),
    ("POST", "/item", {"content": b"{", "headers": {"content-type": "application/json"}}),
    ("POST", "/item", {"content": b"text", "headers": {"content-type": "text/plain"}}),
    ("PUT", "/item", {"json": {"name": "n"}}),
    ("GET", "/wrong", {}),
    ("POST", "/form", {"data": {"a": "1"}, "files": _FILES}),
    ("POST", "/form", {"data": {"a": "x"}}),
    ("GET", "/lines", {}),
    ("GET", "/text", {"headers": {"x-key": "k"}}),
    ("GET", "/text", {"headers": {"x-key": "bad"}}),
    ("GET", "/text", {}),
    ("DELETE", "/nothing", {}),
    ("DELETE", "/text", {}),
    ("GET", "/text/", {"follow_redirects": False}),
]


_IDS = [f"{number} {method} {url}" for number, (method, url, _) in enumerate(_REQUESTS)]


def _ask(app: Any, method: str, url: str, options: dict[str, Any]) -> Any:
    return TestClient(app, raise_server_exceptions=False).request(method, url, **options)


def _assert_same(one: Any, other: Any) -> None:
    assert (one.status_code, one.content) == (other.status_code, other.content)
    assert sorted(one.headers.raw) == sorted(other.headers.raw)


@pytest.mark.parametrize(("method", "url", "options"), _REQUESTS, ids=_IDS)
def test_the_answer_is_the_same(told: Told, method: str, url: str, options: dict[str, Any]) -> None:
    watched = _ask(_build(told.config), method, url, options)
    _assert_same(watched, _ask(_build(None), method, url, options))
    assert told.spans()


@pytest.mark.parametrize(("method", "url", "options"), _REQUESTS, ids=_IDS)
def test_the_answer_is_the_same_through_the_functions_of_a_tool(
    monkeypatch: pytest.MonkeyPatch, method: str, url: str, options: dict[str, Any]
) -> None:
    solve, run = routing.solve_dependencies, routing.run_endpoint_function
    calls: list[Any] = []

    async def solve_and_note(*, request: Any, **more: Any) -> Any:
        calls.append(request.url.path)
        solved = await solve(request=request, **more)
        return replace(solved, values=dict(solved.values))

    async def run_and_note(*, dependant: Any, **more: Any) -> Any:
        calls.append(dependant.call)
        return await run(dependant=dependant, **more)

    app = _build(None)

    async def announced(scope: Any, receive: Any, send: Any) -> None:
        scope.setdefault("fastapi.telemetry", None)
        await app(scope, receive, send)

    expected = _ask(app, method, url, options)
    _assert_same(_ask(announced, method, url, options), expected)
    monkeypatch.setattr(routing, "solve_dependencies", solve_and_note)
    monkeypatch.setattr(routing, "run_endpoint_function", run_and_note)
    _assert_same(_ask(announced, method, url, options), expected)
    if expected.status_code in {200, 201, 202, 204} and url != "/lines":
        assert len(calls) == 2
