"""Where the files of a form go while it is read."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from jebi.web.concurrency import run_in_threadpool

if TYPE_CHECKING:
    from tempfile import SpooledTemporaryFile

    from jebi.web.datastructures import UploadFile

    File = SpooledTemporaryFile[bytes]
    Piece = bytes | memoryview | bytearray

_KIBIBYTE = 1024
#: How much is gathered for one turn of a worker thread.
_BATCH = 1024 * _KIBIBYTE
#: Smaller pieces are copied together rather than kept with all that they came in.
_SMALL = 8 * _KIBIBYTE
#: How many pieces a batch may have, as each keeps alive what it is a part of.
_PIECES = 64
#: How much of all files of a form is kept in memory, unless one alone may have more.
_MEMORY = 8 * 1024 * _KIBIBYTE
#: Smaller files stay in memory in any case, as each on the disk takes a descriptor.
_SMALL_FILE = 64 * _KIBIBYTE


class Spool:
    """Writes files one after the other: into memory while they are small, then to the disk.

    What touches the disk is done in a worker thread, in batches. The pieces of a batch are those
    that came from the client; nothing is copied on the way.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._memory = max(most, _MEMORY)
        self._files: list[File] = []
        self._upload: UploadFile | None = None
        self._pieces: list[Piece] = []
        self._gathered = 0
        self._storing = False
        self._lock = threading.Lock()

    def open(self, file: File, upload: UploadFile) -> None:
        """Write to ``file`` from now on, which is what ``upload`` shows."""
        self._files.append(file)
        self._upload = upload

    async def write(self, data: bytes | memoryview) -> None:
        """Append ``data`` to the file."""
        upload, file, length = self._upload, self._files[-1], len(data)
        assert upload is not None
        assert upload.size is not None
        upload.size += length
        if self._fits(file, upload.size, length):
            file.write(data)
            self._memory -= length
            return
        self._gather(data)
        if self._gathered >= _BATCH or len(self._pieces) >= _PIECES:
            await self._flush(file)

    async def end(self) -> None:
        """Go back to the beginning of the file, all of which is written then."""
        file = self._files[-1]
        if self._pieces:
            await self._flush(file)
        file.seek(0)

    async def discard(self) -> None:
        """Close all files, which removes them."""
        if self._storing or any(_is_on_disk(file) for file in self._files):
            import anyio

            # Also when whoever waits for the form is cancelled.
            with anyio.CancelScope(shield=True):
                await run_in_threadpool(self.discard_at_once)
        else:
            self.discard_at_once()

    def discard_at_once(self) -> None:
        """Close all files; blocks when one of them is on the disk."""
        with self._lock:
            for file in self._files:
                file.close()

    def _fits(self, file: File, size: int, more: int) -> bool:
        if self._pieces or _is_on_disk(file):
            return False
        if not self._most or size <= min(self._most, _SMALL_FILE):
            return True
        return size <= self._most and more <= self._memory

    def _gather(self, data: bytes | memoryview) -> None:
        self._gathered += len(data)
        last = self._pieces[-1] if self._pieces else None
        if len(data) >= _SMALL:
            self._pieces.append(data)
        elif isinstance(last, bytearray) and len(last) < _SMALL:
            last += data
        else:
            self._pieces.append(bytearray(data))

    async def _flush(self, file: File) -> None:
        assert self._upload is not None
        assert self._upload.size is not None
        position = self._upload.size - self._gathered
        pieces, self._pieces, self._gathered = self._pieces, [], 0
        if not _is_on_disk(file):
            self._memory += position
        # It stays set when this is cancelled, as the thread goes on then.
        self._storing = True
        await run_in_threadpool(self._store, file, pieces, position)
        self._storing = False

    def _store(self, file: File, pieces: list[Piece], position: int) -> None:
        """Write ``pieces`` to the disk, from ``position`` in the file on; blocks."""
        # Nobody closes the file meanwhile: its descriptor could become another's.
        with self._lock:
            if not _is_on_disk(file):
                file.rollover()
            # Past the buffer of the file, which is empty, and all pieces at once. Where the file
            # believes to be is put right at its end: asking and telling it are system calls, too.
            descriptor = file.fileno()
            rest = [memoryview(piece) for piece in pieces]
            while rest:
                written = os.pwritev(descriptor, rest, position)
                position += written
                while rest and written >= len(rest[0]):
                    written -= len(rest.pop(0))
                if written:
                    rest[0] = rest[0][written:]


def _is_on_disk(file: File) -> bool:
    # Whatever does not say where it is may block.
    return getattr(file, "_rolled", True)
