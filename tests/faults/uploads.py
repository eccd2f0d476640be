"""Uploads of 100 MiB as forms: what they cost in memory, descriptors and time."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from tests.faults.harness import MIB, Server, answer, settled_rss
from tests.faults.report import at_most, exactly
from tests.faults.script import main

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.report import Row
    from tests.faults.script import Say

PIECE = b"x" * (MIB // 4)
HEAD = b'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'


def _body(files: int, size: int) -> Iterator[bytes]:
    """A form of ``files`` files of ``size`` bytes."""
    for _ in range(files):
        yield HEAD
        yield from itertools.repeat(PIECE, size // len(PIECE))
        yield PIECE[: size % len(PIECE)] + b"\r\n"
    yield b"--b--\r\n"


KINDS = {
    "one file of 100 MiB": (1, 100 * MIB),
    "100 files of 1 MiB": (100, MIB),
    "1000 files of 100 KiB": (1000, 100 * 1024),
}


def run(say: Say) -> Iterator[Row]:
    """All of it arrives, within 16 MiB of memory above the idle server's."""
    with Server("tests.faults.applications:upload") as server:
        # What the first forms bring into memory for good is none of theirs.
        for _ in range(3):
            _upload(server, 4, 2 * MIB)
        for name, (files, size) in KINDS.items():
            say(name)
            before, descriptors = settled_rss(server.figures), server.figures.descriptors()
            server.figures.forget_peak()
            yield exactly(f"{name}: bytes", _upload(server, files, size), files * size)
            growth = (server.figures.peak_rss() - before) / MIB
            yield at_most(f"{name}: memory above the idle server", growth, 16, "MiB")
            left = server.figures.descriptors() - descriptors
            yield at_most(f"{name}: descriptors left", left, 1)


def _upload(server: Server, files: int, size: int) -> int:
    """What the server says the files of a form have together."""
    length = sum(map(len, _body(files, size)))
    head = (
        "POST / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {length}\r\n\r\n"
    )
    with server.connect() as client:
        client.sendall(head.encode())
        for piece in _body(files, size):
            client.sendall(piece)
        return int(answer(client).partition(b"\r\n\r\n")[2] or -1)


if __name__ == "__main__":
    main(run)
