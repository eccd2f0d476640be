"""What the tests of TLS share."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

# No wait of a test takes this many seconds unless something is broken.
PATIENCE = 10


class Recorder(asyncio.Protocol):
    """Notes what it is told, and lets a test wait for it."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.received = bytearray()
        self.transport: Any = None
        self.lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self._changed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.tell("made")

    def data_received(self, data: bytes) -> None:
        assert type(data) is bytes
        assert data
        self.received += data
        if self.told[-1:] != ["data"]:
            self.told.append("data")
        self._changed.set()

    def eof_received(self) -> bool | None:
        self.tell("eof")
        return None

    def pause_writing(self) -> None:
        self.tell("pause")

    def resume_writing(self) -> None:
        self.tell("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        self.tell("lost")
        self.lost.set_result(exc)

    def tell(self, what: str) -> None:
        self.told.append(what)
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Returns as soon as the condition holds after something was told."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def until_told(self, what: str) -> None:
        await self.until(lambda: what in self.told)

    async def until_received(self, count: int) -> bytes:
        await self.until(lambda: len(self.received) >= count)
        return bytes(self.received)


class Thread:
    """Blocking code on the other side, on a thread of its own."""

    def __init__(self, target: Callable[[], Any]) -> None:
        self._target = target
        self._failure: BaseException | None = None
        self.result: Any = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.result = self._target()
        except BaseException as error:
            self._failure = error

    def join(self) -> Any:
        """Its result; raises what it raised."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        if self._failure is not None:
            raise self._failure
        return self.result


@contextlib.contextmanager
def accepting(serve: Callable[[socket.socket], Any]) -> Iterator[tuple[int, Thread]]:
    """A port where ``serve`` gets the one connection that comes, on a thread."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)

        def run() -> Any:
            sock, _ = listener.accept()
            with sock:
                sock.settimeout(PATIENCE)
                return serve(sock)

        thread = Thread(run)
        try:
            yield listener.getsockname()[1], thread
        finally:
            thread.join()


def receive_exactly(sock: ssl.SSLSocket, count: int) -> bytes:
    """Blocks until ``count`` bytes are there."""
    received = bytearray()
    while len(received) < count:
        data = sock.recv(65536)
        assert data, "the peer ended too early"
        received += data
    return bytes(received)
