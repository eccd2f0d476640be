"""Byte ranges (RFC 9110, section 14): reading what is asked for, writing what is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class MalformedRangeHeader(Exception):  # noqa: N818 - the public name
    """The ``Range`` header makes no sense; ``content`` says why."""

    def __init__(self, content: str = "Malformed range header.") -> None:
        self.content = content


class RangeNotSatisfiable(Exception):  # noqa: N818 - the public name
    """The ranges lie outside the file, which has ``max_size`` bytes."""

    def __init__(self, max_size: int) -> None:
        self.max_size = max_size


class ByteRange(NamedTuple):
    """From ``start`` up to, not including, ``end``."""

    start: int
    end: int


def parse_range_header(header: str, file_size: int, max_ranges: int) -> list[ByteRange]:
    """The ranges that ``header`` asks for, in order and without overlaps.

    None at all, which means the whole file, when it asks for more than ``max_ranges``.
    """
    unit, equals, specs = header.partition("=")
    if not equals:
        raise MalformedRangeHeader
    if unit.strip().lower() != "bytes":
        raise MalformedRangeHeader("Only support bytes range")
    if specs.count(",") >= max_ranges:
        return []
    ranges = [found for spec in specs.split(",") if (found := _parse_spec(spec, file_size))]
    if not ranges:
        raise MalformedRangeHeader("Range header: range must be requested")
    if any(wanted.start >= file_size for wanted in ranges):
        raise RangeNotSatisfiable(file_size)
    if any(wanted.start >= wanted.end for wanted in ranges):
        raise MalformedRangeHeader("Range header: start must be less than end")
    return _merge(ranges)


def _parse_spec(spec: str, file_size: int) -> ByteRange | None:
    """``first-last``, ``first-`` or ``-length``; whatever else it is does not count."""
    first, dash, last = (text.strip() for text in spec.partition("-"))
    if not dash or not (first or last) or not all(map(_is_number, filter(None, (first, last)))):
        return None
    if not first:
        return ByteRange(max(file_size - _number(last), 0), file_size)
    end = min(_number(last) + 1, file_size) if last else file_size
    return ByteRange(_number(first), end)


def _is_number(text: str) -> bool:
    # ``int`` would take signs, underscores and the digits of every script.
    return text.isascii() and text.isdigit()


def _number(digits: str) -> int:
    # ``int`` refuses thousands of digits; no file is as large as twenty of them.
    digits = digits.lstrip("0")
    return int(digits[:20] or "0")


def _merge(ranges: list[ByteRange]) -> list[ByteRange]:
    merged: list[ByteRange] = []
    for wanted in sorted(ranges) if len(ranges) > 1 else ranges:
        if merged and wanted.start <= merged[-1].end:
            merged[-1] = ByteRange(merged[-1].start, max(merged[-1].end, wanted.end))
        else:
            merged.append(wanted)
    return merged


def part_head(wanted: tuple[int, int], boundary: str, file_size: int, content_type: str) -> bytes:
    """What stands before the bytes of one range in ``multipart/byteranges``."""
    start, end = wanted
    lines = (
        f"--{boundary}",
        f"Content-Type: {content_type}",
        f"Content-Range: bytes {start}-{end - 1}/{file_size}",
        "",
        "",
    )
    return "\r\n".join(lines).encode("latin-1")


def closing(boundary: str) -> bytes:
    """What stands behind the last range."""
    return f"--{boundary}--".encode("latin-1")


def multipart_length(
    ranges: Sequence[tuple[int, int]], boundary: str, file_size: int, content_type: str
) -> int:
    """How long the whole ``multipart/byteranges`` body will be."""
    parts = sum(
        len(part_head(wanted, boundary, file_size, content_type)) + wanted[1] - wanted[0] + 2
        for wanted in ranges
    )
    return parts + len(closing(boundary))
