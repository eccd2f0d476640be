"""The application behind a ``BaseHTTPMiddleware``, where the engine runs the request.

There it is begun in the call stack of ``call_next`` as a task of its own, which costs a task only
when it has to wait: no task group, no stream of messages. Its context is a copy of the
middleware's, which may reset its variables before the body streams and background tasks run. What
is set in it until its response begins is set above as well.
"""

from __future__ import annotations

import asyncio
import errno
from collections import deque
from typing import TYPE_CHECKING, Any

from jebi._engine import Aside, Pause
from jebi.web.middleware._outcome import Outcome
from jebi.web.responses import messages

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping
    from typing import Self

    from jebi.web.middleware.base import _CachedRequest
    from jebi.web.types import ASGIApp, Message, Send

_NO_WAIT = Pause.released()

#: Messages that are taken in vain, as many as the server takes for a client that has left.
_IN_VAIN = 100


class Below:
    """All that ``call_next`` began for one request."""

    __slots__ = ("_app", "_aside", "_runs", "_stopped", "answered", "request", "send")

    def __init__(self, app: ASGIApp, request: _CachedRequest, send: Send, aside: Aside) -> None:
        self._app = app
        self._aside: Aside | None = aside
        self._runs: list[Run] = []
        self._stopped: asyncio.Future[None] | None = None
        #: The middleware has sent its answer; the application can only finish now.
        self.answered = False
        self.request = request
        self.send = send

    def begin(self) -> Run:
        """Begin the application; its response may have begun."""
        aside, self._aside = self._aside or Aside.here(), None
        if aside is None:
            raise RuntimeError("call_next was called twice, and not by the middleware's own task")
        run = Run(self, aside)
        self._runs.append(run)
        run.is_paused = bool(aside.begin(run.run(self._app)))
        return run

    def finish(self) -> bool:
        """Let the application finish: its answer was sent, or dropped for another one.

        Whether all of it is over.
        """
        self.answered = True
        if self._stopped is not None and not self._stopped.done():
            self._stopped.set_result(None)
        over = True
        for run in self._runs:
            over = run.finish() and over
        return over

    async def wait(self) -> None:
        """Wait until all of it is over."""
        for run in self._runs:
            await run.wait()

    def raise_what_is_left(self) -> None:
        """Raise what the application raised after its response had begun."""
        # They refer to this: nothing is left to the garbage collector.
        runs, self._runs = self._runs, []
        for run in runs:
            if run.error is not None:
                run.raise_what_is_left()

    async def cancel(self) -> None:
        """Have the application leave: the middleware failed."""
        self.answered = True
        runs, self._runs = self._runs, []
        for run in runs:
            await run.cancel()

    def abandon(self) -> None:
        """Leave the application alone: nobody can wait for it any more."""
        self.answered = True
        for run in self._runs:
            if (task := run.task) is not None:
                task.cancel()

    async def receive(self) -> Message:
        """The next message for the application, or a disconnect once the answer is sent."""
        if self.answered:
            return {"type": "http.disconnect"}
        request = self.request
        if request.is_ready:
            return await request.wrapped_receive()
        fetched: list[Message] = []

        async def fetch() -> None:
            fetched.append(await request.wrapped_receive())

        aside = Aside.here()
        task: asyncio.Task[Any] | None
        if aside is None:
            task = asyncio.ensure_future(fetch())
        else:
            aside.begin(fetch())
            task = aside.task
        if task is not None:
            await self._wait_for(task)
        return {"type": "http.disconnect"} if self.answered else fetched[0]

    async def _wait_for(self, task: asyncio.Task[Any]) -> None:
        if self._stopped is None:
            self._stopped = asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait((task, self._stopped), return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait((task,))
        if not task.cancelled():
            task.result()


class Run(Outcome):
    """One run of the application, and its response as far as it has come.

    It iterates over the messages of the response that come after its start.
    """

    __slots__ = (
        "_aside",
        "_below",
        "_ended",
        "_in_vain",
        "_last",
        "_pieces",
        "_waiter",
        "info",
        "is_paused",
        "start",
    )

    def __init__(self, below: Below, aside: Aside) -> None:
        # Not by way of the base: there is one for each request.
        self.error = None
        self._is_raised = False
        self._below = below
        self._aside = aside
        self._pieces: deque[tuple[Message, Pause]] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._last: Pause | None = None
        #: It goes on when it is resumed.
        self.is_paused = False
        self._ended = False
        self._in_vain = 0
        self.start: Message | None = None
        self.info: Mapping[str, Any] | None = None

    @property
    def task(self) -> asyncio.Task[Any] | None:
        """The task that the application is since it had to wait for something."""
        return self._aside.task

    async def wait_for_start(self) -> None:
        """Wait until the response has begun."""
        while self.start is None:
            if self._pieces:
                hint = self._take()
                assert hint["type"] == "http.response.early_hint", f"Unexpected message: {hint}"
                await self._below.send(hint)
            elif self._ended:
                raise self.why_no_response()
            else:
                await self._go_on()

    def carry_over(self) -> None:
        """Set above what the application has set in context variables."""
        self._aside.carry_over()

    async def run(self, app: ASGIApp) -> None:
        """Run ``app``; what it raises is kept."""
        try:
            await app(self._below.request.scope, self._below.receive, self._hand_over)
        except Exception as error:
            # One that says what `send` said is no news.
            if self._in_vain <= _IN_VAIN or not isinstance(error, OSError):
                self.error = error
        finally:
            self._ended = True
            if self._waiter is not None:
                self._wake(self._waiter)

    def _hand_over(self, message: Message) -> Awaitable[None]:
        """The ``send`` of the application: it goes on when the message is taken."""
        if self._below.answered:
            return self._take_in_vain()
        pause = _NO_WAIT
        kind = message["type"]
        if self.start is not None or kind == "http.response.early_hint":
            pause = self._aside.pause()
            self._pieces.append((message, pause))
        elif kind == "http.response.debug":
            self.info = message["info"]
        else:
            assert kind == "http.response.start", f"Unexpected message: {message}"
            self.start = message
        if self._waiter is not None:
            self._wake(self._waiter)
        return pause

    def _take_in_vain(self) -> Awaitable[None]:
        """Drop a message, because another answer was sent, and let others run.

        An answer without an end would otherwise keep the loop from everybody, and from whoever
        is about to tell the application.
        """
        self._in_vain += 1
        if self._in_vain > _IN_VAIN:
            raise BrokenPipeError(errno.EPIPE, "a middleware has sent another answer than this one")
        return asyncio.sleep(0)

    @staticmethod
    def _wake(waiter: asyncio.Future[None]) -> None:
        if not waiter.done():
            waiter.set_result(None)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message:
        while not self._pieces:
            if self._ended:
                raise StopAsyncIteration
            await self._go_on()
        return self._take()

    async def _go_on(self) -> None:
        """Have the application go on, or wait until it has."""
        if self.is_paused:
            self.is_paused = bool(self._aside.resume())
            return
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def take_whole(self) -> Message | None:
        """The message with the body, if it is there and the only one."""
        if len(self._pieces) != 1:
            return None
        message, pause = self._pieces[0]
        if message["type"] != "http.response.body" or message.get("more_body", False):
            return None
        self._pieces.clear()
        self._last = pause
        return message

    def _take(self) -> Message:
        message, pause = self._pieces.popleft()
        if messages.is_last(message):
            # What the application does after its answer comes after the middleware's answer.
            self._last = pause
        else:
            pause.release()
        return message

    async def send_body(self, send: Send) -> None:
        """Send the body on as it comes. One that is whole is sent whole."""
        async for message in self:
            if message["type"] == "http.response.pathsend":
                return await send(message)
            assert message["type"] == "http.response.body", f"Unexpected message: {message}"
            chunk = message.get("body", b"")
            if not message.get("more_body", False):
                return await send(messages.body(chunk, more=False))
            if chunk:
                await send(messages.body(chunk, more=True))
        return await send(messages.body(b"", more=False))

    def finish(self) -> bool:
        """Let the application do what comes after its answer; whether it is over."""
        if self._last is not None:
            self._last.release()
        if self._pieces:
            self._release()
        while self.is_paused:
            self.is_paused = bool(self._aside.resume())
        return self._ended

    async def wait(self) -> None:
        """Wait until the application is over."""
        task = self._aside.task
        if task is None or task.done():
            return
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError:
            task.cancel()
            await self._wait_out(task)
            raise

    def _release(self) -> None:
        for _, pause in self._pieces:
            pause.release()
        self._pieces.clear()

    async def cancel(self) -> None:
        """Raise a cancellation in the application and wait until it has left."""
        if self.is_paused:
            self.is_paused = False
            try:
                self._aside.resume(asyncio.CancelledError())
            except asyncio.CancelledError:
                return
        elif (task := self._aside.task) is not None:
            task.cancel()
        if self._last is not None:
            self._last.release()
        self._release()
        if (task := self._aside.task) is not None:
            await self._wait_out(task)

    @staticmethod
    async def _wait_out(task: asyncio.Task[Any]) -> None:
        while not task.done():
            try:
                await asyncio.wait((task,))
            except asyncio.CancelledError:
                task.cancel()
