"""What an included route needs: read once for both, where the functions are what they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import pytest

from jebi import APIRouter, Depends, FastAPI
from jebi.dependencies import graph
from jebi.testclient import TestClient

if TYPE_CHECKING:
    from jebi.routing import APIRoute


def skip(value: int = 1) -> int:
    return value


async def nested(value: Annotated[int, Depends(skip)], more: int = 0) -> int:
    return value + more


def other() -> int:
    return 100


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The functions whose dependants are made from their signatures, in order."""
    seen = []
    make = graph.get_dependant

    def noted(**options: Any) -> Any:
        seen.append(options["call"])
        return make(**options)

    monkeypatch.setattr(graph, "get_dependant", noted)
    return seen


def router_of(endpoint: Any, path: str = "/items/{item_id}", **options: Any) -> APIRouter:
    router = APIRouter(**options)
    router.get(path)(endpoint)
    return router


def included(router: APIRouter, **options: Any) -> tuple[FastAPI, APIRoute]:
    app = FastAPI()
    app.include_router(router, **options)
    route: Any = app.router.routes[-1]
    return app, route


async def read(item_id: int, value: Annotated[int, Depends(nested)], q: str = "") -> Any:
    return [item_id, value, q]


def test_signatures_are_read_once(reads: list[Any]) -> None:
    router = router_of(read)
    before = list(reads)
    _, route = included(router, prefix="/api")
    assert reads == before == [read, nested, skip]
    assert route.dependant.path == route.dependant.dependencies[0].path == "/api/items/{item_id}"


def test_each_route_has_lists_of_its_own() -> None:
    router = router_of(read)
    own: Any = router.routes[0]
    app, route = included(router, prefix="/api")
    own.dependant.dependencies.clear()
    own.dependant.query_params.clear()
    answer = TestClient(app).get("/api/items/3?value=2&more=5&q=x")
    assert answer.json() == [3, 7, "x"]
    assert route.dependant.dependencies[0].dependencies[0].name == "value"


@pytest.mark.parametrize(
    "options",
    [{"dependencies": [Depends(other)]}, {"prefix": "/{q}"}],
)
def test_they_are_read_again_for_more_dependencies_and_other_paths(
    options: dict[str, Any], reads: list[Any]
) -> None:
    router = router_of(read)
    before = len(reads)
    app, _ = included(router, **options)
    assert read in reads[before:]
    path = "/items/3" if "dependencies" in options else "/word/items/3"
    word = "" if "dependencies" in options else "word"
    assert TestClient(app).get(path).json() == [3, 1, word]


def test_a_signature_that_was_replaced_is_read_again() -> None:
    async def endpoint(item_id: int, number: int = 1) -> Any:
        return [item_id, number]

    router = router_of(endpoint)
    endpoint.__defaults__ = (2,)
    app, _ = included(router)
    assert TestClient(app).get("/items/3").json() == [3, 2]


def test_so_is_one_that_somebody_has_read_since() -> None:
    async def endpoint(item_id: int, number: int = 1) -> Any:
        return [item_id, number]

    router = router_of(endpoint)
    endpoint.__defaults__ = (2,)
    router_of(endpoint)
    app, _ = included(router)
    assert TestClient(app).get("/items/3").json() == [3, 2]


def test_and_that_of_a_dependency() -> None:
    def dependency(number: int = 1) -> int:
        return number

    async def endpoint(item_id: int, number: int = Depends(dependency)) -> Any:
        return [item_id, number]

    router = router_of(endpoint)
    dependency.__defaults__ = (2,)
    app, _ = included(router)
    assert TestClient(app).get("/items/3").json() == [3, 2]
