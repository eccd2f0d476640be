"""The answer of a WSGI application, from its thread to the loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    ExcInfo = tuple[type[BaseException], BaseException, TracebackType]

# What concerns the connection is the server's own (RFC 9110, section 7.6.1).
_HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}


class Response:
    """One answer. Everything here runs in the application's thread, but for the sending."""

    def __init__(self, send: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._send = send
        self._loop = loop
        self._start: dict[str, Any] | None = None
        self._started = False

    def run(
        self, application: Callable[..., Iterable[bytes]], environ: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Call the application and send what it yields. Returns the messages that are left to send.

        A body that is a list of one piece is among those, with its length: the thread need not wait
        for the loop then.
        """
        pieces = application(environ, self.start_response)
        try:
            rest = b""
            if isinstance(pieces, list | tuple) and len(pieces) <= 1 and not self._started:
                rest = bytes(pieces[0]) if pieces else b""
                self._declare_length(len(rest))
            else:
                for piece in pieces:
                    self.write(piece)
            return [*self._unsent_start(), {"type": "http.response.body", "body": rest}]
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], None]:
        """What the application calls before its body.

        Raises:
            ValueError: Status or headers are none, or the server's own.
            RuntimeError: It was called before, and not because of an error.
        """
        if exc_info is not None:
            if self._started:
                raise exc_info[1].with_traceback(exc_info[2])
        elif self._start is not None:
            raise RuntimeError("start_response() was called before")
        self._start = {
            "type": "http.response.start",
            "status": _status(status),
            "headers": [_header(name, value) for name, value in headers],
        }
        return self.write

    def write(self, piece: bytes) -> None:
        """Send a piece of the body, and wait until there is room for more."""
        if piece:
            body = {"type": "http.response.body", "body": piece, "more_body": True}
            messages = [*self._unsent_start(), body]
            asyncio.run_coroutine_threadsafe(self.deliver(messages), self._loop).result()

    async def deliver(self, messages: list[dict[str, Any]]) -> None:
        """Send messages, on the loop."""
        for message in messages:
            await self._send(message)

    def _declare_length(self, length: int) -> None:
        start = self._start
        if start is not None and all(name != b"content-length" for name, _ in start["headers"]):
            start["headers"].append((b"content-length", str(length).encode()))

    def _unsent_start(self) -> list[dict[str, Any]]:
        if self._start is None:
            raise RuntimeError("the application did not call start_response()")
        if self._started:
            return []
        self._started = True
        return [self._start]


def _status(status: str) -> int:
    number = status[:3]
    if not (number.isascii() and number.isdigit() and status[3:4] in {"", " "}):
        raise ValueError(f"not a status: {status!r}; it begins with three digits, as '200 OK'")
    return int(number)


def _header(name: str, value: str) -> tuple[bytes, bytes]:
    if not (isinstance(name, str) and isinstance(value, str)):
        raise ValueError(f"a header's name and value have to be str, not {name!r}: {value!r}")
    if name.lower() in _HOP_BY_HOP:
        raise ValueError(f"the header {name!r} is the server's own to send")
    return name.encode("latin-1"), value.encode("latin-1")
