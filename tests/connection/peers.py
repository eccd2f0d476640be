"""The two ends of a test: a real server on a loop of its own, and a scripted client."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import socket
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeVar

import jebi.loop
from jebi._engine import HttpServer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

T = TypeVar("T")

GET = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"
PATIENCE = 10.0
"""How long a client waits for bytes that should come at once."""


@dataclass
class Answer:
    """One answer, taken apart."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    version: str = "HTTP/1.1"

    def all(self, name: str) -> list[str]:
        return [value for known, value in self.headers if known == name]

    def get(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)


@dataclass
class Client:
    """A raw socket with a buffer."""

    socket: socket.socket
    pending: bytes = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def finish(self) -> None:
        """Says that nothing more comes."""
        self.socket.shutdown(socket.SHUT_WR)

    def more(self) -> bool:
        received = self.socket.recv(1 << 16)
        self.pending += received
        return bool(received)

    def take(self, length: int) -> bytes:
        while len(self.pending) < length:
            assert self.more(), f"the server closed in the middle: {self.pending!r}"
        taken, self.pending = self.pending[:length], self.pending[length:]
        return taken

    def until(self, mark: bytes) -> bytes:
        while mark not in self.pending:
            assert self.more(), f"the server closed in the middle: {self.pending!r}"
        return self.take(self.pending.index(mark) + len(mark))

    def rest(self) -> bytes:
        """Everything up to the end of the connection."""
        while self.more():
            pass
        taken, self.pending = self.pending, b""
        return taken

    def is_closed(self) -> bool:
        """Whether the server closes without another word."""
        return not self.pending and not self.more()

    def closes_within(self, seconds: float) -> bool:
        """Whether the server closes in that time, without another word."""
        before = self.socket.gettimeout()
        self.socket.settimeout(seconds)
        try:
            return self.is_closed()
        except TimeoutError:
            return False
        finally:
            self.socket.settimeout(before)

    def head(self) -> Answer:
        first, *lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, status, _ = first.split(" ", 2)
        headers = [line.split(": ", 1) for line in lines if line]
        return Answer(int(status), [(name, value) for name, value in headers], b"", version)

    def answer(self, *, head_only: bool = False) -> Answer:
        answer = self.head()
        length = answer.get("content-length")
        if head_only or answer.status in {204, 304} or answer.status < 200:
            return answer
        if answer.get("transfer-encoding") == "chunked":
            assert length is None
            answer.body = b"".join(iter(self.chunk, b""))
        elif length is not None:
            answer.body = self.take(int(length))
        else:
            assert answer.get("connection") == "close"
            answer.body = self.rest()
        return answer

    def chunk(self) -> bytes:
        size = int(self.until(b"\r\n"), 16)
        data = self.take(size)
        assert self.take(2) == b"\r\n"
        return data

    def ask(self, request: bytes = GET) -> Answer:
        self.send(request)
        return self.answer()


@dataclass
class Served:
    """A server in a thread, for the length of a ``with`` block."""

    application: Any
    options: dict[str, Any] = field(default_factory=dict)
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    def __enter__(self) -> Self:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._live, name="served")
        self._thread.start()
        assert self._ready.wait(PATIENCE)
        return self

    def __exit__(self, *exception: object) -> None:
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self._over.set)
        self._thread.join(PATIENCE)
        self.listener.close()
        assert not self._thread.is_alive()

    def _live(self) -> None:
        self.loop = jebi.loop.new_event_loop()
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._over = asyncio.Event()
        self.server = HttpServer(self.loop, [self.listener], self.application, **self.options)
        self.server.start()
        self._ready.set()
        await self._over.wait()
        self.server.abort()
        await self.server.closed

    def connect(self) -> Client:
        client = socket.create_connection(self.listener.getsockname(), PATIENCE)
        return Client(client)

    def ask(self, request: bytes = GET) -> Answer:
        with self.connect() as client:
            return client.ask(request)

    def on_loop(self, call: Callable[[], T]) -> T:
        """Runs ``call`` on the loop's thread."""
        outcome: concurrent.futures.Future[T] = concurrent.futures.Future()

        def run() -> None:
            try:
                outcome.set_result(call())
            except BaseException as error:
                outcome.set_exception(error)

        self.loop.call_soon_threadsafe(run)
        return outcome.result(PATIENCE)

    def wait_for(self, awaitable: Callable[[], Awaitable[T]]) -> T:
        """Awaits what ``awaitable()`` returns, on the loop."""

        async def run() -> T:
            return await awaitable()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(PATIENCE)


def start(status: int = 200, headers: Iterable[tuple[bytes, bytes]] = ()) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(data: bytes = b"", *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


def with_length(data: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"content-length", str(len(data)).encode())]


async def read_body(receive: Any) -> bytes:
    data = bytearray()
    while True:
        message = await receive()
        assert message["type"] == "http.request"
        data += message["body"]
        if not message["more_body"]:
            return bytes(data)


async def hello(scope: Any, receive: Any, send: Any) -> None:
    await send(start(200, with_length(b"hello")))
    await send(body(b"hello"))


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with method, path and body."""
    data = await read_body(receive)
    text = f"{scope['method']} {scope['path']} ".encode() + data
    await send(start(200, with_length(text)))
    await send(body(text))
