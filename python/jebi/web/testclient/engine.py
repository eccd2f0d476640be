"""One request through the engine that serves production."""

from __future__ import annotations

import asyncio
import socket
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import anyio

from jebi._engine import HttpServer
from jebi.server.application import for_engine
from jebi.web.testclient._httpx import httpx
from jebi.web.testclient.asgi import as_asgi3
from jebi.web.testclient.sent import Sent
from jebi.web.testclient.wire import Wire

if TYPE_CHECKING:
    from jebi.web.requests import Request
    from jebi.web.types import Message, Receive, Scope, Send

#: Nobody is timed: whoever tests may look at the application with a debugger.
_ENDLESS: dict[str, Any] = dict.fromkeys(
    ("header_timeout", "keep_alive_timeout", "body_timeout", "write_timeout"), 1e9
)
#: What is told to the test alone, and to no server.
_ASIDE = {"http.response.debug", "http.response.push"}

#: The exchange that a context belongs to.
_current: ContextVar[EngineExchange] = ContextVar("jebi.testclient")


def served(app: Any) -> Any:
    """What a server takes ``app`` as; what it raises is noted in the exchange."""
    native = for_engine(app, report=_note_error)
    return as_asgi3(app) if native is app else native


def _note_error(request: Request, error: Exception) -> None:  # noqa: ARG001 - a Report takes it
    _current.get().note(error)


class EngineExchange:
    """A request on a server of its own, and the answer as it comes.

    An application that sends its answer by messages gets no further than the client reads, and is
    cancelled when the client leaves before the end.

    Args:
        application: What the server serves, as :func:`served` has it.
        scope: What the scope says beside what is in the request.
        request: What is asked.
    """

    status: int
    headers: list[tuple[bytes, bytes]]
    _wire: Wire

    def __init__(self, application: Any, scope: dict[str, Any], request: httpx.Request) -> None:
        self._request = request
        self.error: Exception | None = None
        self.sent = Sent()
        self._outgoing, self._incoming = anyio.create_memory_object_stream[
            "tuple[bytes, bool] | None"
        ](0)
        self._task: asyncio.Task[Any] | None = None
        #: What the application calls, and what that calls.
        self._callables: tuple[Receive, Send] | None = None
        #: The answer is one that no server could send.
        self._is_unsendable = False
        self._is_left = False
        self._is_over = False
        token = _current.set(self)
        try:
            # It runs requests in copies of the context that it is made in.
            self._server = HttpServer(
                asyncio.get_running_loop(),  # type: ignore[arg-type]  # whoever calls has looked
                [],
                application,
                server_header=False,
                date_header=False,
                websockets=False,
                http2=False,
                scope=scope,
                witness=self,
                **_ENDLESS,
            )
        finally:
            _current.reset(token)

    def enter(self, scope: Scope, receive: Receive, send: Send) -> tuple[Scope, Receive, Send]:
        """The engine asks what to call the application with."""
        if self._callables is None:
            self._task = asyncio.current_task()
            scope["extensions"]["http.response.debug"] = {}

            async def send_on(message: Message) -> None:
                await self._take(message, send)

            self._callables = receive, send_on
        return scope, *self._callables

    def note(self, error: BaseException) -> None:
        """The engine tells of an exception that nobody handled."""
        if self.error is None and isinstance(error, Exception):
            self.error = error

    async def _take(self, message: Message, send: Send) -> None:
        piece = None if self._is_left else self.sent.take(message)
        kind = message["type"]
        if kind == "http.response.start" and message["status"] < 200:
            self._is_unsendable = True
            self._wire.break_off()
        if kind not in _ASIDE and not self._is_unsendable:
            await send(message)
        if not self._is_left and (piece is not None or kind == "http.response.pathsend"):
            # The server has all of an answer before the client does, and tells whoever listens,
            # who may cancel what sends the last piece.
            with anyio.CancelScope(shield=piece is None or piece[1]):
                await self._hand_over(piece)

    async def _hand_over(self, piece: tuple[bytes, bool] | None) -> None:
        try:
            await self._outgoing.send(piece)
        except anyio.BrokenResourceError:
            if not self._is_left:
                raise

    async def start(self) -> None:
        """Send the request, and wait for the answer to begin.

        Raises:
            RemoteProtocolError: There was none.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            self._server.start()
            self._server.adopt(theirs)
        self._wire = await Wire.open(self._request, ours)
        try:
            self.status, self.headers = await self._wire.head()
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            if not self._is_unsendable:
                await self.leave()
                raise httpx.RemoteProtocolError("There was no answer.") from self.error or error
            self.status, self.headers = self.sent.status or 0, self.sent.headers
        if self._is_told:
            self._server.wait_for_runs().add_done_callback(lambda _: self._outgoing.close())
        elif self._wire.is_at_end:
            self.sent.complete.set()

    @property
    def was_refused(self) -> bool:
        """Whether the server did not take the request for one, so the application knows nothing."""
        return bool(self._server.own_answers) and self.status != 500

    @property
    def is_servers(self) -> bool:
        """Whether the application began no answer, and the server had to say something."""
        return bool(self._server.own_answers) and self.sent.status is None

    @property
    def is_open(self) -> bool:
        """Whether the application still runs."""
        return not self._is_over and bool(self._server.running)

    @property
    def _is_told(self) -> bool:
        """Whether the answer comes by messages, as the client asks for them."""
        return self.sent.status is not None and not self._server.own_answers

    async def next_piece(self) -> bytes:
        """More of the body; none at its end.

        Raises:
            RemoteProtocolError: The answer broke off.
        """
        try:
            return await (self._next_told() if self._is_told else self._next_read())
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            await self.leave()
            raise httpx.RemoteProtocolError("The answer broke off.") from self.error or error

    async def _next_read(self) -> bytes:
        piece = await self._wire.read()
        if self._wire.is_at_end:
            self.sent.complete.set()
        return piece

    async def _next_told(self) -> bytes:
        while True:
            try:
                handed = await self._incoming.receive()
            except (anyio.EndOfStream, anyio.ClosedResourceError):
                # What has no end raises here.
                return b"" if self._is_whole else await self._wire.read()
            if handed is None:
                # A file, which the server reads itself.
                self.sent.complete.set()
                return await self._wire.read_exactly(1 << 62)
            said, is_last = handed
            if is_last:
                self.sent.complete.set()
            if self._request.method != "HEAD" and said:
                return said if self._is_unsendable else await self._wire.read_exactly(len(said))

    @property
    def _is_whole(self) -> bool:
        return self.sent.complete.is_set() or self.sent.trailers is not None

    async def leave(self, *, cancel: bool = False) -> None:
        """Hang up when the application has come to its end.

        It is told to if the client does not have all of its answer, or with ``cancel``.
        """
        if self._is_left:
            return
        self._is_left = True
        server = self._server
        if cancel or not self.sent.complete.is_set():
            for task in self._tasks():
                task.cancel()
            self._incoming.close()
            await self._wire.close()
        await server.wait_for_runs()
        # One that was cancelled holds the frames that it was in.
        self._task = self._callables = None
        self._incoming.close()
        self._outgoing.close()
        await self._wire.close()
        server.abort()
        # The loop may come to its end next, and has to let go of the server before.
        await server.closed
        self._is_over = True
        # Its runs' contexts hold this, where the garbage collector cannot look.
        del self._server

    def _tasks(self) -> list[asyncio.Task[Any]]:
        if self._task is not None:
            return [self._task]
        return [task for task in asyncio.all_tasks() if self._is_own(task)]

    def _is_own(self, task: asyncio.Task[Any]) -> bool:
        coroutine: Any = task.get_coro()
        is_request = type(coroutine).__name__ == "RequestCoroutine"
        return is_request and coroutine.context.get(_current) is self
