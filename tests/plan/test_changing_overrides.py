"""Overrides that change while a request is on its way hold for what is looked up after that."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any

import anyio
import pytest
from pydantic import BaseModel

from jebi import Body, Depends, FastAPI, Header, Request, WebSocket
from jebi.responses import JSONResponse
from jebi.testclient import TestClient
from tests.connection.peers import Served
from tests.plan.both_ways import compare, get, send

Both = Callable[[FastAPI], tuple[Served, Served]]

pytestmark = pytest.mark.timeout(20)


def answers(both: Both, app: FastAPI, *requests: bytes) -> list[Any]:
    """What both ways answer."""
    native, asgi = both(app)
    found = compare(native, asgi, requests)
    return [json.loads(answer.partition(b"\r\n\r\n")[2]) for answer in found]


class Application:
    """An application in which ``configure`` puts ``replacement`` in the place of ``original``.

    ``done`` is called at the end of each path operation, so that the next request begins anew.
    """

    def __init__(self) -> None:
        self.app = FastAPI()
        self.made: list[str] = []

    def done(self, *values: Any) -> list[Any]:
        self.app.dependency_overrides.clear()
        made, self.made = self.made, []
        return [*values, made]

    def override(self, original: Any, other: Any) -> None:
        self.app.dependency_overrides[original] = other

    async def original(self) -> str:
        self.made.append("original")
        return "original"

    async def replacement(self) -> str:
        self.made.append("replacement")
        return "replacement"

    async def configure(self) -> None:
        self.override(self.original, self.replacement)


@pytest.fixture
def at() -> Application:
    return Application()


def test_it_holds_for_the_next_dependency(both: Both, at: Application) -> None:
    @at.app.get("/")
    async def read(
        _: Annotated[None, Depends(at.configure)], value: Annotated[str, Depends(at.original)]
    ) -> list[Any]:
        return at.done(value)

    assert answers(both, at.app, get("/")) == [["replacement", ["replacement"]]]


def test_a_plain_function_in_a_thread_may_change_them(both: Both, at: Application) -> None:
    def configure() -> Iterator[None]:
        at.override(at.original, lambda: "in a thread")
        yield

    @at.app.get("/", dependencies=[Depends(configure)])
    def read(value: Annotated[str, Depends(at.original)]) -> list[Any]:
        return at.done(value)

    assert answers(both, at.app, get("/")) == [["in a thread", []]]


def test_what_was_made_before_stays(both: Both, at: Application) -> None:
    """A dependency is solved once a request, whatever stands for it later."""

    @at.app.get("/")
    async def read(
        before: Annotated[str, Depends(at.original)],
        _: Annotated[None, Depends(at.configure)],
        after: Annotated[str, Depends(at.original)],
        again: Annotated[str, Depends(at.original, use_cache=False)],
    ) -> list[Any]:
        return at.done(before, after, again)

    (found,) = answers(both, at.app, get("/"))
    assert found == ["original", "original", "replacement", ["original", "replacement"]]


def test_what_was_looked_up_before_stays(both: Both, at: Application) -> None:
    """A dependency is looked up before what it needs itself is made."""

    async def configure() -> None:
        at.override(around, lambda: "something else")
        at.override(at.original, at.replacement)

    async def around(
        _: Annotated[None, Depends(configure)], inner: Annotated[str, Depends(at.original)]
    ) -> str:
        return f"around {inner}"

    @at.app.get("/")
    async def read(
        first: Annotated[str, Depends(around)],
        second: Annotated[str, Depends(around, use_cache=False)],
    ) -> list[Any]:
        return at.done(first, second)

    (found,) = answers(both, at.app, get("/"))
    assert found == ["around replacement", "something else", ["replacement"]]


def test_they_may_change_more_than_once(both: Both, at: Application) -> None:
    def value(text: str) -> Callable[[], str]:
        return lambda: text

    one, two = value("one"), value("two")

    async def first() -> None:
        at.override(at.original, one)

    async def second() -> None:
        at.override(at.original, two)

    async def third() -> None:
        at.app.dependency_overrides = {}

    fresh = Depends(at.original, use_cache=False)

    @at.app.get("/")
    async def read(
        before: Annotated[str, fresh],
        _1: Annotated[None, Depends(first)],
        then: Annotated[str, fresh],
        _2: Annotated[None, Depends(second)],
        later: Annotated[str, fresh],
        _3: Annotated[None, Depends(third)],
        at_last: Annotated[str, fresh],
    ) -> list[Any]:
        return at.done(before, then, later, at_last)

    (found,) = answers(both, at.app, get("/"))
    assert found == ["original", "one", "two", "original", ["original", "original"]]


def test_what_the_new_one_needs(both: Both, at: Application) -> None:
    """Parameters and dependencies of its own, which may be invalid."""
    left: list[str] = []

    async def needed(x_name: Annotated[str, Header()]) -> AsyncIterator[str]:
        yield x_name
        left.append(x_name)

    async def replacement(q: int, name: Annotated[str, Depends(needed)]) -> str:
        return f"{name} {q}"

    async def configure() -> None:
        at.override(at.original, replacement)

    @at.app.get("/", dependencies=[Depends(configure)])
    async def read(value: Annotated[str, Depends(at.original)]) -> list[Any]:
        return at.done(value)

    good = get("/?q=1", "x-name: ada")
    bad = get("/?q=x")
    assert answers(both, at.app, good)[0] == ["ada 1", []]
    assert left == ["ada", "ada"]
    at.app.dependency_overrides.clear()
    (errors,) = answers(both, at.app, bad)
    assert [error["loc"] for error in errors["detail"]] == [["header", "x-name"], ["query", "q"]]


class Item(BaseModel):
    name: str


def test_the_new_one_sees_the_body(both: Both, at: Application) -> None:
    """Which was validated from its bytes for the path operation alone, by the plan before."""

    async def replacement(body: Annotated[dict[str, Any], Body()]) -> Any:
        return body

    async def configure() -> None:
        at.override(at.original, replacement)

    @at.app.post("/", dependencies=[Depends(configure)])
    async def read(item: Item, value: Annotated[Any, Depends(at.original)]) -> list[Any]:
        return at.done(item.name, value)

    (found,) = answers(both, at.app, send("POST", "/", {"name": "ada", "more": 1}))
    assert found == ["ada", {"name": "ada", "more": 1}, []]


def test_beside_one_that_is_under_way(both: Both, at: Application) -> None:
    async def slow() -> str:
        await anyio.sleep(0)
        return "slow"

    async def beside() -> str:
        return "beside"

    async def configure() -> None:
        at.override(at.original, at.replacement)
        at.override(beside, at.replacement)

    @at.app.get("/")
    async def read(
        first: Annotated[str, Depends(slow, parallel=True)],
        _: Annotated[None, Depends(configure, parallel=True)],
        value: Annotated[str, Depends(at.original)],
        last: Annotated[str, Depends(beside, parallel=True)],
    ) -> list[Any]:
        return at.done(first, value, last)

    (found,) = answers(both, at.app, get("/"))
    assert found == ["slow", "replacement", "replacement", ["replacement", "replacement"]]


def test_one_alone_that_was_to_be_beside_another(both: Both, at: Application) -> None:
    """What had run alone by the plan before is over, whatever follows it now."""

    async def configure() -> str:
        at.override(at.original, replacement)
        return "configured"

    async def needed() -> str:
        return "needed"

    async def replacement(
        need: Annotated[str, Depends(needed, parallel=True)],
        configured: Annotated[str, Depends(configure)],
    ) -> str:
        return f"{need} {configured}"

    @at.app.get("/")
    async def read(
        configured: Annotated[str, Depends(configure, parallel=True)],
        value: Annotated[str, Depends(at.original)],
    ) -> list[Any]:
        return at.done(configured, value)

    (found,) = answers(both, at.app, get("/"))
    assert found == ["configured", "needed configured", []]


def test_a_provider_that_never_says_the_same_twice(at: Application) -> None:
    class Moody(FastAPI):
        @property
        def dependency_overrides(self) -> Any:
            return {original: lambda: "another"}

        @dependency_overrides.setter
        def dependency_overrides(self, value: Any) -> None: ...

    async def original() -> str:
        raise AssertionError("overridden")

    app = Moody()

    @app.get("/")
    async def read(
        one: Annotated[str, Depends(original)],
        two: Annotated[str, Depends(original, use_cache=False)],
    ) -> list[Any]:
        return [one, two]

    assert TestClient(app).get("/").json() == ["another", "another"]


def test_a_change_while_the_body_is_on_its_way(both: Both, at: Application) -> None:
    """Nothing was looked up before the body was there."""

    @at.app.post("/")
    async def read(item: Item, value: Annotated[str, Depends(at.original)]) -> list[Any]:
        return at.done(item.name, value)

    @at.app.post("/configure")
    async def configure() -> None:
        await at.configure()

    head, _, content = send("POST", "/", {"name": "ada"}).partition(b"\r\n\r\n")
    for served in both(at.app):
        with served.connect() as client, served.connect() as other:
            client.send(head + b"\r\nconnection: close\r\n\r\n")
            other.send(get("/configure", "connection: close", method="POST"))
            other.rest()
            client.send(content)
            assert client.rest().endswith(b'["ada","replacement",["replacement"]]')


def test_a_middleware_changes_them(at: Application) -> None:
    @at.app.middleware("http")
    async def override(request: Request, call_next: Any) -> Any:
        await at.configure()
        return await call_next(request)

    @at.app.get("/")
    async def read(value: Annotated[str, Depends(at.original)]) -> list[Any]:
        return at.done(value)

    assert TestClient(at.app).get("/").json() == ["replacement", ["replacement"]]


def test_websockets(at: Application) -> None:
    @at.app.websocket("/")
    async def speak(
        websocket: WebSocket,
        _: Annotated[None, Depends(at.configure)],
        value: Annotated[str, Depends(at.original)],
    ) -> None:
        await websocket.accept()
        await websocket.send_json(at.done(value))
        await websocket.close()

    with TestClient(at.app).websocket_connect("/") as session:
        assert session.receive_json() == ["replacement", ["replacement"]]


def test_an_application_that_is_observed(at: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tools that trace take the plan in two parts."""
    from jebi import routing
    from jebi.web._observer import OBSERVER_KEY

    original = routing.solve_dependencies

    async def traced(**arguments: Any) -> Any:
        return await original(**arguments)

    monkeypatch.setattr(routing, "solve_dependencies", traced)

    @at.app.get("/", response_class=JSONResponse)
    async def read(
        _: Annotated[None, Depends(at.configure)], value: Annotated[str, Depends(at.original)]
    ) -> list[Any]:
        return at.done(value)

    async def observed(scope: Any, receive: Any, send: Any) -> None:
        scope[OBSERVER_KEY] = None
        await at.app(scope, receive, send)

    assert TestClient(observed).get("/").json() == ["replacement", ["replacement"]]
