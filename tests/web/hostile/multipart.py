"""Hostile multipart forms."""

from __future__ import annotations

from tests.web.hostile.forms import Body, fill, multipart, read
from tests.web.hostile.row import Row

BOUNDARY = b"----geckoformboundary5d41402abc4b2a76"
DELIMITER = b"\r\n--" + BOUNDARY
FIELDS = 80
SMALL = 64


def part(disposition: bytes, content: bytes, more: bytes = b"") -> bytes:
    """A part with the line break before its boundary left to the one before it."""
    head = b"--" + BOUNDARY + b"\r\nContent-Disposition: form-data; " + disposition + b"\r\n"
    return head + more + b"\r\n" + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    """All parts and the end."""
    return b"".join(parts) + b"--" + BOUNDARY + b"--\r\n"


def fields(size: int) -> bytes:
    """A form of many fields."""
    room = size // FIELDS - len(part(b'name="field000"', b""))
    words = (b"some words and a line break\r\n" * room)[:room]
    return form(*(part(b'name="field%03d"' % number, words) for number in range(FIELDS)))


def file(size: int) -> bytes:
    """A form of a few fields and a file of lines."""
    few = [part(b'name="field%d"' % number, b"a few words") for number in range(8)]
    head = b'name="file"; filename="lines.txt"'
    room = size - len(form(*few)) - len(part(head, b""))
    return form(*few, part(head, fill(b"a line of text of the usual length, or so\r\n", room)))


def content(size: int, text: bytes) -> bytes:
    """A form of one file, which is ``text`` over and over."""
    return form(part(b'name="file"; filename="f"', fill(text, size - 200)))


def heads(size: int, more: bytes) -> bytes:
    """A form of fields with large heads."""
    one = part(b'name="a"', b"", more)
    return form(*[one] * (size // len(one)))


def benign_file(size: int) -> Body:
    """The file at once."""
    return multipart(file(size), BOUNDARY)


def benign_fields(size: int) -> Body:
    """The fields at once."""
    return multipart(fields(size), BOUNDARY)


def row(name: str, text: bytes) -> Row:
    """A file that is ``text`` over and over."""
    return Row(
        f"multipart: {name}",
        read,
        benign_file,
        lambda size: multipart(content(size, text), BOUNDARY),
    )


def row_of_heads(name: str, more: bytes) -> Row:
    """Fields with ``more`` header lines."""
    return Row(
        f"multipart: {name}",
        read,
        benign_fields,
        lambda size: multipart(heads(size, more), BOUNDARY),
    )


ROWS = [
    row("boundaries but for the last letter", DELIMITER[:-1] + b"x"),
    row("boundaries with a letter behind", DELIMITER + b"x"),
    row("boundaries with half a line break", DELIMITER + b"\rx"),
    row("carriage returns only", b"\r"),
    row("line breaks only", b"\r\n"),
    row_of_heads("long header lines", b"X: " + b"y" * 4000 + b"\r\n"),
    row_of_heads(
        "as many header lines as allowed",
        b"".join(b"X-%d: a value of some length\r\n" % n for n in range(7)),
    ),
    row_of_heads(
        "dispositions with many parameters",
        b"Content-Disposition: form-data" + b"; a=b" * 600 + b"; name=a\r\n",
    ),
    row_of_heads(
        "dispositions of quotes and backslashes",
        b'Content-Disposition: form-data; name="' + b'\\"' * 1250 + b'"\r\n',
    ),
    Row(
        "multipart: more header lines than allowed",
        read,
        benign_fields,
        lambda size: multipart(heads(size, fill(b"X: y\r\n", size - 200)), BOUNDARY),
        accepted=False,
    ),
    Row(
        "multipart: a header line without an end",
        read,
        benign_fields,
        lambda size: multipart(b"--" + BOUNDARY + b"\r\nX: " + fill(b"y", size), BOUNDARY),
        accepted=False,
    ),
    Row(
        "multipart: a slow encoding",
        read,
        benign_fields,
        lambda size: multipart(
            form(part(b"name=a", fill(b"a-b0", size - 100))), BOUNDARY, more="; charset=punycode"
        ),
    ),
    Row(
        "multipart: spaces behind a boundary",
        read,
        benign_fields,
        lambda size: multipart(
            form(part(b"name=a", b"")).replace(b"\r\n", fill(b" ", size - 100) + b"\r\n", 1),
            BOUNDARY,
        ),
    ),
    Row(
        "multipart: boundaries behind the end",
        read,
        benign_fields,
        lambda size: multipart(form() + fill(DELIMITER, size - 100), BOUNDARY),
    ),
    Row(
        "multipart: pieces that end within a boundary",
        read,
        lambda size: multipart(file(size), BOUNDARY, len(DELIMITER)),
        lambda size: multipart(content(size, DELIMITER[:-1] + b"x")[:-1], BOUNDARY, len(DELIMITER)),
    ),
]
