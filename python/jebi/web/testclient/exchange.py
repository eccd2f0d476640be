"""One request to an application, and the response as it streams out."""

from __future__ import annotations

from concurrent.futures import Future, wait
from contextlib import ExitStack
from typing import TYPE_CHECKING

import anyio

from jebi.web.testclient.sent import Sent

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from anyio.from_thread import BlockingPortal

    from jebi.web.testclient._httpx import httpx
    from jebi.web.testclient.asgi import ASGI3App, PortalFactory
    from jebi.web.types import Message, Scope


class Exchange:
    """Runs the application in the portal's thread while the client reads in its own.

    The application gets no further than the client reads, and is cancelled when the client
    closes a response before its end.
    """

    #: What the application has sent so far.
    sent: Sent
    _portal: BlockingPortal
    _task: Future[None]

    def __init__(self, app: ASGI3App, scope: Scope, request: httpx.Request) -> None:
        self._app = app
        self._scope = scope
        self._request = request
        # Here and not in the portal's thread, where reading files would block the application.
        self._request.read()
        self._body_received = False
        self._stack = ExitStack()

    def start(self, portal_factory: PortalFactory, raise_exceptions: bool) -> None:
        """Run until the response begins, or the application ends without one."""
        with ExitStack() as stack:
            portal = self._portal = stack.enter_context(portal_factory())
            self._raises = raise_exceptions
            portal.call(self._prepare)
            stack.callback(self._outgoing.close)
            stack.callback(self._incoming.close)
            self._task = portal.start_task_soon(self._run)
            stack.push(self._finish)
            portal.call(self._available.wait)
            if self.sent.status is not None:
                self._stack = stack.pop_all()

    async def _prepare(self) -> None:
        # These belong to the loop that they are made on.
        self._available = anyio.Event()
        self.sent = Sent()
        self._cancel_scope = anyio.CancelScope()
        self._outgoing, self._incoming = anyio.create_memory_object_stream[tuple[bytes, bool]](0)

    def close(self) -> None:
        """Let go of the response; what the application raised is raised here."""
        self._stack.close()

    def abort(self) -> None:
        """Cancel the application."""
        self._portal.call(self._cancel_scope.cancel)
        self.close()

    @property
    def is_open(self) -> bool:
        """Whether the application still runs."""
        return not self._task.done()

    def body(self) -> Iterator[bytes]:
        """The body as it comes; a response to ``HEAD`` has none."""
        return self._read_body()

    def _read_body(self) -> Generator[bytes, None, None]:
        while True:
            try:
                chunk = self._portal.call(self._next_chunk)
            except anyio.EndOfStream:
                break
            if chunk and self._request.method != "HEAD":
                yield chunk
        self.close()

    async def _next_chunk(self) -> bytes:
        chunk, is_last = await self._incoming.receive()
        if is_last:
            self.sent.complete.set()
        return chunk

    def _finish(self, exc_type: type[BaseException] | None, *_: object) -> None:
        if self.is_open:
            self._portal.call(self._cancel_unless_complete)
        wait([self._task])
        error = self._task.exception()
        if exc_type is None and self._raises and error is not None:
            raise error

    def _cancel_unless_complete(self) -> None:
        if not self.sent.complete.is_set():
            self._cancel_scope.cancel()

    async def _run(self) -> None:
        try:
            with self._cancel_scope:
                async with self._outgoing:
                    await self._app(self._scope, self._receive, self._send)
        finally:
            self._available.set()

    async def _receive(self) -> Message:
        if self._body_received:
            if not self.sent.complete.is_set():
                await self.sent.complete.wait()
            return {"type": "http.disconnect"}
        self._body_received = True
        return {"type": "http.request", "body": self._request.content}

    async def _send(self, message: Message) -> None:
        piece = self.sent.take(message)
        if self.sent.status is not None:
            self._available.set()
        if piece is not None:
            await self._outgoing.send(piece)
