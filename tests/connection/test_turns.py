"""Applications that never have to wait, beside others that want to be served."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Any

import pytest

from jebi import FastAPI
from jebi._native import compile_native
from jebi.responses import StreamingResponse
from tests.connection.peers import GET, PATIENCE, Served, body, hello, start
from tests.connection.websockets import accept, opened
from tests.http2 import frames
from tests.http2.fields import ask
from tests.http2.peer import connect
from tests.tasks import current

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Callable, Iterator

    Serve = Callable[..., Served]

PIECE = b"x" * 10
MANY = 30_000
"""So often does an application send if nobody else has a turn; all of that fits into sockets."""


BUFFERED = 1_000
"""So many pieces wait for nothing, whether anybody reads them or not."""


class Streams:
    """Sends without a pause until something else is asked for.

    :attr:`before` says how often it had by then.
    """

    def __init__(self) -> None:
        self.sent = 0
        self.before = MANY
        self.asked = False
        self.seen = threading.Event()
        self.written = threading.Event()

    async def other_has_asked(self) -> None:
        """Stops everybody, once something was read, until the other's request is in its socket.

        So it is there before the next piece, however slow the one is who asks.
        """
        await asyncio.to_thread(self.seen.wait, PATIENCE)
        assert self.written.wait(PATIENCE)

    def goes_on(self) -> bool:
        self.sent += 1
        return not self.asked and self.sent < MANY

    async def pieces(self) -> AsyncIterator[bytes]:
        yield PIECE
        await self.other_has_asked()
        while self.goes_on():
            yield PIECE

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await accept(receive, send)
            await self.other_has_asked()
            while self.goes_on():
                await send({"type": "websocket.send", "bytes": PIECE})
        elif scope["path"] == "/stream":
            await send(start())
            await send(body(PIECE, more=True))
            await self.other_has_asked()
            while self.goes_on():
                await send(body(PIECE, more=True))
            await send(body())
        else:
            self.note()
            await hello(scope, receive, send)

    def note(self) -> None:
        self.asked, self.before = True, self.sent


def raw(streams: Streams) -> Any:
    return streams


def routes(streams: Streams) -> FastAPI:
    """The same by path operations."""
    app = FastAPI(openapi_url=None)

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        return StreamingResponse(streams.pieces())

    @app.get("/")
    async def other() -> str:
        streams.note()
        return "hello"

    return app


def plans(streams: Streams) -> Any:
    native = compile_native(routes(streams))
    assert native is not None
    return native


@contextlib.contextmanager
def drained(connected: socket.socket) -> Iterator[None]:
    """All that comes is read as fast as it does."""

    def drain() -> None:
        with contextlib.suppress(OSError):
            while connected.recv(1 << 20):
                pass

    reader = threading.Thread(target=drain)
    reader.start()
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            connected.shutdown(2)
        reader.join(PATIENCE)


def check(served: Served, streams: Streams, connected: socket.socket) -> None:
    with drained(connected), served.connect() as other:
        streams.seen.set()
        other.send(GET)
        streams.written.set()
        assert b"hello" in other.answer().body
    assert streams.before < MANY, "it was over before the other was answered"


@pytest.mark.parametrize("form", [raw, routes, plans])
def test_a_stream_lets_others_in(serve: Serve, form: Callable[[Streams], Any]) -> None:
    streams = Streams()
    served = serve(form(streams))
    with served.connect() as client:
        client.send(b"GET /stream HTTP/1.1\r\nHost: test\r\n\r\n")
        assert client.take(1)
        check(served, streams, client.socket)


def test_a_stream_of_http2_lets_others_in(serve: Serve) -> None:
    streams = Streams()
    served = serve(streams)
    with connect(served.listener.getsockname()) as peer:
        peer.begin((frames.INITIAL_WINDOW_SIZE, frames.GREATEST))
        peer.grant(0, frames.GREATEST - frames.DEFAULT_WINDOW)
        peer.send(frames.headers(1, ask(b"GET", b"/stream")))
        assert peer.socket.recv(1)
        check(served, streams, peer.socket)


def test_messages_of_a_websocket_let_others_in(serve: Serve) -> None:
    streams = Streams()
    served = serve(streams)
    with opened(served) as client:
        check(served, streams, client.socket)


def test_a_stream_can_be_cancelled(serve: Serve) -> None:
    sent, cancelled = 0, threading.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        nonlocal sent
        await send(start())
        asyncio.get_running_loop().call_soon(current().cancel)
        try:
            while sent < BUFFERED:
                sent += 1
                await send(body(PIECE, more=True))
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with serve(application).connect() as client:
        client.send(GET)
        with drained(client.socket):
            assert cancelled.wait(PATIENCE)
    assert sent < BUFFERED


def test_few_pieces_leave_without_a_turn_for_others(serve: Serve) -> None:
    """What most answers are is not taken apart."""
    order: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        asyncio.get_running_loop().call_soon(order.append, "other")
        await send(start())
        for _ in range(3):
            await send(body(PIECE, more=True))
        order.append("answered")
        await send(body())

    served = serve(application)
    assert served.ask().body == 3 * PIECE
    assert served.on_loop(order.copy) == ["answered", "other"]


def test_who_reads_a_fast_upload_lets_others_in(serve: Serve) -> None:
    length, received, before = 256 << 20, 0, 0

    async def application(scope: Any, receive: Any, send: Any) -> None:
        nonlocal received, before
        if scope["method"] == "GET":
            before = received
        while (message := await receive())["more_body"]:
            received += len(message["body"])
        await hello(scope, receive, send)

    served = serve(application)
    with served.connect() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n" % length)

        def upload() -> None:
            with contextlib.suppress(OSError):
                for _ in range(length >> 20):
                    client.socket.sendall(bytes(1 << 20))

        sender = threading.Thread(target=upload)
        sender.start()
        try:
            assert served.ask().body == b"hello"
        finally:
            client.socket.shutdown(2)
            sender.join(PATIENCE)
    assert before < length
