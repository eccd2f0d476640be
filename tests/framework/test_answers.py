"""From what a path operation returns, or raises, to the answer."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

from jebi import BackgroundTasks, FastAPI, Header, HTTPException, Request, Response
from jebi.exceptions import RequestValidationError, ResponseValidationError
from jebi.responses import (
    EventSourceResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    StreamingResponse,
)
from jebi.sse import ServerSentEvent
from jebi.testclient import TestClient


class Item(BaseModel):
    name: str
    secret: str | None = None
    size: Annotated[int, Field(serialization_alias="itemSize")] = 1


def test_response_models_filter_and_alias() -> None:
    app = FastAPI()

    @app.get("/model", response_model=Item, response_model_exclude={"secret"})
    def model() -> Any:
        return {"name": "x", "secret": "s", "more": 1}

    @app.get("/unset", response_model_exclude_unset=True)
    async def unset() -> list[Item]:
        return [Item(name="y")]

    @app.get("/class", response_model=Item, response_class=JSONResponse)
    def by_class() -> Any:
        return Item(name="z")

    client = TestClient(app)
    assert client.get("/model").json() == {"name": "x", "itemSize": 1}
    assert client.get("/unset").json() == [{"name": "y"}]
    assert client.get("/class").json() == {"name": "z", "secret": None, "itemSize": 1}


def test_an_answer_that_is_not_its_model_is_the_servers_fault() -> None:
    app = FastAPI()

    @app.get("/", response_model=Item)
    def wrong() -> Any:
        return {"size": "big"}

    with pytest.raises(ResponseValidationError) as caught:
        TestClient(app).get("/")
    assert [error["loc"] for error in caught.value.errors()] == [
        ("response", "name"),
        ("response", "size"),
    ]
    assert "GET /" in str(caught.value)


def test_statuses_without_a_body() -> None:
    app = FastAPI()

    @app.delete("/", status_code=204)
    def delete() -> None: ...

    answer = TestClient(app).delete("/")
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-length" not in answer.headers


def test_responses_go_out_as_they_are_with_the_tasks() -> None:
    done: list[str] = []
    app = FastAPI(default_response_class=PlainTextResponse)

    @app.get("/own")
    def own(tasks: BackgroundTasks) -> Response:
        tasks.add_task(done.append, "own")
        return HTMLResponse("<p>")

    @app.get("/default")
    def default() -> Any:
        return "text"

    client = TestClient(app)
    assert client.get("/own").headers["content-type"].startswith("text/html")
    assert client.get("/default").text == "text"
    assert done == ["own"]


def test_handlers_of_exceptions() -> None:
    app = FastAPI()

    @app.exception_handler(KeyError)
    def missing(request: Request, error: KeyError) -> JSONResponse:
        return JSONResponse({"missing": error.args[0]}, status_code=410)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> PlainTextResponse:
        return PlainTextResponse(str(len(error.errors())), status_code=400)

    @app.exception_handler(404)
    async def not_found(request: Request, error: HTTPException) -> PlainTextResponse:
        return PlainTextResponse(f"no {request.url.path}", status_code=404)

    @app.get("/{kind}")
    def fail(kind: str, n: int) -> None:
        if kind == "key":
            raise KeyError("k")
        raise HTTPException(401, headers={"www-authenticate": "x"})

    client = TestClient(app)
    assert client.get("/key?n=1").json() == {"missing": "k"}
    assert client.get("/key?n=x").text == "1"
    assert client.get("/a/b").text == "no /a/b"
    assert client.get("/other?n=1").headers["www-authenticate"] == "x"
    assert client.get("/other?n=1").json() == {"detail": "Unauthorized"}


def test_generators_stream_json_lines() -> None:
    app = FastAPI()

    @app.get("/async")
    async def items() -> AsyncIterator[Item]:
        yield Item(name="a")
        yield Item(name="b")

    @app.get("/sync")
    def numbers() -> Iterator[float]:
        yield 1
        yield float("inf")

    client = TestClient(app)
    answer = client.get("/async")
    assert answer.headers["content-type"] == "application/jsonl"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["name"] for line in lines] == ["a", "b"]
    assert client.get("/sync").text.splitlines()[0] == "1.0"


def test_generators_stream_events_and_anything() -> None:
    app = FastAPI()

    @app.get("/events", response_class=EventSourceResponse)
    async def events(last: Annotated[str, Header(alias="last-event-id")] = "0") -> Any:
        yield ServerSentEvent(data={"n": 1}, event="count", id=last, retry=5, comment="c")
        yield {"n": 2}
        yield ServerSentEvent(raw_data="one\ntwo")

    @app.get("/raw", response_class=StreamingResponse)
    def raw() -> Iterator[bytes]:
        yield b"a"
        yield b"b"

    client = TestClient(app)
    answer = client.get("/events", headers={"last-event-id": "7"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.text == (
        ': c\nevent: count\ndata: {"n": 1}\nid: 7\nretry: 5\n\n'
        'data: {"n": 2}\n\n'
        "data: one\ndata: two\n\n"
    )
    assert client.get("/raw").text == "ab"


def test_one_event_has_one_payload() -> None:
    with pytest.raises(ValueError, match="both 'data' and 'raw_data'"):
        ServerSentEvent(data=1, raw_data="1")
    with pytest.raises(ValueError, match="single line"):
        ServerSentEvent(event="a\nb")
