"""WSGI applications inside of an ASGI application (deprecated)."""

from __future__ import annotations

import io
import math
import sys
import warnings
from typing import TYPE_CHECKING, Any

import anyio
import anyio.from_thread
import anyio.to_thread

from jebi.web._utils import create_collapsing_task_group
from jebi.web.exceptions import StarletteDeprecationWarning
from jebi.web.types import Message, Receive, Scope, Send

if TYPE_CHECKING:
    from collections.abc import Callable


warnings.warn(
    "starlette.middleware.wsgi is deprecated and will be removed in a future release. "
    "Please refer to https://github.com/abersheeran/a2wsgi as a replacement.",
    StarletteDeprecationWarning,
    stacklevel=2,
)

_UNPREFIXED = {"content-length": "CONTENT_LENGTH", "content-type": "CONTENT_TYPE"}


def build_environ(scope: Scope, body: bytes) -> dict[str, Any]:
    """The WSGI environment of a request."""
    prefix, path = _wsgi_text(scope.get("root_path", "")), _wsgi_text(scope["path"])
    if path == prefix or path.startswith(prefix.rstrip("/") + "/"):
        path = path[len(prefix) :]
    host, port = scope.get("server") or ("localhost", 80)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": prefix,
        "PATH_INFO": path,
        "QUERY_STRING": scope["query_string"].decode("ascii"),
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stdout,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if scope.get("client"):
        environ["REMOTE_ADDR"] = scope["client"][0]
    for raw_name, raw_value in scope.get("headers", ()):
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        key = _UNPREFIXED.get(name) or f"HTTP_{name.upper().replace('-', '_')}"
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ


def _wsgi_text(text: str) -> str:
    # WSGI has bytes travel as text, one character for each byte.
    return text.encode().decode("latin-1")


async def _read_body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


class WSGIMiddleware:
    """Serves a WSGI application, in worker threads."""

    def __init__(self, app: Callable[..., Any]) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        assert scope["type"] == "http"
        await WSGIResponder(self.app, scope)(receive, send)


class WSGIResponder:
    """Answers one request."""

    def __init__(self, app: Callable[..., Any], scope: Scope) -> None:
        self.app = app
        self.scope = scope
        self.response_started = False
        self.exc_info: Any = None
        self.stream_send, self.stream_receive = anyio.create_memory_object_stream["Message"](
            math.inf
        )

    async def __call__(self, receive: Receive, send: Send) -> None:
        """Read the body, run the application in a thread and send what it yields."""
        environ = build_environ(self.scope, await _read_body(receive))
        async with create_collapsing_task_group() as tasks:
            tasks.start_soon(self.sender, send)
            await self._run_in_thread(environ)
        if self.exc_info is not None:
            kind, error, where = self.exc_info
            raise kind.with_traceback(error, where)

    async def _run_in_thread(self, environ: dict[str, Any]) -> None:
        # To close the stream is to tell the sender that nothing more comes.
        with self.stream_send:
            await anyio.to_thread.run_sync(self.wsgi, environ, self.start_response)

    async def sender(self, send: Send) -> None:
        """Send what comes from the thread."""
        with self.stream_receive as messages:
            async for each in messages:
                await send(each)

    def _hand_over(self, message: Message) -> None:
        anyio.from_thread.run(self.stream_send.send, message)

    def start_response(
        self,
        status: str,
        response_headers: list[tuple[str, str]],
        exc_info: Any = None,
    ) -> None:
        """What the application calls before its body."""
        self.exc_info = exc_info
        if self.response_started:
            return
        self.response_started = True
        headers = [
            (name.strip().lower().encode("ascii"), value.strip().encode("ascii"))
            for name, value in response_headers
        ]
        code = int(status.partition(" ")[0])
        self._hand_over({"type": "http.response.start", "status": code, "headers": headers})

    def wsgi(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> None:
        """Run the application; this is called in the thread."""
        for chunk in self.app(environ, start_response):
            self._hand_over({"type": "http.response.body", "body": chunk, "more_body": True})
        self._hand_over({"type": "http.response.body", "body": b""})
