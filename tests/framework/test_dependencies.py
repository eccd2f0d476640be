"""Dependencies: every kind of callable, caching, scopes, exits, overrides, limits."""

import contextvars
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import pytest

from jebi import BackgroundTasks, Depends, FastAPI, HTTPException, Request, Response, Security
from jebi.exceptions import DependencyScopeError, FastAPIError
from jebi.security import SecurityScopes
from jebi.testclient import TestClient


class Paging:
    def __init__(self, skip: int = 0, limit: int = 10) -> None:
        self.skip, self.limit = skip, limit


class Adder:
    def __init__(self, n: int) -> None:
        self.n = n

    async def __call__(self, m: int = 1) -> int:
        return self.n + m


def test_functions_coroutines_classes_and_objects() -> None:
    async def coroutine(q: str = "q") -> str:
        return q

    def function(q: Annotated[str, Depends(coroutine)]) -> str:
        return q + q

    app = FastAPI()

    @app.get("/")
    async def read(
        paging: Annotated[Paging, Depends()],
        added: Annotated[int, Depends(Adder(40))],
        q: str = Depends(function),
    ) -> Any:
        return [paging.skip, paging.limit, added, q]

    assert TestClient(app).get("/?skip=3&m=2&q=x").json() == [3, 10, 42, "xx"]


def test_an_object_without_a_hash_is_a_dependency() -> None:
    class Unhashable(list[int]):
        def __call__(self, q: int) -> int:
            return q + len(self)

    app = FastAPI()
    dependency = Unhashable([1])

    @app.get("/")
    def read(a: Annotated[int, Depends(dependency)], b: Annotated[int, Depends(dependency)]) -> Any:
        return [a, b]

    assert TestClient(app).get("/?q=1").json() == [2, 2]


def test_one_call_a_request_unless_told_otherwise() -> None:
    calls: list[str] = []

    def counted() -> int:
        calls.append("x")
        return len(calls)

    def other(n: Annotated[int, Depends(counted)]) -> int:
        return n

    app = FastAPI(dependencies=[Depends(counted)])

    @app.get("/")
    def read(
        a: Annotated[int, Depends(counted)],
        b: Annotated[int, Depends(other)],
        c: Annotated[int, Depends(counted, use_cache=False)],
    ) -> Any:
        return [a, b, c]

    assert TestClient(app).get("/").json() == [1, 1, 2]


def test_a_dependency_that_is_invalid_twice_is_reported_twice() -> None:
    def needs(q: int) -> int:
        return q

    def more(n: Annotated[int, Depends(needs)]) -> int:
        return n

    app = FastAPI()

    @app.get("/")
    def read(a: Annotated[int, Depends(needs)], b: Annotated[int, Depends(more)]) -> None: ...

    assert len(TestClient(app).get("/").json()["detail"]) == 2


def test_exits_run_inside_out_around_the_answer() -> None:
    events: list[str] = []

    def outer() -> Iterator[str]:
        yield "outer"
        events.append("outer")

    async def inner(name: Annotated[str, Depends(outer)]) -> AsyncIterator[str]:
        yield name + " inner"
        events.append("inner")

    def early() -> Iterator[None]:
        yield
        events.append("function")

    app = FastAPI()

    @app.get("/")
    def read(
        name: Annotated[str, Depends(inner)],
        _: Annotated[None, Depends(early, scope="function")],
        tasks: BackgroundTasks,
    ) -> str:
        tasks.add_task(events.append, "background")
        return name

    assert TestClient(app).get("/").json() == "outer inner"
    assert events == ["function", "background", "inner", "outer"]


def test_exits_see_the_exception_and_may_replace_it() -> None:
    seen: list[str] = []

    def watching() -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            seen.append(str(error))
            raise HTTPException(418, "teapot") from error

    app = FastAPI()

    @app.get("/", dependencies=[Depends(watching)])
    def read() -> None:
        raise ValueError("broken")

    answer = TestClient(app).get("/")
    assert (answer.status_code, answer.json(), seen) == (418, {"detail": "teapot"}, ["broken"])


def test_an_exit_that_swallows_the_exception_is_a_mistake() -> None:
    def swallowing() -> Iterator[None]:
        try:  # noqa: SIM105  # what people write
            yield
        except ValueError:
            pass

    app = FastAPI()

    @app.get("/", dependencies=[Depends(swallowing)])
    def read() -> None:
        raise ValueError

    with pytest.raises(FastAPIError, match="not raising the exception again"):
        TestClient(app).get("/")


def test_a_wider_scope_cannot_need_a_narrower_one() -> None:
    def narrow() -> Iterator[None]:
        yield

    def wide(_: Annotated[None, Depends(narrow, scope="function")]) -> Iterator[None]:
        yield

    app = FastAPI()
    with pytest.raises(DependencyScopeError, match="wide"):
        app.get("/", dependencies=[Depends(wide)])(lambda: None)


def test_overrides_come_and_go_with_their_own_dependencies() -> None:
    def original(q: str) -> str:
        return q

    def replacement(n: int, request: Request) -> str:
        return f"{n} {request.method}"

    app = FastAPI()

    @app.get("/")
    def read(value: Annotated[str, Depends(original)]) -> str:
        return value

    client = TestClient(app)
    assert client.get("/?q=x").json() == "x"
    app.dependency_overrides[original] = replacement
    assert client.get("/?n=3").json() == "3 GET"
    assert client.get("/?q=x").json()["detail"][0]["loc"] == ["query", "n"]
    app.dependency_overrides.clear()
    assert client.get("/?q=x").json() == "x"


def test_injected_response_and_scopes() -> None:
    def amend(response: Response, scopes: SecurityScopes) -> str:
        response.headers["x-scopes"] = scopes.scope_str
        response.status_code = 202
        return "a"

    app = FastAPI()

    @app.get("/", status_code=201)
    def read(a: Annotated[str, Security(amend, scopes=["one", "two"])]) -> str:
        return a

    answer = TestClient(app).get("/")
    assert (answer.status_code, answer.headers["x-scopes"]) == (202, "one two")


def test_context_variables_reach_the_handler() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")

    def set_in_thread() -> None:
        variable.set("set")

    app = FastAPI()

    @app.get("/", dependencies=[Depends(set_in_thread)])
    async def read() -> str:
        return variable.get()

    assert TestClient(app).get("/").json() == "set"


@pytest.mark.parametrize("engine", [True, False])
@pytest.mark.parametrize("path", ["/function", "/coroutine"])
def test_context_variables_reach_the_handler_behind_a_middleware(path: str, engine: bool) -> None:
    """All that a request runs has one context, wherever it runs."""
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")

    async def around() -> AsyncIterator[None]:
        token = variable.set("set")
        yield
        variable.reset(token)

    app = FastAPI()

    @app.middleware("http")
    async def middleware(request: Request, call_next: Any) -> Any:
        return await call_next(request)

    @app.get("/function", dependencies=[Depends(around)])
    def function() -> str:
        return variable.get()

    @app.get("/coroutine", dependencies=[Depends(around)])
    async def coroutine() -> str:
        return variable.get()

    assert TestClient(app, engine=engine).get(path).json() == "set"


@pytest.mark.parametrize("limit", [0, True, "1"])
def test_limits_are_checked_at_the_declaration(limit: Any) -> None:
    with pytest.raises(ValueError, match="max_concurrency"):
        Depends(max_concurrency=limit)
