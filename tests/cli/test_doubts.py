"""Routes that are allowed and hardly meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import pytest
from pydantic import BaseModel

from jebi import Depends, FastAPI, Form, Path, Request
from jebi.cli.doubts import doubts

if TYPE_CHECKING:
    from collections.abc import Callable


class Item(BaseModel):
    name: str


def nothing() -> None: ...


def reads(item: Item) -> None: ...


def takes(itemid: int) -> None: ...


def takes_from_path(item_id: Annotated[int, Path()]) -> None: ...


def mixes(item: Item, name: Annotated[str, Form()]) -> None: ...


def unknown(item: Missing) -> None: ...  # type: ignore[name-defined] # noqa: F821 - it is to be unknown


def needs(item: Annotated[None, Depends(takes_from_path)]) -> None: ...


@pytest.mark.parametrize(
    ("method", "path", "endpoint", "said"),
    [
        ("get", "/users/me", nothing, "is never reached: GET /users/{name} of "),
        ("get", "/users/{other}", nothing, "is never reached: GET /users/{name} of "),
        ("get", "/body", reads, "reads 'item' from the body of a GET"),
        (
            "get",
            "/items/{item_id}",
            takes,
            "{item_id} in its path, and the function takes 'itemid'",
        ),
        ("get", "/items", takes_from_path, "takes 'item_id' from the path, which does not have it"),
        ("get", "/needs", needs, "takes 'item_id' from the path, which does not have it"),
        ("post", "/mixed", mixes, "takes 'item' as JSON and 'name' from a form"),
        (
            "post",
            "/unknown",
            unknown,
            "parameter 'item' of the type 'Missing', which is not defined",
        ),
    ],
)
def test_is_hardly_meant(method: str, path: str, endpoint: Callable[..., None], said: str) -> None:
    app = FastAPI()
    app.get("/users/{name}")(_named)
    getattr(app, method)(path)(endpoint)
    (text,) = doubts(app)
    line = endpoint.__code__.co_firstlineno
    assert text.startswith(f"{__file__}:{line}: {method.upper()} {path}: ")
    assert said in text


def _named(name: str) -> None: ...


def test_two_with_one_operation_id() -> None:
    app = FastAPI()
    app.get("/a", operation_id="one")(nothing)
    app.get("/b", operation_id="one")(nothing)
    (text,) = doubts(app)
    assert "GET /b: has the operation ID 'one' of " in text


def request_only(request: Request) -> None: ...


def test_what_is_meant() -> None:
    app = FastAPI()
    app.get("/users/{number:int}")(nothing)
    app.get("/users/me")(nothing)
    app.post("/users/me")(reads)
    app.get("/users/{rest:path}")(request_only)
    app.get("/others/{item_id}")(takes_from_path)
    app.get("/needs/{item_id}")(needs)
    assert doubts(app) == []
