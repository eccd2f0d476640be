"""The spans of a request, and what they say."""

import threading
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import pytest
from opentelemetry import trace
from opentelemetry.trace import StatusCode

from jebi import BackgroundTasks, Depends, FastAPI, HTTPException
from jebi.responses import StreamingResponse
from jebi.telemetry import get_telemetry_data
from jebi.testclient import TestClient

from .conftest import Told


def _current() -> int:
    return trace.get_current_span().get_span_context().span_id


@pytest.mark.parametrize("blocking", [False, True], ids=["async", "def"])
def test_a_request_has_spans_of_its_parts_each_where_it_runs(told: Told, blocking: bool) -> None:
    app = FastAPI(telemetry=told.config)
    seen: dict[str, tuple[int, int]] = {}

    def note(name: str) -> None:
        seen[name] = (_current(), threading.get_ident())

    def dependency() -> Iterator[str]:
        note("dependencies")
        yield "value"

    def answer(item: int, value: Annotated[str, Depends(dependency)]) -> dict[str, Any]:
        note("endpoint")
        return {"item": item, "value": value}

    async def answer_async(item: int, value: Annotated[str, Depends(dependency)]) -> dict[str, Any]:
        return answer(item, value)

    app.get("/items/{item}")(answer if blocking else answer_async)
    assert TestClient(app).get("/items/7?x=1").json() == {"item": 7, "value": "value"}

    server = told.span("GET /items/{item}")
    assert told.names()[-1] == server.name
    for part in ("dependencies", "endpoint", "serialization"):
        span = told.span(f"fastapi.{part}")
        assert span.parent is not None
        assert server.context is not None
        assert span.parent.span_id == server.context.span_id
        assert span.context is not None
        assert seen.get(part, (span.context.span_id,))[0] == span.context.span_id
        assert span.attributes is not None
        assert str(span.attributes["code.function.name"]).endswith(
            "answer" if blocking else "async"
        )
    assert (seen["endpoint"][1] == seen["dependencies"][1]) <= blocking
    assert server.attributes is not None
    assert {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/items/{item}",
        "server.address": "testserver",
        "server.port": 80,
        "url.path": "/items/7",
        "url.query": "x=1",
        "url.scheme": "http",
    }.items() <= dict(server.attributes).items()
    assert not trace.get_current_span().get_span_context().is_valid


def test_the_client_s_trace_goes_on(told: Told) -> None:
    app = FastAPI(telemetry=told.config)
    headers = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
    assert TestClient(app).get("/missing", headers=headers).status_code == 404
    (span,) = told.spans()
    assert span.context is not None
    assert span.parent is not None
    assert (span.context.trace_id, span.parent.span_id) == (int("a" * 32, 16), int("b" * 16, 16))
    assert span.attributes is not None
    assert "http.route" not in span.attributes


def test_what_is_meant_as_an_answer_is_no_error(told: Told) -> None:
    app = FastAPI(telemetry=told.config)

    @app.get("/{kind}")
    async def fail(kind: str) -> None:
        if kind == "meant":
            raise HTTPException(404)
        raise LookupError(kind)

    client = TestClient(app, raise_server_exceptions=False)
    assert client.get("/meant").status_code == 404
    assert {span.status.status_code for span in told.spans()} == {StatusCode.UNSET}
    assert client.get("/other").status_code == 500
    failed = [span for span in told.spans() if span.status.status_code is StatusCode.ERROR]
    assert [span.name for span in failed] == ["fastapi.endpoint", "GET /{kind}"]
    assert {(span.attributes or {})["error.type"] for span in failed} == {"LookupError"}


def test_a_dependency_that_raises_ends_its_span(told: Told) -> None:
    app = FastAPI(telemetry=told.config)

    def dependency() -> None:
        raise LookupError

    @app.get("/", dependencies=[Depends(dependency)])
    async def answer() -> None: ...

    assert TestClient(app, raise_server_exceptions=False).get("/").status_code == 500
    assert told.names() == ["fastapi.dependencies", "GET /"]
    assert told.span("fastapi.dependencies").status.status_code is StatusCode.ERROR


def test_the_span_ends_with_the_answer_and_tasks_have_theirs_behind_it(told: Told) -> None:
    app = FastAPI(telemetry=told.config)
    names: list[list[str]] = []

    async def work() -> None:
        names.append(told.names())

    async def pieces() -> AsyncIterator[bytes]:
        yield b"one"
        names.append(told.names())
        yield b"two"

    @app.get("/")
    async def answer(tasks: BackgroundTasks) -> StreamingResponse:
        tasks.add_task(work)
        return StreamingResponse(pieces())

    assert TestClient(app).get("/").text == "onetwo"
    during, after = names
    assert "GET /" not in during
    assert "GET /" in after
    assert told.names()[-1] == "fastapi.background_task"


def test_processors_see_the_request_as_long_as_it_runs(told: Told) -> None:
    app = FastAPI(telemetry=told.config)
    kept: list[Any] = []

    @app.post("/{item}")
    def answer(item: int, text: dict[str, str]) -> None:
        data = get_telemetry_data()
        assert data is not None
        assert data.request is not None
        assert data.request.url.path == "/7"
        assert data.body == {"a": "b"}
        assert data.values == {"item": item, "text": text}
        assert data.errors == []
        kept.append(data)

    assert TestClient(app).post("/7", json={"a": "b"}).json() is None
    assert kept
    assert get_telemetry_data() is None


def test_no_spans_inside_where_they_are_not_wanted(told: Told) -> None:
    app = FastAPI(telemetry={**told.config, "operation_spans": False})

    @app.get("/")
    def answer(tasks: BackgroundTasks) -> None:
        tasks.add_task(print)

    TestClient(app).get("/")
    assert told.names() == ["GET /"]
