"""WebSockets: what may be said when."""

from __future__ import annotations

from typing import Any

import pytest

from jebi.web.responses import PlainTextResponse
from jebi.web.testclient import TestClient, WebSocketDenialResponse
from jebi.web.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected


def client(conversation: Any) -> TestClient:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await conversation(WebSocket(scope, receive, send))

    return TestClient(app)


def test_a_conversation() -> None:
    async def converse(websocket: WebSocket) -> None:
        await websocket.accept(subprotocol="b", headers=[(b"x", b"y")])
        await websocket.send_text(await websocket.receive_text())
        await websocket.send_bytes(await websocket.receive_bytes())
        await websocket.send_json(await websocket.receive_json())
        await websocket.send_json(await websocket.receive_json(mode="binary"), mode="binary")
        await websocket.close(4000, "done")

    with client(converse).websocket_connect("/", subprotocols=["a", "b"]) as websocket:
        assert websocket.accepted_subprotocol == "b"
        assert websocket.extra_headers == [(b"x", b"y")]
        websocket.send_text("t")
        assert websocket.receive_text() == "t"
        websocket.send_bytes(b"b")
        assert websocket.receive_bytes() == b"b"
        websocket.send_json([1])
        assert websocket.receive_json() == [1]
        websocket.send_json({"a": 2}, mode="binary")
        assert websocket.receive_json(mode="binary") == {"a": 2}
        with pytest.raises(WebSocketDisconnect) as caught:
            websocket.receive_text()
        assert (caught.value.code, caught.value.reason) == (4000, "done")


def test_iteration_ends_with_the_connection() -> None:
    seen = []

    async def converse(websocket: WebSocket) -> None:
        await websocket.accept()
        async for text in websocket.iter_text():
            seen.append(text)
        with pytest.raises(WebSocketDisconnected):
            await websocket.receive()

    with client(converse).websocket_connect("/") as websocket:
        websocket.send_text("a")
        websocket.send_text("b")
    assert seen == ["a", "b"]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (
            "websocket.send",
            'Expected ASGI message "websocket.accept", "websocket.close" or '
            "\"websocket.http.response.start\", but got 'websocket.send'",
        ),
    ],
)
def test_a_message_out_of_turn(kind: str, message: str) -> None:
    async def converse(websocket: WebSocket) -> None:
        await websocket.send({"type": kind})

    with (
        pytest.raises(RuntimeError, match=message),
        client(converse).websocket_connect("/"),
    ):
        pass


def test_use_before_accept_and_after_close() -> None:
    async def converse(websocket: WebSocket) -> None:
        with pytest.raises(WebSocketDisconnected, match="accept"):
            await websocket.receive_text()
        await websocket.accept()
        await websocket.close()
        with pytest.raises(WebSocketDisconnected, match="send"):
            await websocket.send_text("x")

    with client(converse).websocket_connect("/"):
        pass


def test_a_denial_is_a_response() -> None:
    async def deny(websocket: WebSocket) -> None:
        await websocket.receive()
        await websocket.send_denial_response(PlainTextResponse("no", status_code=401))

    with (
        pytest.raises(WebSocketDenialResponse) as caught,
        client(deny).websocket_connect("/"),
    ):
        pass
    assert (caught.value.status_code, caught.value.content) == (401, b"no")
