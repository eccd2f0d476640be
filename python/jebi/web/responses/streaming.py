"""Answers whose body is made while it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from jebi.web._utils import create_collapsing_task_group
from jebi.web.concurrency import iterate_in_threadpool
from jebi.web.requests import ClientDisconnect
from jebi.web.responses import messages
from jebi.web.responses.base import Response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from jebi.web.background import BackgroundTask
    from jebi.web.types import Receive, Scope, Send

Content = str | bytes | memoryview
SyncContentStream = Iterable[Content]
AsyncContentStream = AsyncIterable[Content]
ContentStream = AsyncContentStream | SyncContentStream


def send_raises_on_disconnect(scope: Scope) -> bool:
    """Whether the server says with an ``OSError`` from ``send`` that the client has gone.

    Since version 2.4 of the ASGI specification servers do.
    """
    version = scope.get("asgi", {}).get("spec_version", "2.0")
    return tuple(map(int, version.split("."))) >= (2, 4)


async def wait_for_disconnect(receive: Receive) -> None:
    """Wait until the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def do_until(work: Callable[[], Awaitable[None]], end: Callable[[], Awaitable[None]]) -> None:
    """Do ``work``, and leave it when ``end`` comes first."""
    async with create_collapsing_task_group() as task_group:

        async def work_then_stop() -> None:
            await work()
            task_group.cancel_scope.cancel()

        task_group.start_soon(work_then_stop)
        await end()
        task_group.cancel_scope.cancel()


class StreamingResponse(Response):
    """Sends what an iterable yields, each piece as it comes.

    An iterable that is not asynchronous is walked in a worker thread.
    """

    body_iterator: AsyncContentStream

    def __init__(
        self,
        content: ContentStream,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str | None = None,
        background: BackgroundTask | None = None,
    ) -> None:
        if isinstance(content, AsyncIterable):
            self.body_iterator = content
        else:
            self.body_iterator = iterate_in_threadpool(content)
        self.status_code = status_code
        if media_type is not None:
            self.media_type = media_type
        self.background = background
        self.init_headers(headers)

    async def listen_for_disconnect(self, receive: Receive) -> None:
        """Wait until the client has gone."""
        await wait_for_disconnect(receive)

    async def stream_response(self, send: Send) -> None:
        """Send the answer."""
        await send(messages.start(self.status_code, self.raw_headers))
        async for piece in self.body_iterator:
            body = piece.encode(self.charset) if isinstance(piece, str) else piece
            await send(messages.body(body, more=True))
        await send(messages.body(b"", more=False))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer, or as much as the client waits for, then do its background work."""
        if scope["type"] == "websocket":
            await self.stream_response(self._wrap_websocket_denial_send(send))
        elif send_raises_on_disconnect(scope):
            try:
                await self.stream_response(send)
            except OSError as error:
                raise ClientDisconnect from error
        else:
            await do_until(
                partial(self.stream_response, send), partial(self.listen_for_disconnect, receive)
            )
        if self.background is not None:
            await self.background()
