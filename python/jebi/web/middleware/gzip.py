"""Compression of answers."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NoReturn

import anyio
import anyio.lowlevel
import anyio.to_thread

from jebi._engine import Pause, find_header, request_header
from jebi.web.datastructures import MutableHeaders
from jebi.web.middleware._codings import CODINGS, check_codings, choose_coding
from jebi.web.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable

    from jebi.web.middleware._codings import Compressor


#: Compressed already, or harmed by being held back.
DEFAULT_EXCLUDED_CONTENT_TYPES = (
    "application/grpc",
    "application/gzip",
    "application/x-gzip",
    "application/zip",
    "audio/*",
    "font/woff",
    "font/woff2",
    "image/avif",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/webp",
    "text/event-stream",
    "video/*",
)

_THREAD_MINIMUM_SIZE = 128 * 1024

# Compression has threads of its own: it never waits for blocking endpoints, nor they for it.
_limiter: anyio.lowlevel.RunVar[anyio.CapacityLimiter] = anyio.lowlevel.RunVar("_gzip_limiter")
_THREADS = 40
_LONGEST_TYPE = 255

_NO_WAIT = Pause.released()


def _compression_limiter() -> anyio.CapacityLimiter:
    limiter = _limiter.get(None)
    if limiter is None:
        limiter = anyio.CapacityLimiter(_THREADS)
        _limiter.set(limiter)
    return limiter


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


@lru_cache(maxsize=64)
def _media_types(content_types: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(_media_type, content_types))


@lru_cache(maxsize=256)
def is_excluded(content_type: str, excluded: tuple[str, ...]) -> bool:
    """Whether what has this ``Content-Type`` is sent as it is."""
    media_type = _media_type(content_type)
    kinds = {media_type, f"{media_type.partition('/')[0]}/*"}
    if media_type.startswith("application/grpc+"):
        kinds.add("application/grpc")
    return not kinds.isdisjoint(excluded)


class GZipMiddleware:
    """Compresses answers for clients that can read it.

    Args:
        app: The application.
        minimum_size: Shorter answers are sent as they are.
        compresslevel: From 0, none, to 9, best and slowest.
        thread_minimum_size: Longer pieces are compressed in a thread.
        exclude_content_types: What is sent as it is; ``audio/*`` means every kind of audio.
        codings: What to compress with, the first being preferred where a client takes several
            as gladly: ``gzip``, ``br`` (needs the package ``brotli``) and ``zstd`` (needs
            ``backports.zstd`` before Python 3.14). Starlette knows gzip alone.

    Raises:
        ValueError: A coding is not known, or its package is not there.
    """

    def __init__(
        self,
        app: ASGIApp,
        minimum_size: int = 500,
        compresslevel: int = 9,
        thread_minimum_size: int = _THREAD_MINIMUM_SIZE,
        *,
        exclude_content_types: tuple[str, ...] = DEFAULT_EXCLUDED_CONTENT_TYPES,
        codings: Iterable[str] = ("gzip",),
    ) -> None:
        self.codings = tuple(codings)
        check_codings(self.codings)
        self.app = app
        self.minimum_size = minimum_size
        self.compresslevel = compresslevel
        self.thread_minimum_size = thread_minimum_size
        self.exclude_content_types = _media_types(tuple(exclude_content_types))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; anything else goes straight to the application."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        accepted = request_header(scope, "accept-encoding")
        coding = None if accepted is None else choose_coding(accepted, self.codings)
        responder: IdentityResponder
        if coding is None:
            responder = IdentityResponder(
                self.app, self.minimum_size, exclude_content_types=self.exclude_content_types
            )
        else:
            responder = GZipResponder(
                self.app,
                self.minimum_size,
                self.compresslevel,
                thread_minimum_size=self.thread_minimum_size,
                exclude_content_types=self.exclude_content_types,
            )
            responder.content_encoding = coding
        responder.send = send
        await self.app(scope, receive, responder.send_with_compression)


class IdentityResponder:
    """Answers one request uncompressed, and says that for another client it may differ."""

    content_encoding: str | None = None

    def __init__(
        self,
        app: ASGIApp,
        minimum_size: int,
        *,
        exclude_content_types: tuple[str, ...] = DEFAULT_EXCLUDED_CONTENT_TYPES,
    ) -> None:
        self.app = app
        self.minimum_size = minimum_size
        self.exclude_content_types = _media_types(tuple(exclude_content_types))
        self.send: Send = unattached_send
        # Held back until the first piece of the body shows what becomes of it.
        self._start: Message | None = None
        self._as_it_is = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application."""
        self.send = send
        await self.app(scope, receive, self.send_with_compression)

    # Not a coroutine function: every message would pay for one.
    def send_with_compression(self, message: Message) -> Awaitable[None]:
        """Send ``message``, its body compressed."""
        kind = message["type"]
        if kind == "http.response.start":
            message.setdefault("headers", [])
            self._as_it_is = self._is_left_alone(message)
            if self._as_it_is:
                return self.send(message)
            self._start = message
            return _NO_WAIT
        start = self._start
        if kind == "http.response.body" and not self._as_it_is:
            is_whole = start is not None and not message.get("more_body", False)
            if not is_whole or len(message.get("body", b"")) >= self.minimum_size:
                return self._send_body(message)
            self._as_it_is = True
        elif kind != "http.response.pathsend":
            return self.send(message)
        if start is None:
            return self.send(message)
        self._start = None
        return self._send_both(start, message)

    async def _send_both(self, start: Message, message: Message) -> None:
        await self.send(start)
        await self.send(message)

    def _is_left_alone(self, start: Message) -> bool:
        headers = start["headers"]
        if start["status"] == 206 or find_header(headers, "content-encoding") is not None:
            return True
        content_type = find_header(headers, "content-type") or ""
        # Applications name a few; one that makes them up as it goes does not fill the memory.
        return is_excluded(content_type[:_LONGEST_TYPE], self.exclude_content_types)

    async def _send_body(self, message: Message) -> None:
        body = message.get("body", b"")
        more = message.get("more_body", False)
        body = await self.apply_compression(body, more_body=more)
        start, self._start = self._start, None
        if start is not None:
            # Trailers need chunks, which leave no place for a length.
            length = None if more or start.get("trailers", False) else len(body)
            self._amend(MutableHeaders(raw=start["headers"]), length)
            await self.send(start)
        await self.send({**message, "body": body})

    def _amend(self, headers: MutableHeaders, length: int | None) -> None:
        headers.add_vary_header("Accept-Encoding")
        if self.content_encoding is None:
            return
        headers["Content-Encoding"] = self.content_encoding
        if length is None:
            del headers["Content-Length"]
        else:
            headers["Content-Length"] = str(length)

    async def apply_compression(self, body: bytes, *, more_body: bool) -> bytes:  # noqa: ARG002 - responders that compress ask
        """The bytes to send for ``body``, which is the last piece unless ``more_body``."""
        return body


class GZipResponder(IdentityResponder):
    """Answers one request compressed."""

    content_encoding: str = "gzip"

    def __init__(
        self,
        app: ASGIApp,
        minimum_size: int,
        compresslevel: int = 9,
        *,
        thread_minimum_size: int = _THREAD_MINIMUM_SIZE,
        exclude_content_types: tuple[str, ...] = DEFAULT_EXCLUDED_CONTENT_TYPES,
    ) -> None:
        super().__init__(app, minimum_size, exclude_content_types=exclude_content_types)
        self.compresslevel = compresslevel
        self.thread_minimum_size = thread_minimum_size
        self._compressor: Compressor | None = None

    @property
    def compressor(self) -> Compressor:
        """Made when first needed: it takes a quarter of a megabyte."""
        if self._compressor is None:
            make, _ = CODINGS[self.content_encoding]
            self._compressor = make(self.compresslevel)
        return self._compressor

    async def apply_compression(self, body: bytes, *, more_body: bool) -> bytes:
        """The compressed bytes; a client can read each piece as it arrives."""
        if len(body) < self.thread_minimum_size:
            return self._compress_body(body, more_body)
        return await anyio.to_thread.run_sync(
            self._compress_body, body, more_body, limiter=_compression_limiter()
        )

    def _compress_body(self, body: bytes, more_body: bool) -> bytes:
        return self.compressor.compress(body, more=more_body)


async def unattached_send(message: Message) -> NoReturn:  # noqa: ARG001 - an ASGI send takes it
    """Stands in until the responder is called."""
    raise RuntimeError("send awaitable not set")
