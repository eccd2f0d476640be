"""The native path and the ASGI form give the same bytes."""

import json
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, Field

from jebi import (
    APIRouter,
    BackgroundTasks,
    Body,
    Cookie,
    Depends,
    FastAPI,
    Form,
    Header,
    HTTPException,
    Path,
    Query,
    Request,
    Response,
)
from jebi.responses import HTMLResponse, JSONResponse, PlainTextResponse, StreamingResponse
from tests.connection.peers import Served
from tests.plan.both_ways import compare, get, send


class Size(StrEnum):
    small = "small"
    large = "large"


class Item(BaseModel):
    name: str
    price: float = Field(gt=0)
    tags: list[str] = []


class Priced(BaseModel):
    name: str
    price: float


class Filters(BaseModel):
    limit: int = 10
    names: list[str] = []


@dataclass
class Point:
    x: int
    y: int


class TeapotError(Exception):
    pass


async def number(n: int) -> int:
    return n


def doubled(n: Annotated[int, Depends(number)]) -> int:
    return n * 2


async def resource() -> AsyncIterator[str]:
    yield "resource"


def blocking_resource() -> Iterator[str]:
    yield "blocking resource"


class Pager:
    def __init__(self, page: int = 1, size: int = 10) -> None:
        self.page, self.size = page, size


def answer_what_was_declared(app: FastAPI) -> None:
    @app.get("/plain")
    async def plain() -> Any:
        return {"text": "Grüße, 제비 🐦", "n": [1, -2.5, None, True], "nested": {"a": {}}}

    @app.get("/odd")
    async def odd() -> Any:
        return {
            "id": uuid.UUID(int=7),
            "at": datetime(2026, 11, 21, tzinfo=UTC),
            "price": Decimal("1.50"),
            "size": Size.small,
            "point": Point(1, 2),
            "item": Item(name="x", price=1),
            "set": {1},
            3: "three",
        }

    @app.get("/def")
    def blocking() -> Any:
        return "text"

    @app.get("/html", response_class=HTMLResponse)
    async def html() -> str:
        return "<p>html</p>"

    @app.get("/model", response_model=list[Priced], response_model_exclude_unset=True)
    async def model() -> Any:
        return [{"name": "a", "price": 1, "secret": "x"}]

    @app.get("/broken-model", response_model=Priced)
    async def broken_model() -> Any:
        return {"name": "a"}

    @app.delete("/nothing", status_code=204)
    async def nothing() -> None:
        return None


def answer_what_they_make(app: FastAPI) -> None:
    @app.get("/amended")
    async def amended(response: Response) -> Any:
        response.headers["X-Extra"] = "1"
        response.set_cookie("seen", "yes")
        response.status_code = 202
        return {"amended": True}

    @app.get("/responses/{kind}")
    def responses(kind: str, background: BackgroundTasks) -> Any:
        background.add_task(str)
        match kind:
            case "plain":
                return PlainTextResponse("plain", headers={"x-a": "b"})
            case "json":
                return JSONResponse({"a": 1}, status_code=418)
            case "stream":
                return StreamingResponse(iter([b"one", b"two"]), media_type="text/plain")
        return {"kind": kind}


def take_parameters(app: FastAPI) -> None:
    @app.get("/items/{item_id}")
    async def item(item_id: int, q: str | None = None, limit: Annotated[int, Query(le=100)] = 10):  # type: ignore[no-untyped-def]  # noqa: ANN202 - as people write it
        return {"item_id": item_id, "q": q, "limit": limit}

    @app.get("/kinds/{size}/{ratio}/{flag}")
    async def kinds(size: Size, ratio: float, flag: bool, which: uuid.UUID | None = None) -> Any:
        return {"size": size, "ratio": ratio, "flag": flag, "which": which}

    @app.get("/files/{name:path}")
    async def files(name: Annotated[str, Path(min_length=2)]) -> Any:
        return name

    @app.get("/lists")
    async def lists(q: Annotated[list[int] | None, Query()] = None) -> Any:
        return q

    @app.get("/filters")
    async def filters(given: Annotated[Filters, Query()]) -> Any:
        return given

    @app.get("/headers")
    async def headers(
        user_agent: Annotated[str | None, Header()] = None,
        x_tag: Annotated[list[str] | None, Header()] = None,
        session: Annotated[str | None, Cookie()] = None,
    ) -> Any:
        return [user_agent, x_tag, session]

    @app.get("/echo")
    async def echo(request: Request) -> Any:
        return [request.method, request.url.path, dict(request.query_params), request.path_params]


def take_bodies(app: FastAPI) -> None:
    @app.post("/items", status_code=201)
    async def create(item: Item) -> Priced:
        return item  # type: ignore[return-value]  # the response model takes what it needs

    @app.put("/two")
    async def two(item: Item, point: Point, note: Annotated[str, Body()] = "none") -> Any:
        return {"item": item, "point": point, "note": note}

    @app.post("/embed")
    async def embed(item: Annotated[Item, Body(embed=True)]) -> Item:
        return item

    @app.post("/any")
    async def anything(document: Any = Body(None)) -> Any:  # noqa: B008 - as people write it
        return document

    @app.post("/form")
    async def form(name: Annotated[str, Form()], age: Annotated[int, Form()] = 3) -> Any:
        return {"name": name, "age": age}


def depend(app: FastAPI) -> None:
    @app.get("/dependencies")
    async def dependencies(
        a: Annotated[int, Depends(number)],
        b: Annotated[int, Depends(doubled)],
        pager: Annotated[Pager, Depends()],
        one: Annotated[str, Depends(resource)],
        two: Annotated[str, Depends(blocking_resource)],
    ) -> Any:
        return [a, b, pager.page, pager.size, one, two]


def fail(app: FastAPI) -> None:
    @app.get("/error/{code}")
    async def error(code: int) -> Any:
        raise HTTPException(code, detail={"code": code}, headers={"x-error": "1"})

    @app.get("/teapot")
    def teapot() -> Any:
        raise TeapotError

    @app.get("/crash")
    async def crash() -> Any:
        raise RuntimeError("on purpose")

    @app.exception_handler(TeapotError)
    async def handle_teapot(request: Request, _: TeapotError) -> JSONResponse:
        return JSONResponse({"path": request.url.path}, status_code=418)


def application() -> FastAPI:
    """One with a route of each kind."""
    app = FastAPI(title="both ways")
    take_parameters(app)
    take_bodies(app)
    depend(app)
    answer_what_was_declared(app)
    answer_what_they_make(app)
    fail(app)
    router = APIRouter(prefix="/api", tags=["api"])

    @router.get("/inside/{x}")
    async def inside(x: str) -> Any:
        return {"x": x}

    app.include_router(router)
    return app


ITEM = {"name": "swallow", "price": 2.5, "tags": ["bird"]}
REQUESTS = [
    get("/plain"),
    get("/odd"),
    get("/def"),
    *[
        get(f"/items/{value}")
        for value in ["42", "-7", "007", "4_2", "%2B5", "x", "1.0", "1e3", "٣"]
    ],
    get("/items/12345678901234567890"),
    get("/items/1?q=a%20b+c&limit=5"),
    get("/items/1?q=&limit="),
    get("/items/1?limit=101"),
    get("/items/x?limit=101&q=1"),
    get("/items/1?q=first&q=last"),
    get("/items/1?q=%ff%C3%BC"),
    get("/kinds/small/1.5/true"),
    get("/kinds/large/-3/no?which=12345678-1234-5678-1234-567812345678"),
    get("/kinds/huge/nan/maybe?which=x"),
    get("/kinds/small/1e5/on"),
    get("/files/a/b/c.txt"),
    get("/files/%C3%BC%2Fx"),
    get("/files/a"),
    get("/lists"),
    get("/lists?q=1&q=2"),
    get("/lists?q=1&q=x"),
    get("/filters?limit=3&names=a&names=b"),
    get("/filters?limit=x"),
    get("/headers"),
    get("/headers", "user-agent: test", "x-tag: a", "X-Tag: b", "cookie: a=b; session=s"),
    get("/headers", "user-agent: caf\xe9"),
    send("POST", "/items", ITEM),
    send("POST", "/items", ITEM, "application/json; charset=utf-8"),
    send("POST", "/items", ITEM, "application/vnd.api+json"),
    send("POST", "/items", ITEM, "text/plain"),
    send("POST", "/items", ITEM, ""),
    send("POST", "/items", {"name": 1, "price": 0}),
    send("POST", "/items", {}),
    send("POST", "/items", []),
    send("POST", "/items", b""),
    send("POST", "/items", b"null"),
    send("POST", "/items", b'{"name": "x", '),
    send("POST", "/items", b'{"name": "\\ud800", "price": 1}'),
    send("POST", "/items", b"\xff\xfe"),
    send("POST", "/items", json.dumps(ITEM).encode("utf-16")),
    send("PUT", "/two", {"item": ITEM, "point": {"x": 1, "y": 2}, "note": "n"}),
    send("PUT", "/two", {"item": ITEM}),
    send("PUT", "/two", [1]),
    send("PUT", "/two", b""),
    send("PUT", "/two", b"x", "text/plain"),
    send("POST", "/embed", {"item": ITEM}),
    send("POST", "/embed", ITEM),
    send("POST", "/any", {"NaN": float("nan")}),
    send("POST", "/any", [1, "ü", None]),
    send("POST", "/form", b"name=a+b&age=7", "application/x-www-form-urlencoded"),
    send("POST", "/form", b"age=x", "application/x-www-form-urlencoded"),
    get("/dependencies?n=3"),
    get("/dependencies?n=3&page=2&size=x"),
    get("/dependencies"),
    get("/dependencies?n=x&page=y"),
    get("/amended"),
    b"DELETE /nothing HTTP/1.1\r\nhost: test\r\n\r\n",
    *[get(f"/responses/{kind}") for kind in ["plain", "json", "stream", "dict"]],
    get("/html"),
    get("/model"),
    get("/broken-model"),
    get("/error/404"),
    get("/error/401"),
    get("/teapot"),
    get("/crash"),
    get("/echo?a=1"),
    get("/api/inside/y"),
    get("/missing"),
    get("/plain/"),
    b"POST /plain HTTP/1.1\r\nhost: test\r\ncontent-length: 0\r\n\r\n",
    b"HEAD /plain HTTP/1.1\r\nhost: test\r\n\r\n",
    get("/openapi.json"),
    *[get(page) for page in ("/docs", "/redoc", "/docs/oauth2-redirect")],
    *[
        get(target, method=method)
        for target in ("/odd", "/def", "/items/1", "/headers", "/html", "/teapot", "/crash", "/x")
        for method in ("HEAD", "OPTIONS", "DELETE", "PATCH")
    ],
]


def test_both_forms_answer_every_request_with_the_same_bytes(
    both: Callable[[FastAPI], tuple[Served, Served]],
) -> None:
    compare(*both(application()), REQUESTS)
