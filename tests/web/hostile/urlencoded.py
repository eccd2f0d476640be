"""Hostile urlencoded forms."""

from __future__ import annotations

from tests.web.hostile.forms import Body, fill, read, urlencoded
from tests.web.hostile.row import Row

FIELDS = 500
SMALL = 64


def form(size: int) -> bytes:
    """What a browser sends: fields with some words each, and some letters beyond ASCII."""
    length = size // FIELDS
    words = (b"some+words+and+caf%C3%A9s+" * length)[: length - len("&name000=")]
    return b"&".join(b"name%03d=" % number + words for number in range(FIELDS))


def benign(size: int) -> Body:
    """The form at once."""
    return urlencoded(form(size))


def benign_in_pieces(size: int) -> Body:
    """The form in many pieces."""
    return urlencoded(form(size), SMALL)


def row(name: str, text: bytes, *, before: bytes = b"") -> Row:
    """The same text over and over, in one field or between fields."""
    return Row(
        f"urlencoded: {name}",
        read,
        benign,
        lambda size: urlencoded(before + fill(text, size - len(before))),
    )


ROWS = [
    row("separators only", b"&"),
    row("equals signs only", b"="),
    row("plus signs only", b"+", before=b"a="),
    row("everything escaped", b"%41", before=b"a="),
    row("nothing but percent signs", b"%", before=b"a="),
    row("escapes cut short", b"%4&"[:2] + b"g", before=b"a="),
    row("escapes that are no UTF-8", b"%FF", before=b"a="),
    row("letters beyond ASCII by turns", b"a\xe9", before=b"a="),
    row("one name without a value", b"abcdefgh"),
    Row(
        "urlencoded: more fields than allowed",
        read,
        benign,
        lambda size: urlencoded(fill(b"a=&", size)),
        accepted=False,
    ),
    Row(
        "urlencoded: one field in many pieces",
        read,
        benign_in_pieces,
        lambda size: urlencoded(b"a=" + fill(b"x", size - 2), SMALL),
    ),
]
