"""Files that a client sent with a form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from jebi.web.concurrency import run_in_threadpool
from jebi.web.datastructures.headers import Headers

if TYPE_CHECKING:
    from collections.abc import Callable


class UploadFile:
    """A file of a form.

    Its methods are those of ``file``, made asynchronous: in a worker thread as soon as the
    content is, or would be, on the disk.
    """

    def __init__(
        self,
        file: BinaryIO,
        *,
        size: int | None = None,
        filename: str | None = None,
        headers: Headers | None = None,
    ) -> None:
        self.file = file
        self.filename = filename
        self.size = size
        self.headers = headers or Headers()

    @property
    def content_type(self) -> str | None:
        """What the client says the content is."""
        return self.headers.get("content-type", None)

    @property
    def _in_memory(self) -> bool:
        # ``SpooledTemporaryFile`` says so; any other file may block.
        return not getattr(self.file, "_rolled", True)

    def _fits_in_memory(self, more: int) -> bool:
        if not self._in_memory:
            return False
        most: int = getattr(self.file, "_max_size", 0)
        return not most or self.file.tell() + more <= most

    async def _call(self, blocks: bool, method: Callable[..., Any], *args: Any) -> Any:
        return await run_in_threadpool(method, *args) if blocks else method(*args)

    async def write(self, data: bytes) -> None:
        """Write ``data`` where the file stands."""
        if self.size is not None:
            self.size += len(data)
        await self._call(not self._fits_in_memory(len(data)), self.file.write, data)

    async def read(self, size: int = -1) -> bytes:
        """Read ``size`` bytes, or what is left."""
        content: bytes = await self._call(not self._in_memory, self.file.read, size)
        return content

    async def seek(self, offset: int) -> None:
        """Go to ``offset``."""
        await self._call(not self._in_memory, self.file.seek, offset)

    async def close(self) -> None:
        """Close the file, which removes a temporary one."""
        await self._call(not self._in_memory, self.file.close)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(filename={self.filename!r}, "
            f"size={self.size!r}, headers={self.headers!r})"
        )
