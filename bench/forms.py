"""How fast the bytes of a file in a multipart form are read: ``python -m bench.forms``.

One file is fed to each parser in pieces of one size, by the CPU time that it takes. The pieces are
read over and over, so that they are in the processor's cache, as those are that a server has just
received. Parsers take turns, in processes of their own; what is shown is the median of the rounds.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.peers import ROOT, VENV

if TYPE_CHECKING:
    from collections.abc import Callable

    Feed = Callable[[bytes], object]

JEBI, PEER = "jebi", "python-multipart"
ROUNDS = 5
SIZES = tuple(1024 * size for size in (4, 16, 64, 256, 1024))
"""How large the pieces are, in bytes."""

BOUNDARY = b"----FormBoundary7MA4YWxkTrZu0gW"
HEAD = (
    b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n"
)
TAIL = b"\r\n--" + BOUNDARY + b"--\r\n"
HOT = 512 * 1024
"""How much is read over and over, in bytes."""
TOTAL = 256 * 1024 * 1024
"""How much is read for one figure, in bytes."""
GIBIBYTE = 1 << 30


def jebi() -> tuple[Feed, Callable[[], object]]:
    """Our parser: what takes a piece, and what ends the form."""
    engine: Any = importlib.import_module("jebi._engine")
    reader = engine.MultipartReader(
        BOUNDARY, "utf-8", max_files=None, max_fields=None, max_size=None
    )
    return reader.feed, reader.finish


def python_multipart() -> tuple[Feed, Callable[[], object]]:
    """The peer, with callbacks that take what they are told, as a toolkit's do."""
    found: list[bytes] = []

    def note(*_: object) -> None:
        pass

    def keep(data: bytes, start: int, end: int) -> None:
        found.append(data[start:end])

    def feed(piece: bytes) -> None:
        parser.write(piece)
        found.clear()

    events = ("part_begin", "part_end", "header_field", "header_value", "header_end")
    callbacks: dict[str, Any] = {f"on_{event}": note for event in (*events, "headers_finished")}
    module: Any = importlib.import_module("python_multipart.multipart")
    parser = module.MultipartParser(BOUNDARY, {**callbacks, "on_part_data": keep})
    return feed, parser.finalize


PARSERS = {JEBI: jebi, PEER: python_multipart}


def speed(make: Callable[[], tuple[Feed, Callable[[], object]]], size: int) -> float:
    """Gibibytes a second of CPU, in pieces of ``size`` bytes."""
    content = os.urandom(max(HOT, size))
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    feed, finish = make()
    feed(HEAD)
    begun = time.process_time()
    for _ in range(TOTAL // len(content)):
        for piece in pieces:
            feed(piece)
    spent = time.process_time() - begun
    feed(TAIL)
    finish()
    return TOTAL / spent / GIBIBYTE


def measured(name: str) -> dict[str, float]:
    """The figures of one parser, by a process of its own."""
    python = sys.executable if name == JEBI else str(VENV / "bin" / "python")
    paths = os.pathsep.join((str(ROOT / "python"), str(ROOT)))
    command = [python, "-m", "bench.forms", name]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": paths}, stdout=subprocess.PIPE, check=True
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def main() -> None:
    """Measure both parsers in turn, and print a table."""
    rounds = [{name: measured(name) for name in PARSERS} for _ in range(ROUNDS)]
    print(f"{'piece':>10} {JEBI:>18} {PEER:>18} {'times':>7}   GiB a second of CPU")
    for size in map(str, SIZES):
        ours, theirs = (median(each[name][size] for each in rounds) for name in (JEBI, PEER))
        print(f"{int(size) // 1024:>6} KiB {ours:>18.1f} {theirs:>18.1f} {ours / theirs:>7.1f}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps({size: speed(PARSERS[sys.argv[1]], size) for size in SIZES}))
    else:
        main()
