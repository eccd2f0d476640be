"""A WebSocket to an application, from the client's side."""

from __future__ import annotations

import json
import math
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Literal, Self

import anyio

from jebi.web.testclient._httpx import httpx
from jebi.web.websockets import WebSocketDisconnect

if TYPE_CHECKING:
    from anyio.abc import TaskStatus
    from anyio.from_thread import BlockingPortal

    from jebi.web.testclient.asgi import ASGI3App, PortalFactory
    from jebi.web.types import Message, Scope


class WebSocketDenialResponse(httpx.Response, WebSocketDisconnect):  # type: ignore[misc]  # two kinds of __setstate__
    """The application refused the WebSocket with this response; raised in the client."""


class Upgrade(Exception):  # noqa: N818 - no error: it leaves httpx by the shortest way
    """The request turned out to open a WebSocket."""

    def __init__(self, session: WebSocketTestSession) -> None:
        self.session = session


class WebSocketTestSession:
    """An open WebSocket, as a context manager: entering connects, leaving closes."""

    portal: BlockingPortal

    def __init__(self, app: ASGI3App, scope: Scope, portal_factory: PortalFactory) -> None:
        self.app = app
        self.scope = scope
        self.portal_factory = portal_factory
        self.accepted_subprotocol: str | None = None
        self.extra_headers: list[tuple[bytes, bytes]] | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.portal = stack.enter_context(self.portal_factory())
            task, scope = self.portal.start_task(self._run)
            # Last to first: say that the client goes, stop the application, see how it ended.
            stack.callback(task.result)
            stack.callback(self.portal.call, scope.cancel)
            self.send({"type": "websocket.connect"})
            accepted = self._receive_open()
            self.accepted_subprotocol = accepted.get("subprotocol", None)
            self.extra_headers = accepted.get("headers", None)
            stack.callback(self.close, 1000)
            self.exit_stack = stack.pop_all()
        return self

    def __exit__(self, *exc_info: Any) -> bool | None:
        return self.exit_stack.__exit__(*exc_info)

    async def _run(self, *, task_status: TaskStatus[anyio.CancelScope]) -> None:
        to_app, app_receives = anyio.create_memory_object_stream["Message"](math.inf)
        app_sends, from_app = anyio.create_memory_object_stream["Message"](math.inf)
        with to_app, app_receives, app_sends, from_app, anyio.CancelScope() as scope:
            self._to_app, self._from_app = to_app, from_app
            task_status.started(scope)
            await self.app(self.scope, app_receives.receive, app_sends.send)
            # What the application sent last is still to be read.
            await anyio.sleep_forever()

    def _receive_open(self) -> Message:
        """The next message, which must not end the connection."""
        message = self.receive()
        if message["type"] == "websocket.close":
            raise WebSocketDisconnect(message.get("code", 1000), message.get("reason", ""))
        if message["type"] == "websocket.http.response.start":
            raise self._denial(message)
        return message

    def _denial(self, start: Message) -> WebSocketDenialResponse:
        content = b""
        more = True
        while more:
            message = self.receive()
            assert message["type"] == "websocket.http.response.body"
            content += message["body"]
            more = message.get("more_body", False)
        return WebSocketDenialResponse(
            status_code=start["status"], headers=start["headers"], content=content
        )

    def send(self, message: Message) -> None:
        """Hand an ASGI message to the application."""
        self.portal.call(self._to_app.send, message)

    def send_text(self, data: str) -> None:
        """Send text."""
        self.send({"type": "websocket.receive", "text": data})

    def send_bytes(self, data: bytes) -> None:
        """Send bytes."""
        self.send({"type": "websocket.receive", "bytes": data})

    def send_json(self, data: Any, mode: Literal["text", "binary"] = "text") -> None:
        """Send JSON, as text or as bytes."""
        text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
        if mode == "text":
            self.send_text(text)
        else:
            self.send_bytes(text.encode())

    def close(self, code: int = 1000, reason: str | None = None) -> None:
        """Close the connection."""
        self.send({"type": "websocket.disconnect", "code": code, "reason": reason})

    def receive(self) -> Message:
        """The next ASGI message of the application, whatever it is."""
        return self.portal.call(self._from_app.receive)

    def receive_text(self) -> str:
        """The next message, which must be text."""
        text: str = self._receive_open()["text"]
        return text

    def receive_bytes(self) -> bytes:
        """The next message, which must be binary."""
        data: bytes = self._receive_open()["bytes"]
        return data

    def receive_json(self, mode: Literal["text", "binary"] = "text") -> Any:
        """The next message, parsed as JSON."""
        return json.loads(self.receive_text() if mode == "text" else self.receive_bytes())
