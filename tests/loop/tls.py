"""What the tests of TLS share."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

# No wait of a test takes this many seconds unless something is broken.
PATIENCE = 10


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
