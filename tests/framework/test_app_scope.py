"""``Depends(scope="app")``: made at start-up, closed at shutdown."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import pytest

from jebi import APIRouter, Depends, FastAPI, Request, WebSocket
from jebi.exceptions import DependencyScopeError
from jebi.testclient import TestClient

events: list[str] = []


@pytest.fixture(autouse=True)
def no_events() -> None:
    events.clear()


async def make_settings() -> dict[str, int]:
    events.append("settings")
    return {"size": 3}


async def make_pool(
    settings: Annotated[dict[str, int], Depends(make_settings, scope="app")],
) -> AsyncIterator[list[int]]:
    events.append("pool")
    yield [0] * settings["size"]
    events.append("pool closed")


def make_cache() -> Iterator[dict[str, str]]:
    events.append("cache")
    try:
        yield {}
    finally:
        events.append("cache closed")


class Repository:
    def __init__(
        self,
        pool: Annotated[list[int], Depends(make_pool, scope="app")],
        cache: Annotated[dict[str, str], Depends(make_cache, scope="app")],
    ) -> None:
        self.pool, self.cache = pool, cache


App = Annotated[Repository, Depends(scope="app")]


async def session(repository: App) -> list[int]:
    return repository.pool


def make_app(**options: Any) -> FastAPI:
    router = APIRouter()

    @router.get("/")
    async def read(
        repository: App,
        pool: Annotated[list[int], Depends(make_pool, scope="app")],
        session: Annotated[list[int], Depends(session)],
        q: int = 0,
    ) -> list[Any]:
        assert repository.pool is pool is session
        pool[0] += 1
        return [*pool, q]

    app = FastAPI(**options)
    app.include_router(router)
    return app


def test_they_live_from_start_to_end_within_the_lifespan() -> None:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        events.append("lifespan")
        yield
        events.append("lifespan over")

    app = make_app(lifespan=lifespan)
    made = ["lifespan", "settings", "pool", "cache"]
    for _ in range(2):
        events.clear()
        with TestClient(app) as client:
            assert events == made
            assert client.get("/?q=5").json() == [1, 0, 0, 5]
            assert client.get("/").json() == [2, 0, 0, 0]
            assert events == made
        assert events == [*made, "cache closed", "pool closed", "lifespan over"]


def test_without_a_start_up_the_error_says_what_to_do() -> None:
    with pytest.raises(RuntimeError) as caught:
        TestClient(make_app()).get("/")
    message = str(caught.value)
    assert message.startswith(f'File "{__file__}", line ')
    assert 'the dependency "Repository" has scope="app"' in message
    assert '"with TestClient(app) as client:"' in message
    assert events == []


def test_a_route_added_after_the_start_says_so() -> None:
    app = FastAPI()
    with TestClient(app) as client:

        @app.get("/")
        async def read(cache: Annotated[Any, Depends(make_cache, scope="app")]) -> None: ...

        with pytest.raises(RuntimeError, match="not started when this route was added"):
            client.get("/")


def test_a_failure_ends_the_start_up_and_closes_what_was_made() -> None:
    async def broken(cache: Annotated[Any, Depends(make_cache, scope="app")]) -> None:
        raise ConnectionError("no database")

    app = FastAPI()

    @app.get("/")
    async def read(it: Annotated[None, Depends(broken, scope="app")]) -> None: ...

    with pytest.raises(ConnectionError, match="no database"), TestClient(app):
        pass
    assert events == ["cache", "cache closed"]


def test_an_override_is_asked_for_each_request() -> None:
    app = FastAPI()

    @app.get("/")
    async def read(pool: Annotated[list[int], Depends(make_pool, scope="app")]) -> list[int]:
        return pool

    def fake(q: int) -> Iterator[list[int]]:
        yield [q]

    app.dependency_overrides[make_pool] = fake
    assert TestClient(app).get("/?q=1").json() == [1]
    with TestClient(app) as client:
        assert events == []
        assert [client.get(f"/?q={n}").json() for n in (2, 3)] == [[2], [3]]
        app.dependency_overrides.clear()
        with pytest.raises(RuntimeError, match="it is not there"):
            client.get("/")


def test_what_needs_an_overridden_one_is_made_with_the_override() -> None:
    app = make_app()

    def fake() -> Iterator[dict[str, str]]:
        events.append("fake")
        yield {"fake": "fake"}
        events.append("fake closed")

    app.dependency_overrides[make_cache] = fake
    with TestClient(app) as client:
        assert client.get("/").json() == [1, 0, 0, 0]
    assert events == ["settings", "pool", "fake", "fake closed", "pool closed"]


def test_applications_mounted_below_have_theirs() -> None:
    below, app = make_app(), FastAPI()
    app.mount("/below", below)
    with TestClient(app) as client:
        assert events == ["settings", "pool", "cache"]
        assert client.get("/below/").json() == [1, 0, 0, 0]
    assert events[-2:] == ["cache closed", "pool closed"]


def test_websockets_have_them() -> None:
    app = FastAPI()

    @app.websocket("/")
    async def talk(
        websocket: WebSocket, settings: Annotated[Any, Depends(make_settings, scope="app")]
    ) -> None:
        await websocket.accept()
        await websocket.send_json(settings)
        await websocket.close()

    with TestClient(app) as client, client.websocket_connect("/") as session:
        assert session.receive_json() == {"size": 3}


def needs_query(q: int = 3) -> None: ...


def needs_request(request: Request) -> None: ...


def needs_request_scoped(settings: Annotated[Any, Depends(make_settings)]) -> None: ...


@pytest.mark.parametrize(
    ("call", "name", "what"),
    [
        (needs_query, "q", "a query parameter"),
        (needs_request, "request", "the request"),
        (needs_request_scoped, "settings", "a dependency that is made for each request"),
    ],
)
def test_what_needs_a_request_is_refused_where_it_is_declared(
    call: Callable[..., None], name: str, what: str
) -> None:
    app = FastAPI()
    line = call.__code__.co_firstlineno
    with pytest.raises(DependencyScopeError) as caught:

        @app.get("/")
        async def read(it: Annotated[None, Depends(call, scope="app")]) -> None: ...

    message = str(caught.value)
    assert message.startswith(f'File "{__file__}", line {line}: the dependency "{call.__name__}"')
    assert f'its parameter "{name}" takes {what}' in message


def test_parallel_has_no_meaning_for_them() -> None:
    with pytest.raises(ValueError, match="leave parallel away"):
        Depends(make_cache, scope="app", parallel=True)
