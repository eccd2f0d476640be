"""Heads and trailers without end: 32 MiB in one header, a million headers, trailers for ever."""

from __future__ import annotations

import itertools
import select
import socket
from typing import TYPE_CHECKING

from tests.faults.harness import MIB, Server, answer
from tests.faults.report import at_most, exactly
from tests.faults.script import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.faults.report import Row
    from tests.faults.script import Say

BEGIN = b"GET / HTTP/1.1\r\nHost: test\r\n"
CHUNKED = b"POST /length HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
PIECE = 4096
NEAR = 256 * 1024
"""How much may leave a client before it hears of the refusal: the limit, and what buffers hold."""


def _one_header() -> Iterable[bytes]:
    yield BEGIN + b"X: "
    yield from itertools.repeat(b"x" * PIECE, 32 * MIB // PIECE)


def _many_headers() -> Iterable[bytes]:
    yield BEGIN
    for number in range(0, 1_000_000, 100):
        yield b"".join(b"X-%d: y\r\n" % (number + more) for more in range(100))


def _one_line() -> Iterable[bytes]:
    yield b"GET /"
    yield from itertools.repeat(b"x" * PIECE, 32 * MIB // PIECE)


def _trailers() -> Iterable[bytes]:
    yield CHUNKED + b"1\r\nx\r\n0\r\n"
    yield from itertools.repeat(b"X-Trailer: y\r\n" * 100, 32 * MIB // 1400)


def _chunk_extension() -> Iterable[bytes]:
    yield CHUNKED + b"1;x="
    yield from itertools.repeat(b"x" * PIECE, 32 * MIB // PIECE)


def _empty_lines() -> Iterable[bytes]:
    return itertools.repeat(b"\r\n" * (PIECE // 2), 32 * MIB // PIECE)


KINDS: dict[str, tuple[Callable[[], Iterable[bytes]], int]] = {
    "a header of 32 MiB": (_one_header, 431),
    "1,000,000 headers": (_many_headers, 431),
    "a request line of 32 MiB": (_one_line, 414),
    "trailers without end": (_trailers, 431),
    "a chunk extension of 32 MiB": (_chunk_extension, 400),
    "empty lines without end": (_empty_lines, 400),
}


def run(say: Say) -> Iterator[Row]:
    """Each is refused near the limit, with its status, and costs no memory."""
    with Server("tests.faults.applications:hello") as server:
        for _ in range(200):
            server.ask()
        before = server.figures.rss()
        server.figures.forget_peak()
        for name, (pieces, status) in KINDS.items():
            say(name)
            with server.connect() as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32 * 1024)
                sent, answered = _send(client, pieces())
            yield exactly(f"{name}: status", answered, status)
            yield at_most(f"{name}: sent before", sent / 1024, NEAR / 1024, "KiB")
        growth = (server.figures.peak_rss() - before) / MIB
        yield at_most("growth of the server", growth, 4, "MiB")


def _send(client: socket.socket, pieces: Iterable[bytes]) -> tuple[int, int]:
    """Sends until there is an answer: how much that was, and the answer's status."""
    sent = 0
    client.setblocking(False)
    for piece in pieces:
        left = piece
        while left:
            if select.select([client], [], [], 0)[0]:
                return sent, _status(client)
            try:
                count = client.send(left)
            except BlockingIOError:
                select.select([client], [client], [], 20)
                continue
            except ConnectionError:
                return sent, _status(client)
            sent += count
            left = left[count:]
    return sent, _status(client)


def _status(client: socket.socket) -> int:
    client.settimeout(20)
    received = answer(client)
    return int(received.split(b" ", 2)[1]) if received else 0


if __name__ == "__main__":
    main(run)
