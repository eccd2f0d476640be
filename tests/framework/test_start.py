"""What a start loads and what it leaves for later: modules, plans, schemas."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from pydantic import BaseModel

from jebi import Depends, FastAPI, Header, Query
from jebi._native import compile_native
from jebi.routing import APIRouter
from jebi.testclient import TestClient
from tests.server.harness import Command

if TYPE_CHECKING:
    from pathlib import Path

SMALL = """
from jebi import Depends, FastAPI, Query

app = FastAPI()

async def limit(limit: int = Query(10)) -> int:
    return limit

@app.get("/items/{item_id}")
async def read_item(item_id: int, q: str | None = None, limit: int = Depends(limit)):
    import sys

    return sorted(sys.modules)
"""

NOT_FOR_AN_APPLICATION = {
    "anyio._backends._asyncio",
    "email.message",
    "email.utils",
    "http.client",
    "importlib.metadata",
    "jebi.dependencies.compile",
    "jebi.encoders",
    "jebi.openapi.docs",
    "jebi.openapi.models",
    "jebi.openapi.utils",
    "jebi.routing.answer",
    "jebi.routing.frontend",
    "jebi.routing.halves",
    "jebi.routing.streaming",
    "jebi.routing.websocket",
    "jebi.security",
    "jebi.sse",
    "jebi.telemetry._request",
    "jebi.web.formparsers",
    "jebi.web.middleware.base",
    "jebi.web.middleware.errors",
    "jebi.web.responses.file",
    "jebi.web.responses.streaming",
    "jebi.web.staticfiles",
    "jebi.web.testclient",
    "logging.config",
    "multiprocessing",
    "pydantic.networks",
    "pydantic.v1",
    "shlex",
}
"""Takes long to import, and is nothing that a small application has named."""

NOT_FOR_A_SERVER = (NOT_FOR_AN_APPLICATION | {"difflib", "socketserver", "unittest"}) - {
    "jebi.dependencies.compile",
    "jebi.encoders",
    "jebi.routing.answer",
    "jebi.web.middleware.errors",
}
"""Likewise, of a server that has answered a request."""


def _loaded(code: str) -> set[str]:
    shown = f"{code}\nimport sys\nprint(*sys.modules)"
    command = [sys.executable, "-c", shown]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_the_package_alone_loads_next_to_nothing() -> None:
    ours = {name for name in _loaded("import jebi") if name.startswith(("jebi", "pydantic"))}
    assert ours == {"jebi"}


def test_a_small_application_loads_what_it_names() -> None:
    loaded = _loaded(SMALL)
    assert "jebi.routing.api_route" in loaded
    assert loaded & NOT_FOR_AN_APPLICATION == set()


BARE = """
from jebi import FastAPI

app = FastAPI()

@app.get("/")
async def read():
    import sys

    return sorted(sys.modules)
"""

NOT_FOR_ONE_WITHOUT_PARAMETERS = NOT_FOR_A_SERVER | {
    "ipaddress",
    "jebi._compat.v2",
    "jebi.params",
    "pydantic",
    "pydantic_core",
    "typing_extensions",
    "zoneinfo",
}


def test_an_application_without_parameters_and_models_leaves_pydantic_alone(
    tmp_path: Path,
) -> None:
    (tmp_path / "main.py").write_text(BARE)
    with Command(tmp_path, "run", "main:app", "--port", "0") as server:
        loaded = set(json.loads(server.get("/")[1]))
        assert loaded & NOT_FOR_ONE_WITHOUT_PARAMETERS == set()
        assert server.get("/nowhere")[0] == 404
        assert server.get("/openapi.json")[0] == 200


LATE_MODEL = """
from jebi import FastAPI

app = FastAPI()

@app.get("/")
async def read():
    from datetime import datetime
    from ipaddress import ip_address
    from zoneinfo import ZoneInfo
    from pydantic import AnyUrl, BaseModel, SecretStr

    class Late(BaseModel):
        x: int

    return [
        Late(x=1),
        AnyUrl("http://a/"),
        SecretStr("s"),
        ip_address("::1"),
        datetime(2000, 1, 1, tzinfo=ZoneInfo("UTC")),
    ]
"""


def test_what_pydantic_makes_is_known_however_late_it_comes(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(LATE_MODEL)
    with Command(tmp_path, "run", "main:app", "--port", "0") as server:
        for _ in range(2):
            assert json.loads(server.get("/")[1]) == [
                {"x": 1},
                "http://a/",
                "**********",
                "::1",
                "2000-01-01T00:00:00+00:00",
            ]


def test_a_server_that_has_answered_has_loaded_what_that_took(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(SMALL)
    with Command(tmp_path, "run", "main:app", "--port", "0") as server:
        loaded = set(json.loads(server.get("/items/7")[1]))
    assert "jebi.dependencies.compile" in loaded
    assert loaded & NOT_FOR_A_SERVER == set()


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("jebi", ["FastAPI", "Query", "Depends"]),
        ("jebi.routing", ["APIWebSocketRoute", "serialize_response", "websocket_session"]),
        ("jebi.encoders", ["ENCODERS_BY_TYPE"]),
        ("jebi.telemetry", ["TelemetryConfig", "get_telemetry_data"]),
        ("jebi.web.datastructures", ["CommaSeparatedStrings", "Secret"]),
        ("jebi.web.requests", ["FormParser", "MultiPartException", "parse_options_header"]),
        ("jebi.web.responses", ["FileResponse", "StreamingResponse", "RangeNotSatisfiable"]),
    ],
)
def test_names_are_there_when_they_are_asked_for(module: str, names: list[str]) -> None:
    shown = "\n".join(f"print({name} is not None)" for name in names)
    code = f"from {module} import {', '.join(names)}\n{shown}\nimport {module} as module\n"
    code += f"assert set({names}) <= set(dir(module)) or module.__name__ == 'jebi.encoders'\n"
    code += "try:\n    module.nothing_like_it\nexcept AttributeError as error:\n    print(error)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split("\n")[: len(names)] == ["True"] * len(names)
    assert f"module {module!r} has no attribute 'nothing_like_it'" in done.stdout


class Item(BaseModel):
    name: str


def user(token: Annotated[str, Header()]) -> str:
    return token


def read_user(who: Annotated[str, Depends(user)]) -> str:
    return who


def _described(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the routes whose plans were described, as it happens."""
    found: list[str] = []
    for route in app.routes:
        plans = getattr(route, "plans", None)
        if plans is not None:
            describe = plans._describe

            def note(overrides: Any, describe: Any = describe, path: str = route.path) -> Any:  # type: ignore[attr-defined]  # a path operation's
                found.append(path)
                return describe(overrides)

            monkeypatch.setattr(plans, "_describe", note)
    return found


def test_a_plan_is_compiled_by_the_first_request_for_its_route(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = FastAPI()
    app.get("/a/{number}")(lambda number: number)
    app.get("/b")(lambda: "b")
    described = _described(app, monkeypatch)
    assert compile_native(app) is not None
    assert described == []
    with TestClient(app) as client:
        assert client.get("/a/1").json() == "1"
        assert described == ["/a/{number}"]
        assert client.get("/b").json() == "b"
    assert set(described) == {"/a/{number}", "/b"}


def test_the_schema_of_a_known_type_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    from jebi._compat import v2

    made: list[Any] = []
    adapter = v2._type_adapter
    monkeypatch.setattr(v2, "_adapters", {})

    def note(*args: Any) -> Any:
        made.append(args)
        return adapter(*args)

    monkeypatch.setattr(v2, "_type_adapter", note)
    app = FastAPI()

    @app.post("/{key}")
    def create(
        key: int,
        item: Item,
        limit: Annotated[int, Query(ge=1, le=9)] = 5,
        text: Annotated[str | None, Query(max_length=3)] = None,
        tags: Annotated[list[str] | None, Query()] = None,
    ) -> list[Item] | None:
        return [item] * limit if key and text != "no" and not tags else None

    assert made == []
    client = TestClient(app)
    assert client.post("/1?limit=2", json={"name": "a"}).json() == [{"name": "a"}] * 2
    assert client.post("/1?limit=10", json={"name": "a"}).status_code == 422
    assert client.post("/1?text=long", json={"name": "a"}).status_code == 422
    assert client.post("/1?tags=a&tags=b", json={"name": "a"}).json() is None
    assert made


def test_a_shared_dependency_is_analyzed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from jebi.dependencies import analyze

    analyze_param = analyze.analyze_param
    analyzed: list[str] = []

    def note(*, param_name: str, **more: Any) -> Any:
        analyzed.append(param_name)
        return analyze_param(param_name=param_name, **more)

    monkeypatch.setattr(analyze, "analyze_param", note)

    router = APIRouter()
    for number in range(3):
        router.get(f"/{number}")(read_user)
    app = FastAPI()
    app.include_router(router, prefix="/api")
    assert analyzed.count("token") == 1
    assert TestClient(app).get("/api/2", headers={"token": "me"}).json() == "me"


def test_a_function_that_has_changed_is_analyzed_again() -> None:
    def read(limit: int = 1) -> int:
        return limit

    app = FastAPI()
    app.get("/before")(read)
    read.__defaults__ = (2,)
    app.get("/after")(read)
    read.__annotations__["limit"] = str
    app.get("/text", response_model=None)(read)
    client = TestClient(app)
    assert client.get("/before?limit=x").status_code == 422
    assert client.get("/after").json() == 2
    assert client.get("/text?limit=x").json() == "x"


def test_a_name_that_comes_later_is_found_by_the_next_route() -> None:
    names: dict[str, Any] = {"app": FastAPI(), "Depends": Depends}
    code = """
def options(late: "Later"): return str(late)
@app.get("/first")
def first(found=Depends(options)): return found
class Later(str): ...
from pydantic import BaseModel
class Later(BaseModel):
    x: int
@app.post("/second")
def second(found=Depends(options)): return found
"""
    exec(compile(code, "late.py", "exec", dont_inherit=True), names)
    assert TestClient(names["app"]).post("/second", json={"x": 1}).json() == "x=1"


def test_one_default_for_parameters_of_several_types() -> None:
    shared = Query()
    app = FastAPI()

    @app.get("/number")
    def number(q: int = shared) -> Any:
        return q

    @app.get("/text")
    def text(q: str = shared) -> Any:
        return q

    client = TestClient(app)
    assert client.get("/number?q=1").json() == 1
    assert client.get("/number?q=x").status_code == 422
    assert client.get("/text?q=x").json() == "x"
