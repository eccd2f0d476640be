"""What handlers of exceptions ask Python for: the exception that is being handled."""

from __future__ import annotations

import logging
import sys
from typing import Any

import pytest

from jebi import FastAPI, HTTPException, Request
from jebi.exceptions import RequestValidationError
from jebi.responses import JSONResponse
from jebi.testclient import TestClient


class SoldError(Exception):
    """Raised by a route."""


def through(app: Any) -> Any:
    """Middleware that the engine does not know."""

    async def middleware(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)

    return middleware


def make(kind: type[Exception], seen: list[BaseException | None]) -> FastAPI:
    app = FastAPI()

    @app.exception_handler(kind)
    async def handle(request: Request, error: Exception) -> JSONResponse:
        seen.append(sys.exception())
        assert seen[-1] is error
        logging.getLogger("shop").exception("it failed")
        return JSONResponse({"handled": kind.__name__}, status_code=418)

    @app.get("/{number}")
    async def read(number: int) -> Any:
        if number == 1:
            raise HTTPException(409)
        if number == 2:
            raise SoldError("out")
        if number == 3:
            raise ValueError("what nobody expects")
        return number

    return app


@pytest.mark.parametrize("way", ["native", "asgi"])
@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (HTTPException, "/1"),
        (SoldError, "/2"),
        (Exception, "/3"),
        (RequestValidationError, "/none"),
    ],
)
def test_a_handler_has_it_in_hand(
    kind: type[Exception], path: str, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[BaseException | None] = []
    app = make(kind, seen)
    if way == "asgi":
        app.add_middleware(through)
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get(path)
    assert (answer.status_code, answer.json()) == (418, {"handled": kind.__name__})
    [error] = seen
    [record] = [record for record in caplog.records if record.name == "shop"]
    assert record.exc_info is not None
    assert record.exc_info[1] is error


@pytest.mark.parametrize("way", ["native", "asgi"])
def test_what_a_handler_raises_has_a_context(way: str) -> None:
    app = FastAPI()
    raised: list[BaseException] = []

    @app.exception_handler(SoldError)
    async def fail(request: Request, error: SoldError) -> JSONResponse:
        raise LookupError("no answer either")

    @app.exception_handler(LookupError)
    async def last(request: Request, error: LookupError) -> JSONResponse:
        raised.append(error)
        return JSONResponse(None, status_code=410)

    @app.get("/")
    async def read() -> Any:
        raise SoldError("out")

    if way == "asgi":
        app.add_middleware(through)
    assert TestClient(app).get("/").status_code == 410
    assert isinstance(raised[0].__context__, SoldError)
