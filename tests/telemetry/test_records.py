"""Log records: what went wrong, once."""

import pytest

from jebi import Depends, FastAPI, HTTPException, WebSocket
from jebi.responses import PlainTextResponse
from jebi.testclient import TestClient
from jebi.websockets import WebSocketDisconnect

from .conftest import Told


def test_an_unhandled_exception_is_recorded_once_in_its_trace(told: Told) -> None:
    app = FastAPI(telemetry=told.config)
    error = LookupError("lost")

    @app.get("/items/{item}")
    def fail(item: int) -> None:
        raise error

    assert TestClient(app, raise_server_exceptions=False).get("/items/1").status_code == 500
    (record,) = told.records()
    server = told.span("GET /items/{item}")
    assert server.context is not None
    assert record.event_name == "http.server.request.exception"
    assert (record.severity_text, record.exception) == ("ERROR", error)
    assert record.trace_id == server.context.trace_id
    assert record.attributes["http.route"] == "/items/{item}"
    assert "in fail" in record.attributes["exception.stacktrace"]


def test_what_is_handled_is_not_recorded(told: Told) -> None:
    app = FastAPI(telemetry=told.config)

    @app.exception_handler(LookupError)
    async def handle(request: object, error: LookupError) -> PlainTextResponse:
        return PlainTextResponse("handled", 400)

    @app.get("/{kind}")
    async def fail(kind: str) -> None:
        raise LookupError if kind == "a" else HTTPException(503)

    client = TestClient(app)
    assert [client.get(f"/{kind}").status_code for kind in "ab"] == [400, 503]
    assert not told.records()


@pytest.mark.parametrize("body", [b'{"a": "x"}', b"{"], ids=["invalid", "broken"])
def test_failed_validation_is_recorded_without_what_was_sent(told: Told, body: bytes) -> None:
    app = FastAPI(telemetry=told.config)

    @app.post("/items")
    async def answer(item: dict[str, int]) -> None: ...

    headers = {"content-type": "application/json"}
    assert TestClient(app).post("/items", content=body, headers=headers).status_code == 422
    (record,) = told.records()
    assert (record.event_name, record.severity_text) == ("fastapi.validation.failed", "WARN")
    assert record.attributes == {"fastapi.validation.error_count": 1, "http.route": "/items"}


def test_the_failure_of_a_websocket_is_recorded(told: Told) -> None:
    app = FastAPI(telemetry=told.config)

    def refuse() -> None:
        raise LookupError("lost")

    @app.websocket("/fail", dependencies=[Depends(refuse)])
    async def fail(socket: WebSocket) -> None: ...

    @app.websocket("/rooms/{room}")
    async def talk(socket: WebSocket, room: int) -> None:
        await socket.accept()
        await socket.send_text(await socket.receive_text())
        await socket.close()

    client = TestClient(app)
    with client.websocket_connect("/rooms/1") as socket:
        socket.send_text("hello")
        assert socket.receive_text() == "hello"
    assert not told.records()
    assert told.names() == ["fastapi.dependencies", "fastapi.endpoint", "WS /rooms/{room}"]
    with pytest.raises(LookupError, match="lost"), client.websocket_connect("/fail"):
        pass
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/rooms/x"):
        pass
    names = [record.event_name for record in told.records()]
    assert names == ["fastapi.websocket.exception", "fastapi.validation.failed"]
