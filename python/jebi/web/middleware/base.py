"""Middleware written as a function of a request and of what comes next."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, MutableMapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Self

import anyio

from jebi._engine import Aside
from jebi.web._utils import create_collapsing_task_group
from jebi.web.middleware._below import Below
from jebi.web.middleware._outcome import Outcome
from jebi.web.requests import ClientDisconnect, Request
from jebi.web.responses import Response, messages
from jebi.web.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anyio.abc import TaskGroup

    from jebi.web.middleware._below import Run

RequestResponseEndpoint = Callable[[Request], Awaitable[Response]]
DispatchFunction = Callable[[Request, RequestResponseEndpoint], Awaitable[Response]]
BodyStreamGenerator = AsyncGenerator[bytes | MutableMapping[str, Any], None]
AsyncContentStream = AsyncIterable[str | bytes | memoryview | MutableMapping[str, Any]]


class BaseHTTPMiddleware:
    """Subclass it and define ``dispatch(request, call_next)``, or pass such a function.

    ``await call_next(request)`` is the response of the application, whose body still streams.
    """

    def __init__(self, app: ASGIApp, dispatch: DispatchFunction | None = None) -> None:
        self.app = app
        self.dispatch_func: DispatchFunction = self.dispatch if dispatch is None else dispatch

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Answer ``request``."""
        raise NotImplementedError

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; anything else goes straight to the application."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = _CachedRequest(scope, receive, send)
        aside = Aside.here()
        if aside is None:
            await self._answer_by_task_group(request, scope, send)
            return
        below = Below(self.app, request, send, aside)

        async def call_next(request: Request) -> Response:  # noqa: ARG001 - it sees the same scope
            run = below.begin()
            try:
                if run.start is None:
                    await run.wait_for_start()
            finally:
                run.carry_over()
            return _StreamingResponse.of(run)

        try:
            response = await self.dispatch_func(request, call_next)
            await response(scope, request.wrapped_receive, send)
            if not below.finish():
                await below.wait()
        except GeneratorExit:
            below.abandon()
            raise
        except BaseException:
            await below.cancel()
            raise
        below.raise_what_is_left()

    async def _answer_by_task_group(
        self, request: _CachedRequest, scope: Scope, send: Send
    ) -> None:
        outgoing, incoming = anyio.create_memory_object_stream["Message"]()
        with outgoing, incoming:
            async with create_collapsing_task_group() as task_group:
                inner = _InnerApp(self.app, request, send, task_group, outgoing, incoming)
                response = await self.dispatch_func(request, inner.call)
                await response(scope, request.wrapped_receive, send)
                inner.answered.set()
                incoming.close()
        inner.raise_what_is_left()


class _InnerApp(Outcome):
    """The application behind the middleware, running in a task of its own."""

    def __init__(
        self,
        app: ASGIApp,
        request: _CachedRequest,
        send: Send,
        task_group: TaskGroup,
        outgoing: Any,
        incoming: Any,
    ) -> None:
        super().__init__()
        self._app = app
        self._request = request
        self._send = send
        self._task_group = task_group
        self._outgoing = outgoing
        self._incoming = incoming
        #: The middleware has sent its answer; the application can only finish now.
        self.answered = anyio.Event()

    async def call(self, request: Request) -> Response:  # noqa: ARG002 - it sees the same scope
        """``call_next``: start the application and wait for its response to begin."""
        self._task_group.start_soon(self._run)
        info = None
        while True:
            try:
                message = await self._incoming.receive()
            except anyio.EndOfStream:
                break
            if message["type"] == "http.response.debug":
                info = message["info"]
            elif message["type"] == "http.response.early_hint":
                await self._send(message)
            else:
                return self._begin(message, info)
        raise self.why_no_response()

    def _begin(self, message: Message, info: Mapping[str, Any] | None) -> Response:
        assert message["type"] == "http.response.start"
        response = _StreamingResponse(messages.pieces(self._incoming), message["status"], info=info)
        response.raw_headers = message.get("headers", [])
        return response

    async def _run(self) -> None:
        with self._outgoing:
            try:
                await self._app(self._request.scope, self._receive, self._hand_over)
            except Exception as error:
                self.error = error

    async def _receive(self) -> Message:
        """The next message for the application, or a disconnect once the answer is sent."""
        message: Message = {"type": "http.disconnect"}
        if self.answered.is_set():
            return message
        async with anyio.create_task_group() as task_group:

            async def stop_when_answered() -> None:
                await self.answered.wait()
                task_group.cancel_scope.cancel()

            task_group.start_soon(stop_when_answered)
            message = await self._request.wrapped_receive()
            task_group.cancel_scope.cancel()
        return {"type": "http.disconnect"} if self.answered.is_set() else message

    async def _hand_over(self, message: Message) -> None:
        try:
            await self._outgoing.send(message)
        except anyio.BrokenResourceError:
            # The answer has been sent; nobody wants the rest.
            return
        if messages.is_last(message):
            # What the application does after its answer comes after the middleware's answer.
            await self.answered.wait()


class _CachedRequest(Request):
    """A request whose body the middleware may read and the application reads again.

    After ``body()`` the application gets the same body; after ``stream()`` it gets an empty one.
    """

    _passed_on = False
    _disconnect_passed_on = False

    @property
    def is_ready(self) -> bool:
        """Whether the application gets its next message without a wait."""
        if self._disconnect_passed_on:
            return True
        return not self._passed_on and (self._stream_consumed or hasattr(self, "_body"))

    async def wrapped_receive(self) -> Message:
        """The next message for the application."""
        if self._disconnect_passed_on:
            return {"type": "http.disconnect"}
        if self._passed_on:
            return await self._receive_disconnect()
        if hasattr(self, "_body"):
            self._passed_on = True
            return {"type": "http.request", "body": self._body, "more_body": False}
        if self._stream_consumed:
            self._passed_on = True
            return {"type": "http.request", "body": b"", "more_body": False}
        try:
            async with aclosing(self.stream()) as stream:
                chunk = await anext(stream)
        except ClientDisconnect:
            self._disconnect_passed_on = True
            return {"type": "http.disconnect"}
        self._passed_on = self._stream_consumed
        return {"type": "http.request", "body": chunk, "more_body": not self._stream_consumed}

    async def _receive_disconnect(self) -> Message:
        if not self._is_disconnected:
            message = await self.receive()
            if message["type"] != "http.disconnect":
                raise RuntimeError(f"Unexpected message received: {message['type']}")
        self._disconnect_passed_on = True
        return {"type": "http.disconnect"}


class _StreamingResponse(Response):
    """The application's response, as ``call_next`` hands it out."""

    #: Where it comes from.
    _run: Run | None = None
    #: The body, once somebody has asked for it or given another.
    _content: AsyncContentStream | None = None

    def __init__(
        self,
        content: AsyncContentStream,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str | None = None,
        info: Mapping[str, Any] | None = None,
    ) -> None:
        self.info = info
        self._content = content
        self.status_code = status_code
        self.media_type = media_type
        self.background = None
        self.init_headers(headers)

    @classmethod
    def of(cls, run: Run) -> Self:
        """The response that ``run`` has begun."""
        start = run.start
        assert start is not None
        response = cls.__new__(cls)
        response.info = run.info
        response._run = run
        response.status_code = start["status"]
        response.media_type = None
        response.background = None
        response.raw_headers = start.get("headers", [])
        return response

    @property
    def body_iterator(self) -> AsyncContentStream:
        """The body as it comes, or what was put in its place."""
        if self._content is None:
            assert self._run is not None
            self._content = messages.pieces(self._run)
        return self._content

    @body_iterator.setter
    def body_iterator(self, content: AsyncContentStream) -> None:
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - an ASGI application takes them
        """Send the response on."""
        if self.info is not None:
            await send({"type": "http.response.debug", "info": self.info})
        await send(messages.start(self.status_code, self.raw_headers))
        run = self._run
        if run is None or self._content is not None:
            await self._send_body(send)
        elif (whole := run.take_whole()) is not None:
            await send(whole)
        else:
            await run.send_body(send)
        if self.background is not None:
            await self.background()

    async def _send_body(self, send: Send) -> None:
        ends_itself = False
        async for chunk in self.body_iterator:
            if isinstance(chunk, MutableMapping):
                # A whole message, which is a path to send and ends the response.
                ends_itself = True
                await send(chunk)
            else:
                await send(messages.body(chunk, more=True))  # type: ignore[arg-type]  # text is for the server to refuse
        if not ends_itself:
            await send(messages.body(b"", more=False))
