"""Opening a WebSocket, and being denied one."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from tests.connection.peers import GET, Served
from tests.connection.websockets import (
    ACCEPT,
    KEY,
    TEXT,
    Watched,
    accept,
    echo,
    frame,
    handshake,
    opened,
    take,
    upgrade,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Served]


def test_the_scope_is_that_of_a_websocket(serve: Serve) -> None:
    scopes: list[dict[str, Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        await echo(scope, receive, send)

    served = serve(application, root_path="/api", state={"a": 1})
    with served.connect() as client:
        client.send(handshake(b"/w%20s?x=1", b"Sec-WebSocket-Protocol: chat, v2.chat"))
        assert client.head().status == 101
    (scope,) = scopes
    assert scope["type"] == "websocket"
    assert scope["scheme"] == "ws"
    assert scope["asgi"] == {"version": "3.0", "spec_version": "2.4"}
    assert scope["http_version"] == "1.1"
    assert scope["path"] == "/api/w s"
    assert scope["raw_path"] == b"/api/w%20s"
    assert scope["query_string"] == b"x=1"
    assert scope["subprotocols"] == ["chat", "v2.chat"]
    assert scope["state"] == {"a": 1}
    assert "method" not in scope
    assert "websocket.http.response" in scope["extensions"]
    assert (b"sec-websocket-key", KEY) in scope["headers"]


def test_it_is_accepted_with_what_the_application_says(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await accept(receive, send, subprotocol="chat", headers=[(b"X-A", b"1")])
        await receive()

    with serve(application).connect() as client:
        answer = upgrade(client, b"Sec-WebSocket-Protocol: chat")
    assert answer.status == 101
    assert answer.get("upgrade") == "websocket"
    assert answer.get("connection") == "Upgrade"
    assert answer.get("sec-websocket-accept") == ACCEPT
    assert answer.get("sec-websocket-protocol") == "chat"
    assert answer.get("sec-websocket-extensions") is None
    assert answer.get("x-a") == "1"
    assert answer.get("server") == "jebi"
    assert answer.get("content-length") is None


REFUSED = {
    "another version": (426, [b"Sec-WebSocket-Version: 8"]),
    "two keys": (400, [b"Sec-WebSocket-Key: " + KEY]),
    "a protocol that is none": (400, [b"Sec-WebSocket-Protocol: ch\xe4t"]),
    "the same protocol twice": (400, [b"Sec-WebSocket-Protocol: a, a"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_handshake_that_is_none_is_refused(serve: Serve, case: str) -> None:
    status, lines = REFUSED[case]
    request = handshake(b"/ws", *lines)
    if status == 426:
        request = request.replace(b"Sec-WebSocket-Version: 13\r\n", b"")
    with serve(echo).connect() as client:
        answer = client.ask(request)
        assert answer.status == status
        assert answer.get("connection") == "close"
        assert (answer.get("sec-websocket-version") == "13") == (status == 426)
        assert client.is_closed()


def test_a_body_on_the_upgrade_is_refused(serve: Serve) -> None:
    with serve(echo).connect() as client:
        client.send(handshake(b"/ws", b"Content-Length: 5") + b"hello")
        assert client.answer().status == 400
        assert client.is_closed()


def test_a_length_of_nothing_is_no_body(serve: Serve) -> None:
    with opened(serve(echo), b"Content-Length: 0") as client:
        client.send(frame(TEXT, b"hi"))
        assert take(client) == (TEXT, b"hi")


@pytest.mark.parametrize("line", [b"Upgrade: websocket", b"Connection: Upgrade"])
def test_half_a_wish_is_a_plain_request(serve: Serve, line: bytes) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 204})
        await send({"type": "http.response.body"})

    request = handshake().replace(line + b"\r\n", b"")
    assert serve(application).ask(request).status == 204


def test_they_can_be_turned_off(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 204})
        await send({"type": "http.response.body"})

    assert serve(application, websockets=False).ask(handshake()).status == 204


def test_frames_may_follow_the_handshake_at_once(serve: Serve) -> None:
    with serve(echo).connect() as client:
        client.send(handshake() + frame(TEXT, b"early"))
        assert client.head().status == 101
        assert take(client) == (TEXT, b"early")


def test_a_websocket_may_follow_requests(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await echo(scope, receive, send)
        else:
            await send({"type": "http.response.start", "status": 204})
            await send({"type": "http.response.body"})

    with serve(application).connect() as client:
        client.send(GET + handshake() + frame(TEXT, b"hi"))
        assert client.answer().status == 204
        assert client.head().status == 101
        assert take(client) == (TEXT, b"hi")


def test_closing_before_accepting_is_a_403(serve: Serve) -> None:
    received: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.close"})
        received.append(await receive())
        with pytest.raises(RuntimeError, match=r"after sending 'websocket\.close'"):
            await send({"type": "websocket.accept"})
        received.append("done")

    served = serve(application)
    with served.connect() as client:
        # What follows was meant for the WebSocket: it is not to be read as a request.
        answer = client.ask(handshake() + GET)
        assert answer.status == 403
        assert answer.get("connection") == "close"
        assert client.is_closed()
    assert received == [
        {"type": "websocket.disconnect", "code": 1006, "reason": ""},
        "done",
    ]


def test_it_can_be_denied_with_an_answer(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        headers = [(b"content-type", b"text/plain")]
        start = {"type": "websocket.http.response.start", "status": 401, "headers": headers}
        await send(start)
        with pytest.raises(RuntimeError, match=r"Expected ASGI message 'websocket\.http"):
            await send({"type": "websocket.accept"})
        await send({"type": "websocket.http.response.body", "body": b"who ", "more_body": True})
        await send({"type": "websocket.http.response.body", "body": b"are you?"})
        with pytest.raises(RuntimeError, match="Unexpected ASGI message"):
            await send({"type": "websocket.http.response.body"})

    with serve(application).connect() as client:
        answer = client.ask(handshake())
        assert answer.status == 401
        assert answer.body == b"who are you?"
        assert client.is_closed()


MISTAKES: dict[str, dict[str, Any]] = {
    "send": {"type": "websocket.send", "text": "x"},
    "of another protocol": {"type": "http.response.start", "status": 200},
    "a protocol that is none": {"type": "websocket.accept", "subprotocol": "a b"},
    "a header that splits": {"type": "websocket.accept", "headers": [(b"a", b"b\r\nc: d")]},
}


@pytest.mark.parametrize("case", MISTAKES)
def test_what_is_not_an_answer_to_a_handshake_raises(
    serve: Serve, case: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(MISTAKES[case])

    with caplog.at_level(logging.ERROR, "jebi.error"):
        assert serve(application).ask(handshake()).status == 500
    (record,) = caplog.records
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], RuntimeError)


def test_an_application_that_does_not_answer_is_a_500(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await receive()

    with caplog.at_level(logging.ERROR, "jebi.error"):
        assert serve(application).ask(handshake()).status == 500
    assert "without sending handshake" in caplog.text


def test_a_client_that_leaves_is_told_of(serve: Serve) -> None:
    received: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        received.append(await receive())
        received.append(await receive())

    watched = Watched(application)
    served = serve(watched)
    client = served.connect()
    client.send(handshake())
    client.socket.close()
    watched.wait()
    assert [message["type"] for message in received] == [
        "websocket.connect",
        "websocket.disconnect",
    ]


def test_both_outcomes_are_logged(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        kind = "accept" if scope["path"] == "/ws" else "close"
        await send({"type": f"websocket.{kind}"})

    served = serve(application)
    with caplog.at_level(logging.INFO, "jebi.error"):
        with opened(served):
            pass
        assert served.ask(handshake(b"/no?a=1")).status == 403
    lines = [record.getMessage().partition(" - ")[2] for record in caplog.records]
    assert lines == ['"WebSocket /ws" [accepted]', '"WebSocket /no?a=1" 403']
