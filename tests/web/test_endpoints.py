"""Endpoints as classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from jebi.web.endpoints import HTTPEndpoint, WebSocketEndpoint
from jebi.web.responses import PlainTextResponse
from jebi.web.testclient import TestClient

if TYPE_CHECKING:
    from jebi.web.requests import Request
    from jebi.web.websockets import WebSocket


class Page(HTTPEndpoint):
    async def get(self, request: Request) -> PlainTextResponse:
        return PlainTextResponse("got")

    def post(self, request: Request) -> PlainTextResponse:
        return PlainTextResponse("posted")


def test_methods() -> None:
    client = TestClient(Page)
    assert client.get("/").text == "got"
    assert client.head("/").headers["content-length"] == "3"
    assert client.post("/").text == "posted"
    refused = client.put("/")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, POST")


@pytest.mark.parametrize(
    ("encoding", "message", "answer"),
    [
        (None, {"bytes": b"b"}, "b'b'"),
        ("text", {"text": "t"}, "'t'"),
        ("bytes", {"bytes": b"b"}, "b'b'"),
        ("json", {"bytes": b"[1]"}, "[1]"),
    ],
)
def test_messages_are_decoded(encoding: Any, message: dict[str, Any], answer: str) -> None:
    closed = []

    class Echo(WebSocketEndpoint):
        async def on_receive(self, websocket: WebSocket, data: Any) -> None:
            await websocket.send_text(repr(data))

        async def on_disconnect(self, websocket: WebSocket, close_code: int) -> None:
            closed.append(close_code)

    Echo.encoding = encoding
    with TestClient(Echo).websocket_connect("/") as websocket:
        websocket.send({"type": "websocket.receive", **message})
        assert websocket.receive_text() == answer
    assert closed == [1000]


def test_a_message_of_the_wrong_kind_closes() -> None:
    class Texts(WebSocketEndpoint):
        encoding = "text"

    websocket = TestClient(Texts).websocket_connect("/")
    with pytest.raises(RuntimeError, match="but got bytes"), websocket:
        websocket.send_bytes(b"x")
