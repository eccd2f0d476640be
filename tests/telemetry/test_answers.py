"""Whoever watches changes nothing: the same answers with telemetry and without."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
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
    async def plain(key: str, q: Annotated[list[int], Query()] = [], c: str = Cookie("")) -> Any:  # noqa: B006
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


@pytest.mark.parametrize(
    ("method", "url", "options"),
    _REQUESTS,
    ids=[f"{m} {u} {i}" for i, (m, u, _) in enumerate(_REQUESTS)],
)
def test_the_answer_is_the_same(told: Told, method: str, url: str, options: dict[str, Any]) -> None:
    ask: Callable[[FastAPI], Any] = lambda app: TestClient(  # noqa: E731
        app, raise_server_exceptions=False
    ).request(method, url, **options)
    watched, alone = ask(_build(told.config)), ask(_build(None))
    assert (watched.status_code, watched.content) == (alone.status_code, alone.content)
    assert sorted(watched.headers.raw) == sorted(alone.headers.raw)
    assert told.spans()
