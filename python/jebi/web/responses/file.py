"""Answers that are a file."""

from __future__ import annotations

import os
import stat
from contextlib import asynccontextmanager
from email.utils import formatdate
from functools import partial
from hashlib import md5
from mimetypes import guess_type
from secrets import token_hex
from typing import TYPE_CHECKING
from urllib.parse import quote

import anyio
import anyio.to_thread

from jebi.web.datastructures import Headers, MutableHeaders
from jebi.web.responses import messages
from jebi.web.responses.base import Response
from jebi.web.responses.content import PlainTextResponse
from jebi.web.responses.ranges import (
    ByteRange,
    MalformedRangeHeader,
    RangeNotSatisfiable,
    closing,
    multipart_length,
    parse_range_header,
    part_head,
)
from jebi.web.responses.streaming import (
    do_until,
    send_raises_on_disconnect,
    wait_for_disconnect,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from jebi.web.background import BackgroundTask
    from jebi.web.types import Receive, Scope, Send


class FileResponse(Response):
    """A file, or the ranges of it that the client asks for."""

    #: How much is read, and sent, at a time.
    chunk_size = 64 * 1024
    #: A request for more ranges than this is answered with the whole file.
    max_ranges = 100

    def __init__(
        self,
        path: str | os.PathLike[str],
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str | None = None,
        background: BackgroundTask | None = None,
        filename: str | None = None,
        stat_result: os.stat_result | None = None,
        content_disposition_type: str = "attachment",
    ) -> None:
        self.path = path
        self.status_code = status_code
        self.filename = filename
        guessed = media_type or guess_type(filename or path)[0]
        self.media_type = guessed or "application/octet-stream"
        self.background = background
        self.init_headers(headers)
        self.headers.setdefault("accept-ranges", "bytes")
        if filename is not None:
            disposition = f"{content_disposition_type}; {_filename_parameter(filename)}"
            self.headers.setdefault("content-disposition", disposition)
        self.stat_result = stat_result
        if stat_result is not None:
            self.set_stat_headers(stat_result)

    def set_stat_headers(self, stat_result: os.stat_result) -> None:
        """Set length, date and entity tag, where they are not set."""
        version = f"{stat_result.st_mtime}-{stat_result.st_size}"
        digest = md5(version.encode(), usedforsecurity=False).hexdigest()
        self.headers.setdefault("content-length", str(stat_result.st_size))
        self.headers.setdefault("last-modified", formatdate(stat_result.st_mtime, usegmt=True))
        self.headers.setdefault("etag", f'"{digest}"')

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, or as much as the client waits for, then do the background work."""
        is_http = scope["type"] == "http"
        if not is_http:
            send = self._wrap_websocket_denial_send(send)
        method = scope["method"].upper() if is_http else ""
        file_size = (await self._stat()).st_size
        try:
            ranges = self._wanted_ranges(scope, method, file_size)
        except MalformedRangeHeader as error:
            await PlainTextResponse(error.content, status_code=400)(scope, receive, send)
            return
        except RangeNotSatisfiable as error:
            headers = {"Content-Range": f"bytes */{error.max_size}"}
            await PlainTextResponse(status_code=416, headers=headers)(scope, receive, send)
            return

        head_only = method == "HEAD"
        by_path = is_http and not ranges
        by_path = by_path and "http.response.pathsend" in scope.get("extensions", {})
        send_file = self._sender(ranges, file_size, send, head_only, by_path)
        if not is_http or head_only or by_path or send_raises_on_disconnect(scope):
            await send_file()
        else:
            await do_until(send_file, partial(wait_for_disconnect, receive))
        if self.background is not None:
            await self.background()

    async def _stat(self) -> os.stat_result:
        if self.stat_result is not None:
            return self.stat_result
        try:
            found = await anyio.to_thread.run_sync(os.stat, self.path)
        except FileNotFoundError as error:
            raise RuntimeError(f"File at path {self.path} does not exist.") from error
        self.set_stat_headers(found)
        if not stat.S_ISREG(found.st_mode):
            raise RuntimeError(f"File at path {self.path} is not a file.")
        return found

    def _wanted_ranges(self, scope: Scope, method: str, file_size: int) -> list[ByteRange]:
        """The ranges to send; none for the whole file."""
        headers = Headers(scope=scope)
        wanted = headers.get("range")
        if wanted is None or self.status_code != 200 or method not in {"GET", "HEAD", ""}:
            return []
        condition = headers.get("if-range")
        if condition is not None and not self._should_use_range(condition):
            return []
        return parse_range_header(wanted, file_size, self.max_ranges)

    def _should_use_range(self, if_range: str) -> bool:
        # Ranges must not be put together from files that are only nearly the same.
        if if_range.startswith("W/"):
            return False
        return if_range in {self.headers["last-modified"], self.headers["etag"]}

    def _sender(
        self,
        ranges: list[ByteRange],
        file_size: int,
        send: Send,
        head_only: bool,
        by_path: bool,
    ) -> Callable[[], Awaitable[None]]:
        if not ranges:
            return partial(self._handle_simple, send, head_only, by_path)
        if len(ranges) == 1:
            return partial(self._handle_single_range, send, ranges[0], file_size, head_only)
        return partial(self._handle_multiple_ranges, send, ranges, file_size, head_only)

    async def _handle_simple(self, send: Send, head_only: bool, by_path: bool) -> None:
        await send(messages.start(self.status_code, self.raw_headers))
        if head_only:
            await send(messages.body(b"", more=False))
        elif by_path:
            await send({"type": "http.response.pathsend", "path": str(self.path)})
        else:
            async with _opened(self.path) as file:
                more = True
                while more:
                    chunk = await file.read(self.chunk_size)
                    more = len(chunk) == self.chunk_size
                    await send(messages.body(chunk, more=more))

    async def _handle_single_range(
        self, send: Send, wanted: ByteRange, file_size: int, head_only: bool
    ) -> None:
        position, end = wanted
        headers = MutableHeaders(raw=self.raw_headers.copy())
        headers["content-range"] = f"bytes {position}-{end - 1}/{file_size}"
        headers["content-length"] = str(end - position)
        await send(messages.start(206, headers.raw))
        if head_only:
            await send(messages.body(b"", more=False))
            return
        async with _opened(self.path) as file:
            await file.seek(position)
            more = True
            while more:
                chunk = await file.read(min(self.chunk_size, end - position))
                position += len(chunk)
                more = len(chunk) == self.chunk_size and position < end
                await send(messages.body(chunk, more=more))

    async def _handle_multiple_ranges(
        self, send: Send, ranges: list[ByteRange], file_size: int, head_only: bool
    ) -> None:
        # As much randomness as browsers use for theirs.
        boundary = token_hex(13)
        content_type = self.headers["content-type"]
        length, head_of = self.generate_multipart(ranges, boundary, file_size, content_type)
        headers = MutableHeaders(raw=self.raw_headers.copy())
        headers["content-type"] = f"multipart/byteranges; boundary={boundary}"
        headers["content-length"] = str(length)
        await send(messages.start(206, headers.raw))
        if head_only:
            await send(messages.body(b"", more=False))
            return
        async with _opened(self.path) as file:
            for wanted in ranges:
                await send(messages.body(head_of(*wanted), more=True))
                await self._send_range(file, wanted, send)
                await send(messages.body(b"\r\n", more=True))
            await send(messages.body(closing(boundary), more=False))

    async def _send_range(
        self, file: anyio.AsyncFile[bytes], wanted: ByteRange, send: Send
    ) -> None:
        position, end = wanted
        await file.seek(position)
        while position < end:
            chunk = await file.read(min(self.chunk_size, end - position))
            if not chunk:
                raise RuntimeError(f"File at path {self.path} is shorter than expected.")
            position += len(chunk)
            await send(messages.body(chunk, more=True))

    def generate_multipart(
        self,
        ranges: Sequence[tuple[int, int]],
        boundary: str,
        max_size: int,
        content_type: str,
    ) -> tuple[int, Callable[[int, int], bytes]]:
        """The length of a body of these ranges, and a function that writes the head of each."""

        def head_of(start: int, end: int) -> bytes:
            return part_head((start, end), boundary, max_size, content_type)

        return multipart_length(ranges, boundary, max_size, content_type), head_of


def _filename_parameter(filename: str) -> str:
    """``filename``, in the form of RFC 6266 that can carry it."""
    quoted = quote(filename)
    return f'filename="{filename}"' if quoted == filename else f"filename*=utf-8''{quoted}"


@asynccontextmanager
async def _opened(path: str | os.PathLike[str]) -> AsyncIterator[anyio.AsyncFile[bytes]]:
    """The file; it is closed even when the client goes and the transfer is cancelled."""
    opened = await anyio.open_file(path, "rb")
    try:
        yield opened
    finally:
        with anyio.CancelScope(shield=True):
            await opened.aclose()
