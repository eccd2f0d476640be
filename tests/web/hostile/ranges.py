"""Hostile ``Range`` headers, and lists of tags.

They are read here without the limit on the number of ranges, which would refuse most of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jebi.web.datastructures import Headers
from jebi.web.responses.ranges import MalformedRangeHeader, RangeNotSatisfiable, parse_range_header
from jebi.web.staticfiles import StaticFiles
from tests.web.hostile.row import Row

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = 100_000
FILES = StaticFiles()


def read(header: str) -> bool:
    """Reads the header; whether it asks for something that is there."""
    try:
        return bool(parse_range_header(header, FILE, len(header)))
    except (MalformedRangeHeader, RangeNotSatisfiable):
        return False


def compare(header: str) -> bool:
    """Looks for a file's tag among those of the header; always accepted."""
    FILES.is_not_modified(Headers({"etag": '"none"'}), Headers({"if-none-match": header}))
    return True


def few_bytes(size: int) -> str:
    """Single bytes, in order: what a client may ask for."""
    return again("1-1,3-3,5-5,7-7,9-9")(size)


def again(spec: str) -> Callable[[int], str]:
    """The same over and over."""
    return lambda size: "bytes=" + ",".join([spec] * ((size - 6) // (len(spec) + 1)))


def counted(spec: Callable[[int], str]) -> Callable[[int], str]:
    """One after the other, up to the size."""

    def header(size: int) -> str:
        specs: list[str] = []
        length = 6
        while length < size:
            specs.append(spec(len(specs)))
            length += len(specs[-1]) + 1
        return "bytes=" + ",".join(specs)

    return header


def tags(tag: str) -> Callable[[int], str]:
    """A list of the same tag."""
    return lambda size: ", ".join([tag] * (size // (len(tag) + 2)))


def row(name: str, hostile: Callable[[int], str], *, accepted: bool = True) -> Row:
    """A header in place of one that asks for single bytes."""
    return Row(f"range: {name}", read, few_bytes, hostile, accepted=accepted, size=2048)


ROWS = [
    row("the whole file again and again", again("0-")),
    row("each within the one before", counted(lambda n: f"{n}-{FILE - n}")),
    row("each around the one before", counted(lambda n: f"{20_000 - n}-{20_000 + n}")),
    row("backwards", counted(lambda n: f"{90_000 - 2 * n}-{90_000 - 2 * n}")),
    row("suffixes", counted(lambda n: f"-{n + 1}")),
    row("commas only", lambda size: "bytes=" + "," * (size - 6), accepted=False),
    row("dashes only", lambda size: "bytes=" + "-" * (size - 6), accepted=False),
    row("one number", lambda size: "bytes=" + "9" * (size - 7) + "-", accepted=False),
    row("zeros in front", lambda size: "bytes=" + "0" * (size - 7) + "-"),
    row("spaces", lambda size: "bytes=" + " " * (size - 9) + "0-1"),
    row("what is no range", again("x-y"), accepted=False),
    Row("tags: one-letter ones", compare, tags('"0123456"'), tags('"1"')),
    Row("tags: commas only", compare, tags('"0123456"'), lambda size: "," * size),
]
