"""Requests that the engine serves by its plans: the same connection, without messages."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

import jebi
import jebi.loop
from jebi._engine import HttpServer
from jebi._native import compile_native
from tests.connection.peers import GET, Client, Served, hello

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Served]


class Item(BaseModel):
    name: str
    price: float = 1.0


def application() -> Any:
    app = jebi.FastAPI()

    @app.get("/")
    async def root() -> Any:
        return {"hello": "world"}

    @app.get("/late/{number}")
    async def late(number: int) -> Any:
        await asyncio.sleep(0.001)
        return number

    @app.get("/pool/{number}")
    def pool(number: int) -> Any:
        return number

    @app.post("/items")
    async def items(item: Item) -> Any:
        return item.price

    @app.post("/raw")
    async def raw(request: jebi.Request) -> Any:
        return len(await request.body())

    @app.post("/both")
    async def both(item: Item, request: jebi.Request) -> Any:
        return [item.name, len(await request.body())]

    @app.get("/split")
    async def split(response: jebi.Response) -> Any:
        response.raw_headers.append((b"a", b"b\r\nset-cookie: c=d"))
        return 1

    @app.get("/broken")
    async def broken() -> Any:
        raise ValueError("the reason")

    native = compile_native(app)
    assert native is not None, "this application asks for nothing that plans cannot do"
    return native


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: test\r\n\r\n".encode()


def post(path: str, document: object, extra: str = "") -> bytes:
    data = json.dumps(document)
    head = f"POST {path} HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n{extra}"
    return f"{head}Content-Length: {len(data)}\r\n\r\n{data}".encode()


def value(client: Client, request: bytes) -> Any:
    answer = client.ask(request)
    assert answer.status == 200
    assert answer.get("content-type") == "application/json"
    return json.loads(answer.body)


def test_every_kind_of_handler_answers_on_one_connection(serve: Serve) -> None:
    with serve(application()).connect() as client:
        for _ in range(3):
            assert value(client, GET) == {"hello": "world"}
            assert value(client, get("/late/1")) == 1
            assert value(client, get("/pool/2")) == 2
            assert value(client, post("/items", {"name": "a", "price": 3})) == 3
            assert value(client, post("/raw", "x" * 100_000)) == 100_002
            assert value(client, post("/both", {"name": "b"})) == ["b", 13]
            assert client.ask(get("/nowhere")).status == 404


def test_pipelined_requests_are_answered_in_order(serve: Serve) -> None:
    paths = [f"/{kind}/{n}" for n in range(50) for kind in ("late", "pool")]
    with serve(application()).connect() as client:
        client.send(b"".join(get(path) for path in paths))
        answers = [json.loads(client.answer().body) for _ in paths]
    assert answers == [n for n in range(50) for _ in range(2)]


def test_a_plan_gets_its_body_whole(serve: Serve) -> None:
    request = post("/items", {"name": "x" * 50_000, "price": 2})
    with serve(application()).connect() as client:
        for size in (1000, 7777):
            for at in range(0, len(request), size):
                client.send(request[at : at + size])
            assert client.answer().body == b"2.0"
        chunked = b"POST /items HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n"
        client.send(chunked + b"Content-Type: application/json\r\n\r\n")
        client.send(b'a\r\n{"name": "\r\n2\r\n"}\r\n0\r\n\r\n')
        assert client.answer().body == b"1.0"


def test_continue_is_said_when_a_plan_wants_the_body(serve: Serve) -> None:
    request = post("/items", {"name": "a"}, "Expect: 100-continue\r\n")
    at = request.index(b"\r\n\r\n") + 4
    with serve(application()).connect() as client:
        client.send(request[:at])
        assert client.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.send(request[at:])
        assert client.answer().body == b"1.0"
        client.send(request)
        assert client.answer().body == b"1.0"


def test_a_body_too_large_or_too_slow_never_reaches_the_plan(serve: Serve) -> None:
    with serve(application(), body_limit=100).connect() as client:
        client.send(post("/items", {"name": "x" * 100}))
        assert client.answer().status == 413
        assert client.is_closed()
    head = post("/items", {"name": "a"})[:-1]
    served = serve(application(), body_timeout=0.05)
    with served.connect() as client:
        client.send(head)
        assert client.answer().status == 408
        assert client.is_closed()
    with served.connect() as client:
        client.send(head)
        client.finish()
        assert client.is_closed(), "a request cut short is no request"
    assert served.on_loop(lambda: served.server.requests_in_flight) == 0


def test_a_handler_that_fails(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    with serve(application()).connect() as client:
        assert client.ask(get("/broken")).status == 500
    assert any("the reason" in (record.exc_text or "") for record in caplog.records)


def test_an_answer_cannot_be_split(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "jebi.error"), serve(application()).connect() as client:
        client.send(get("/split"))
        answer = client.answer()
        assert answer.status == 500
        assert answer.get("set-cookie") is None
        assert client.is_closed()


def test_a_client_that_leaves_in_the_middle_disturbs_nobody(serve: Serve) -> None:
    served = serve(application())
    for _ in range(10):
        with served.connect() as client:
            client.send(get("/late/1") * 20)
    with served.connect() as client:
        assert value(client, get("/late/1")) == 1


def test_the_access_log_names_plans_requests_too(serve: Serve) -> None:
    lines: list[tuple[str, str, str, str, int]] = []
    served = serve(application(), access_log=lambda *line: lines.append(line))
    with served.connect() as client:
        name = "{}:{}".format(*client.socket.getsockname())
        client.ask(get("/?q=%0A"))
        client.ask(get("/late/1"))
        served.on_loop(lambda: None)
    assert lines == [
        (name, "GET", "/?q=%0A", "1.1", 200),
        (name, "GET", "/late/1", "1.1", 200),
    ]


def test_a_server_that_ended_is_collected() -> None:
    class Application:
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await hello(scope, receive, send)

    app = Application()
    seen = weakref.ref(app)
    with Served(app) as served:
        assert served.ask().body == b"hello"
    server = weakref.ref(served.server)
    del app, served
    gc.collect()
    assert (seen(), server()) == (None, None)


def test_an_application_has_to_be_callable() -> None:
    loop = jebi.loop.new_event_loop()
    with pytest.raises(TypeError, match="callable"):
        HttpServer(loop, [], 5)  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(ValueError, match="timeout"):
        HttpServer(loop, [], hello, header_timeout=-1.0)
    loop.close()
