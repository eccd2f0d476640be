"""WebSockets: what may be received and sent, and when."""

from __future__ import annotations

import enum
import json
from typing import TYPE_CHECKING, Any

from jebi.web.requests import HTTPConnection, StateT
from jebi.web.responses import Response
from jebi.web.types import Message, Receive, Scope, Send

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable


class WebSocketState(enum.Enum):
    """How far one side of the connection is."""

    CONNECTING = 0
    CONNECTED = 1
    DISCONNECTED = 2
    #: An HTTP response is being sent instead.
    RESPONSE = 3


class WebSocketDisconnect(Exception):  # noqa: N818 - the public name
    """The client closed the connection, or lost it (code 1006)."""

    def __init__(self, code: int = 1000, reason: str | None = None) -> None:
        self.code = code
        self.reason = reason or ""


class WebSocketDisconnected(RuntimeError):  # noqa: N818 - the public name
    """A WebSocket was used that is not connected."""


def _expect(message: Message, *types: str) -> str:
    """The type of ``message``, which must be one of ``types``."""
    kind: str = message["type"]
    if kind not in types:
        *first, last = (f'"{each}"' for each in types)
        listed = f"{', '.join(first)} or {last}" if first else last
        raise RuntimeError(f"Expected ASGI message {listed}, but got {kind!r}")
    return kind


def _check_mode(mode: str) -> None:
    if mode not in {"text", "binary"}:
        raise RuntimeError('The "mode" argument should be "text" or "binary".')


class WebSocket(HTTPConnection[StateT]):
    """A WebSocket, as the application holds it."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(scope)
        assert scope["type"] == "websocket"
        self._receive = receive
        self._send = send
        self.client_state = WebSocketState.CONNECTING
        self.application_state = WebSocketState.CONNECTING

    async def receive(self) -> Message:
        """The next ASGI message, if it is one that may come now."""
        match self.client_state:
            case WebSocketState.CONNECTING:
                message = await self._receive()
                _expect(message, "websocket.connect")
                self.client_state = WebSocketState.CONNECTED
            case WebSocketState.CONNECTED:
                message = await self._receive()
                kind = _expect(message, "websocket.receive", "websocket.disconnect")
                if kind == "websocket.disconnect":
                    self.client_state = WebSocketState.DISCONNECTED
            case _:
                raise WebSocketDisconnected(
                    'Cannot call "receive" once a disconnect message has been received.'
                )
        return message

    async def send(self, message: Message) -> None:
        """Send an ASGI message, if it is one that may be sent now."""
        match self.application_state:
            case WebSocketState.CONNECTING:
                await self._send_first(message)
            case WebSocketState.CONNECTED:
                await self._send_connected(message)
            case WebSocketState.RESPONSE:
                _expect(message, "websocket.http.response.body")
                if not message.get("more_body", False):
                    self.application_state = WebSocketState.DISCONNECTED
                await self._send(message)
            case _:
                raise WebSocketDisconnected(
                    'Cannot call "send" once a close message has been sent.'
                )

    async def _send_first(self, message: Message) -> None:
        states = {
            "websocket.accept": WebSocketState.CONNECTED,
            "websocket.close": WebSocketState.DISCONNECTED,
            "websocket.http.response.start": WebSocketState.RESPONSE,
        }
        self.application_state = states[_expect(message, *states)]
        await self._send(message)

    async def _send_connected(self, message: Message) -> None:
        if _expect(message, "websocket.send", "websocket.close") == "websocket.close":
            self.application_state = WebSocketState.DISCONNECTED
        try:
            await self._send(message)
        except OSError as error:
            self.application_state = WebSocketState.DISCONNECTED
            raise WebSocketDisconnect(code=1006) from error

    async def accept(
        self,
        subprotocol: str | None = None,
        headers: Iterable[tuple[bytes, bytes]] | None = None,
    ) -> None:
        """Accept the connection."""
        if self.client_state == WebSocketState.CONNECTING:
            await self.receive()
        await self.send(
            {"type": "websocket.accept", "subprotocol": subprotocol, "headers": headers or []}
        )

    async def _receive_data(self) -> Message:
        if self.application_state != WebSocketState.CONNECTED:
            raise WebSocketDisconnected('WebSocket is not connected. Need to call "accept" first.')
        message = await self.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message["code"], message.get("reason"))
        return message

    async def receive_text(self) -> str:
        """The next message, which must be text."""
        text: str = (await self._receive_data())["text"]
        return text

    async def receive_bytes(self) -> bytes:
        """The next message, which must be binary."""
        data: bytes = (await self._receive_data())["bytes"]
        return data

    async def receive_json(self, mode: str = "text") -> Any:
        """The next message, parsed as JSON; ``mode`` says whether it is text or binary."""
        _check_mode(mode)
        message = await self._receive_data()
        return json.loads(message["text"] if mode == "text" else message["bytes"].decode())

    async def iter_text(self) -> AsyncIterator[str]:
        """Text messages, until the client closes."""
        async for text in _until_disconnect(self.receive_text):
            yield text

    async def iter_bytes(self) -> AsyncIterator[bytes]:
        """Binary messages, until the client closes."""
        async for data in _until_disconnect(self.receive_bytes):
            yield data

    async def iter_json(self) -> AsyncIterator[Any]:
        """JSON messages, until the client closes."""
        async for value in _until_disconnect(self.receive_json):
            yield value

    async def send_text(self, data: str) -> None:
        """Send text."""
        await self.send({"type": "websocket.send", "text": data})

    async def send_bytes(self, data: bytes) -> None:
        """Send bytes."""
        await self.send({"type": "websocket.send", "bytes": data})

    async def send_json(self, data: Any, mode: str = "text") -> None:
        """Send JSON, as text or as bytes."""
        _check_mode(mode)
        text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
        if mode == "text":
            await self.send_text(text)
        else:
            await self.send_bytes(text.encode())

    async def close(self, code: int = 1000, reason: str | None = None) -> None:
        """Close the connection; before it was accepted, refuse it."""
        await self.send({"type": "websocket.close", "code": code, "reason": reason or ""})

    async def send_denial_response(self, response: Response) -> None:
        """Refuse the connection with an HTTP response, where the server can."""
        if "websocket.http.response" not in self.scope.get("extensions", {}):
            raise RuntimeError(
                "The server doesn't support the Websocket Denial Response extension."
            )
        await response(self.scope, self.receive, self.send)


async def _until_disconnect(receive: Callable[[], Awaitable[Any]]) -> AsyncIterator[Any]:
    try:
        while True:
            yield await receive()
    except WebSocketDisconnect:
        return


class WebSocketClose:
    """An ASGI application that closes, or refuses, a WebSocket."""

    def __init__(self, code: int = 1000, reason: str | None = None) -> None:
        self.code = code
        self.reason = reason or ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - an ASGI application takes them
        """Send the close message."""
        await send({"type": "websocket.close", "code": self.code, "reason": self.reason})
