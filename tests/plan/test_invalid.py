"""Who learns of invalid parameters: the client always, Python where it has asked to."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import pytest

from jebi import Depends, FastAPI, Request
from jebi.exceptions import RequestValidationError
from jebi.responses import JSONResponse
from tests.connection.peers import Served
from tests.plan.both_ways import compare, get

Both = Callable[[FastAPI], tuple[Served, Served]]
Fly = Callable[[FastAPI], Served]


def body(answer: bytes) -> Any:
    return json.loads(answer.partition(b"\r\n\r\n")[2])


def test_no_exception_is_made_when_nobody_asked(fly: Fly, monkeypatch: pytest.MonkeyPatch) -> None:
    app = FastAPI()

    @app.get("/{n}")
    async def read(n: int) -> int:
        return n

    def unasked(*_: Any, **__: Any) -> None:
        raise AssertionError("an exception was made")

    monkeypatch.setattr("jebi.routing.handler.RequestValidationError", unasked)
    with fly(app).connect() as client:
        for _ in range(2):
            client.send(get("/x"))
            answer = client.answer()
            assert answer.status == 422
            assert answer.get("content-type") == "application/json"
            (error,) = json.loads(answer.body)["detail"]
            assert error["loc"] == ["path", "n"]
        client.send(get("/1"))
        assert client.answer().body == b"1"


def test_a_handler_of_the_applications_own_is_asked(both: Both) -> None:
    app = FastAPI()

    @app.exception_handler(RequestValidationError)
    async def handle(request: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse([request.url.path, len(error.errors())], 400)

    @app.get("/{n}")
    async def read(n: int) -> int:
        return n

    native, asgi = both(app)
    (answer,) = compare(native, asgi, [get("/x")])
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert body(answer) == ["/x", 1]


def test_a_dependency_that_was_entered_learns_of_it(both: Both) -> None:
    seen: list[str] = []

    async def resource() -> AsyncIterator[None]:
        try:
            yield
        except RequestValidationError as error:
            seen.append(error.errors()[0]["loc"][1])
            raise

    app = FastAPI()

    @app.get("/{n}")
    async def read(n: int, resource: Annotated[None, Depends(resource)]) -> int:
        return n

    native, asgi = both(app)
    (answer,) = compare(native, asgi, [get("/x")])
    assert answer.startswith(b"HTTP/1.1 422 ")
    assert seen == ["n", "n"]
