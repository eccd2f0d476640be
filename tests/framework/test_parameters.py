"""Where parameters come from, how they are converted, and what the 422 says."""

from enum import StrEnum
from typing import Annotated, Any

import pytest
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from jebi import APIRouter, Cookie, FastAPI, Header, Path, Query
from jebi.testclient import TestClient


class Size(StrEnum):
    small = "small"
    large = "large"


def test_path_and_query_are_converted() -> None:
    app = FastAPI()

    @app.get("/items/{item_id}")
    def read(item_id: int, size: Size, short: bool = False, q: str | None = None) -> Any:
        return [item_id, size, short, q]

    client = TestClient(app)
    assert client.get("/items/7?size=large&short=on").json() == [7, "large", True, None]
    assert client.get("/items/7?size=small&q=").json() == [7, "small", False, ""]


def test_errors_are_reported_in_order_with_their_places() -> None:
    app = FastAPI()

    @app.get("/items/{item_id}")
    def read(q: int, item_id: int, x_token: Annotated[str, Header()]) -> None: ...

    answer = TestClient(app).get("/items/a?q=b")
    assert answer.status_code == 422
    assert [(error["type"], error["loc"]) for error in answer.json()["detail"]] == [
        ("int_parsing", ["path", "item_id"]),
        ("int_parsing", ["query", "q"]),
        ("missing", ["header", "x-token"]),
    ]


def test_errors_name_headers_as_they_are_declared() -> None:
    app = FastAPI()

    @app.get("/")
    def read(header: Annotated[int, Header(alias="Header")]) -> None: ...

    assert TestClient(app).get("/").json()["detail"][0]["loc"] == ["header", "Header"]


def test_lists_take_every_occurrence() -> None:
    app = FastAPI()

    @app.get("/")
    def read(
        n: Annotated[list[int], Query()] = [],  # noqa: B006  # the framework copies it
        x_tag: Annotated[list[str] | None, Header()] = None,
    ) -> Any:
        n.append(0)
        return [n, x_tag]

    client = TestClient(app)
    answer = client.get("/?n=1&n=2", headers=[("x-tag", "a"), ("x-tag", "b")])
    assert answer.json() == [[1, 2, 0], ["a", "b"]]
    assert client.get("/").json() == [[0], None]
    assert client.get("/").json() == [[0], None]


def test_aliases_and_constraints() -> None:
    app = FastAPI()

    @app.get("/{id}")
    def read(
        identity: Annotated[int, Path(alias="id", ge=1)],
        q: Annotated[str, Query(alias="item-query", max_length=3)] = "x",
        either: Annotated[str, Query(validation_alias=AliasChoices("a", "b"))] = "",
    ) -> Any:
        return [identity, q, either]

    client = TestClient(app)
    assert client.get("/3?item-query=abc&b=2").json() == [3, "abc", "2"]
    errors = client.get("/0?item-query=abcd").json()["detail"]
    assert [error["loc"] for error in errors] == [["path", "id"], ["query", "item-query"]]


def test_parameter_models() -> None:
    class Filters(BaseModel):
        model_config = ConfigDict(extra="forbid")
        limit: int = Field(10, gt=0)
        tags: list[str] = []

    class Headers(BaseModel):
        user_agent: str

    app = FastAPI()

    @app.get("/")
    def read(
        filters: Annotated[Filters, Query()],
        headers: Annotated[Headers, Header()],
        session: Annotated[str | None, Cookie()] = None,
    ) -> Any:
        return [filters, headers, session]

    client = TestClient(app, headers={"user-agent": "t"}, cookies={"session": "s"})
    assert client.get("/?limit=2&tags=a&tags=b").json() == [
        {"limit": 2, "tags": ["a", "b"]},
        {"user_agent": "t"},
        "s",
    ]
    wrong = client.get("/?limit=0&more=1").json()["detail"]
    assert [error["loc"] for error in wrong] == [["query", "limit"], ["query", "more"]]


def test_default_factories_make_a_fresh_value_each_time() -> None:
    app = FastAPI()

    @app.get("/")
    def read(seen: Annotated[list[str], Query(default_factory=list)]) -> list[str]:
        seen.append("x")
        return seen

    client = TestClient(app)
    assert [client.get("/").json() for _ in range(2)] == [["x"], ["x"]]


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (lambda app: app.get("/{x}")(_with(x=(int, Query()))), "Cannot use `Query` for path param"),
        (lambda app: app.get("/")(_with(x=(dict[str, int], Query()))), "one of the supported"),
        (lambda app: app.get("/{x}")(_with(x=(list[int], Path()))), "Path params must be"),
        (lambda app: app.include_router(APIRouter(), prefix="x"), "must start with '/'"),
        (lambda app: app.include_router(app.router), "into itself"),
        (lambda app: app.get("/", max_body_size=-1)(_with()), "max_body_size"),
        (lambda app: app.get("/", form_limits={"fields": 1})(_with()), "fields"),
        (lambda app: app.get("/", status_code=204, response_model=int)(_with()), "204"),
    ],
)
def test_mistakes_are_found_at_the_declaration(declare: Any, message: str) -> None:
    with pytest.raises((AssertionError, ValueError), match=message):
        declare(FastAPI())


def _with(**parameters: Any) -> Any:
    def endpoint(x: Any = None) -> None: ...

    endpoint.__annotations__ = {
        name: Annotated[annotation, marker] for name, (annotation, marker) in parameters.items()
    }
    if parameters:
        endpoint.__defaults__ = None
    return endpoint
