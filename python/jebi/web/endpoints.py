"""Endpoints as classes, one method for each thing that can happen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from jebi.web import status
from jebi.web._utils import is_async_callable
from jebi.web.concurrency import run_in_threadpool
from jebi.web.exceptions import HTTPException
from jebi.web.requests import Request
from jebi.web.responses import PlainTextResponse, Response
from jebi.web.types import Message, Receive, Scope, Send
from jebi.web.websockets import WebSocket

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY")


class HTTPEndpoint:
    """Define ``get``, ``post``, …, each a function of the request, coroutine or not."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        self.scope = scope
        self.receive = receive
        self.send = send
        self._allowed_methods = [method for method in _METHODS if self._handler(method)]

    def __await__(self) -> Generator[Any, None, None]:
        return self.dispatch().__await__()

    def _handler(self, method: str) -> Any:
        handler = getattr(self, method.lower(), None)
        # ``HEAD`` is ``GET`` without the body, which the server leaves out.
        return getattr(self, "get", None) if handler is None and method == "HEAD" else handler

    async def dispatch(self) -> None:
        """Answer the request."""
        request: Request = Request(self.scope, self.receive, self.send)
        handler: Callable[[Request], Any] = self.method_not_allowed
        if request.method in self._allowed_methods:
            handler = self._handler(request.method)
        called = (
            handler(request) if is_async_callable(handler) else run_in_threadpool(handler, request)
        )
        response: Response = await called
        await response(self.scope, self.receive, self.send)

    async def method_not_allowed(self, request: Request) -> Response:  # noqa: ARG002 - an endpoint takes it
        """The answer to a method that is not defined."""
        refusal = HTTPException(405, headers={"Allow": ", ".join(self._allowed_methods)})
        if "app" in self.scope:
            # The application may have a handler for this answer.
            raise refusal
        return PlainTextResponse(refusal.detail, refusal.status_code, refusal.headers)


class WebSocketEndpoint:
    """Define ``on_connect``, ``on_receive``, ``on_disconnect``.

    ``encoding`` says what messages are, and how ``on_receive`` gets them; ``None`` is either
    text or bytes.
    """

    encoding: Literal["text", "bytes", "json"] | None = None

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "websocket"
        self.scope = scope
        self.receive = receive
        self.send = send

    def __await__(self) -> Generator[Any, None, None]:
        return self.dispatch().__await__()

    async def dispatch(self) -> None:
        """Serve the connection until it is closed."""
        websocket: WebSocket = WebSocket(self.scope, self.receive, self.send)
        await self.on_connect(websocket)
        close_code = status.WS_1000_NORMAL_CLOSURE
        try:
            while True:
                message = await websocket.receive()
                if message["type"] == "websocket.disconnect":
                    close_code = int(message.get("code") or close_code)
                    break
                await self.on_receive(websocket, await self.decode(websocket, message))
        except Exception:
            close_code = status.WS_1011_INTERNAL_ERROR
            raise
        finally:
            await self.on_disconnect(websocket, close_code)

    async def decode(self, websocket: WebSocket, message: Message) -> Any:
        """What ``on_receive`` gets for ``message``; closes with 1003 when it cannot be that."""
        text, data = message.get("text"), message.get("bytes")
        match self.encoding:
            case None:
                return data if text is None else text
            case "text":
                if text is None:
                    await self._refuse(websocket, "Expected text websocket messages, but got bytes")
                return text
            case "bytes":
                if data is None:
                    await self._refuse(websocket, "Expected bytes websocket messages, but got text")
                return data
            case "json":
                try:
                    return json.loads(message["bytes"].decode() if text is None else text)
                except json.JSONDecodeError:
                    await self._refuse(websocket, "Malformed JSON data received.")
            case _:
                raise AssertionError(f"Unsupported 'encoding' attribute {self.encoding}")

    async def _refuse(self, websocket: WebSocket, why: str) -> None:
        await websocket.close(code=status.WS_1003_UNSUPPORTED_DATA)
        raise RuntimeError(why)

    async def on_connect(self, websocket: WebSocket) -> None:
        """A client wants to connect; accept it, or close."""
        await websocket.accept()

    async def on_receive(self, websocket: WebSocket, data: Any) -> None:
        """A message came."""

    async def on_disconnect(self, websocket: WebSocket, close_code: int) -> None:
        """The connection is closed."""
