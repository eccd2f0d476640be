"""Nothing that is given up stays: applications, plans, requests when their server ends."""

import asyncio
import gc
import weakref
from typing import Any

import jebi
from jebi import FastAPI
from jebi._native import compile_native
from jebi.testclient import TestClient
from tests.connection.peers import Served


def make() -> FastAPI:
    app = FastAPI()

    @app.get("/{number}")
    async def handler(number: int, request: jebi.Request) -> Any:
        return [number, request.app is app]

    return app


def test_an_application_that_is_given_up_is_collected() -> None:
    app = make()
    app.middleware_stack = app.build_middleware_stack()
    native = compile_native(app)
    assert native is not None
    assert TestClient(app).get("/1").json() == [1, True]
    seen = weakref.ref(app)
    del app, native
    gc.collect()
    assert seen() is None


def test_a_request_that_waits_for_ever_ends_with_its_server() -> None:
    app = FastAPI()
    over: list[str] = []

    @app.get("/")
    async def handler() -> None:
        try:
            # Nobody else knows this future, so nobody can ever complete it.
            await asyncio.get_running_loop().create_future()
        finally:
            over.append("left")

    native = compile_native(app)
    assert native is not None
    with Served(native, {}) as served, served.connect() as client:
        client.send(b"GET / HTTP/1.1\r\nhost: test\r\n\r\n")
        served.on_loop(lambda: None)
        served.on_loop(gc.collect)
        assert over == []
    assert over == ["left"]
