"""Path operations that yield: JSON lines, server-sent events, or what the response class takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio

from jebi import sse
from jebi._compat import lenient_issubclass
from jebi._plan import ResponseEncoder
from jebi.dependencies.calls import is_async_generator_callable
from jebi.routing.answer import item_writer, response_arguments, write_json
from jebi.web.concurrency import iterate_in_threadpool
from jebi.web.responses import StreamingResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

    from jebi.exceptions import EndpointContext
    from jebi.routing.handler import HandlerOptions
    from jebi.web.responses import Response
    from jebi.web.types import Receive, Scope, Send


def make_stream_encoder(
    route: HandlerOptions, context: Callable[[], EndpointContext]
) -> ResponseEncoder:
    """The encoder of a route whose path operation is a generator."""
    is_async = is_async_generator_callable(route.dependant.call)
    status_code = route.status_code
    make: Callable[[Any, dict[str, Any]], Response]
    if lenient_issubclass(_declared(route), sse.EventSourceResponse):
        make = _events(item_writer(route, context), is_async)
    elif route.is_json_stream:
        make = _json_lines(item_writer(route, context), is_async)
    else:
        make = _raw(route, is_async)

    def encode(result: Any, amended: Any, background: Any) -> Response:
        response = make(result, response_arguments(status_code, amended, background))
        if amended is not None:
            response.headers.raw.extend(amended.headers.raw)
        return response

    return ResponseEncoder(encode)


def _declared(route: HandlerOptions) -> Any:
    return getattr(route.response_class, "value", route.response_class)


async def _with_checkpoints(items: AsyncIterator[Any]) -> AsyncIterator[Any]:
    async for item in items:
        yield item
        # A generator that never waits could not be cancelled otherwise.
        await anyio.sleep(0)


def _json_lines(
    write: Callable[[Any], bytes], is_async: bool
) -> Callable[[Any, dict[str, Any]], Response]:
    async def lines(items: AsyncIterator[Any]) -> AsyncIterator[bytes]:
        async for item in items:
            yield write(item) + b"\n"
            await anyio.sleep(0)

    def blocking_lines(items: Iterator[Any]) -> Iterator[bytes]:
        for item in items:
            yield write(item) + b"\n"

    def make(items: Any, arguments: dict[str, Any]) -> Response:
        content = lines(items) if is_async else blocking_lines(items)
        return StreamingResponse(content, media_type="application/jsonl", **arguments)

    return make


def _raw(route: HandlerOptions, is_async: bool) -> Callable[[Any, dict[str, Any]], Response]:
    response_class = _declared(route)

    def make(items: Any, arguments: dict[str, Any]) -> Response:
        content = _with_checkpoints(items) if is_async else items
        response: Response = response_class(content=content, **arguments)
        return response

    return make


def _events(
    write: Callable[[Any], bytes], is_async: bool
) -> Callable[[Any, dict[str, Any]], Response]:
    def event(item: Any) -> bytes:
        if not isinstance(item, sse.ServerSentEvent):
            return sse.format_sse_event(data_str=write(item).decode())
        return sse.format_sse_event(
            data_str=_event_data(item),
            event=item.event,
            id=item.id,
            retry=item.retry,
            comment=item.comment,
        )

    def make(items: Any, arguments: dict[str, Any]) -> Response:
        stream = items if is_async else iterate_in_threadpool(items)
        response = _EventStream(stream, event, **arguments)
        response.headers["Cache-Control"] = "no-cache"
        response.headers["X-Accel-Buffering"] = "no"  # nginx would hold events back
        return response

    return make


def _event_data(item: sse.ServerSentEvent) -> str | None:
    if item.raw_data is not None:
        return item.raw_data
    if item.data is None:
        return None
    if hasattr(item.data, "model_dump_json"):
        text: str = item.data.model_dump_json()
        return text
    return write_json(item.data).decode()


def _ping_interval() -> float:
    from jebi import routing

    return routing._PING_INTERVAL


class _EventStream(StreamingResponse):
    """Sends events as they come, and comments while none come.

    The generator runs in a task of its own: a timeout around its ``__anext__`` would cancel what
    it waits for.
    """

    def __init__(
        self, items: AsyncIterator[Any], event: Callable[[Any], bytes], **arguments: Any
    ) -> None:
        super().__init__(self._no_content(), media_type="text/event-stream", **arguments)
        self._items = items
        self._event = event

    @staticmethod
    async def _no_content() -> AsyncIterator[bytes]:
        return
        yield b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the stream."""
        try:
            async with anyio.create_task_group() as group:
                sender, receiver = anyio.create_memory_object_stream[bytes](1)
                group.start_soon(self._produce, sender)
                self.body_iterator = self._with_pings(receiver)
                with receiver:
                    await super().__call__(scope, receive, send)
                group.cancel_scope.cancel()
        except BaseExceptionGroup as group_error:
            if len(group_error.exceptions) == 1:
                raise group_error.exceptions[0] from None
            raise

    async def _produce(self, sender: MemoryObjectSendStream[bytes]) -> None:
        async with sender:
            async for item in self._items:
                await sender.send(self._event(item))

    async def _with_pings(self, receiver: MemoryObjectReceiveStream[bytes]) -> AsyncIterator[bytes]:
        while True:
            data: bytes = sse.KEEPALIVE_COMMENT
            with anyio.move_on_after(_ping_interval()):
                try:
                    data = await receiver.receive()
                except anyio.EndOfStream:
                    return
            yield data
            await anyio.sleep(0)
