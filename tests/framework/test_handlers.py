"""Handlers are made when somebody asks for them, of the route as it was declared."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from jebi import APIRouter, FastAPI, routing
from jebi.responses import JSONResponse
from jebi.testclient import TestClient

if TYPE_CHECKING:
    from collections.abc import Callable

    from jebi.routing import APIRoute


class Item(BaseModel):
    name: str = "pen"
    note: str | None = None


def declared() -> tuple[FastAPI, APIRoute]:
    app = FastAPI()

    @app.get("/items/{item_id}", response_model=Item)
    def read(item_id: int) -> Any:
        return {"name": f"pen {item_id}", "note": None}

    route: Any = app.routes[-1]
    return app, route


def test_a_route_that_is_included_makes_none_for_itself() -> None:
    router = APIRouter()

    @router.get("/")
    def read() -> str:
        return "read"

    app = FastAPI()
    app.include_router(router, prefix="/items")
    assert TestClient(app).get("/items/").json() == "read"
    (route,) = router.routes
    assert vars(route).keys().isdisjoint({"app", "plans"})


def test_what_changes_after_the_declaration_changes_no_answer() -> None:
    app, route = declared()
    route.response_model_exclude_none = True
    route.response_field = None
    route.status_code = 404
    response = TestClient(app).get("/items/1")
    assert (response.status_code, response.json()) == (200, {"name": "pen 1", "note": None})


async def other(scope: Any, receive: Any, send: Any) -> None:
    await JSONResponse("other")(scope, receive, send)


def test_an_application_in_the_place_of_the_route_s_own_answers() -> None:
    app, route = declared()
    made = route.app
    assert route.app is made
    route.app = other
    assert TestClient(app).get("/items/1").json() == "other"
    route.app = made
    assert TestClient(app).get("/items/1").json()["name"] == "pen 1"


@pytest.mark.parametrize("ask_first", [True, False])
def test_a_copy_answers_as_the_route_does(ask_first: bool) -> None:
    app, route = declared()
    if ask_first:
        assert route.app is not None
    app.routes[-1:] = [copy.copy(route)]
    assert TestClient(app).get("/items/1").json()["name"] == "pen 1"


def test_what_makes_handlers_is_asked_as_it_was_at_the_declaration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    make: Callable[..., Any] = routing.get_request_handler

    def noted(**options: Any) -> Any:
        asked.append(options["dependant"].path)
        return make(**options)

    _, before = declared()
    monkeypatch.setattr(routing, "get_request_handler", noted)
    app, _ = declared()
    assert asked == ["/items/{item_id}"]
    assert before.app is not None
    assert TestClient(app).get("/items/1").status_code == 200
    assert asked == ["/items/{item_id}"]


def test_an_included_route_has_its_path_where_somebody_changed_what_matches() -> None:
    router = APIRouter()

    @router.get("/items/{name}")
    def read(name: str) -> str:
        return name

    route: Any = router.routes[0]
    route.path_regex = re.compile("^/nowhere$")
    app = FastAPI()
    app.include_router(router)
    assert TestClient(app).get("/items/pen").json() == "pen"


def test_the_included_route_has_convertors_of_its_own() -> None:
    router = APIRouter()

    @router.get("/items/{name}")
    def read(name: str) -> str:
        return name

    app = FastAPI()
    app.include_router(router)
    child: Any = router.routes[0]
    included: Any = app.routes[-1]
    # A template that nobody has asked for its expression, which a table of routes takes as it is.
    assert vars(included)["path_regex"].convertors is included.param_convertors
    assert included.path_regex.pattern == child.path_regex.pattern
    child.param_convertors.clear()
    assert list(included.param_convertors) == ["name"]
