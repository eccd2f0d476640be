"""Hostile JSON documents."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.web.hostile.forms import CHUNK, Body, cut, fill, request
from tests.web.hostile.row import Row, drive

if TYPE_CHECKING:
    from collections.abc import Callable

PERSON = {"id": 123, "name": "a name", "tags": ["one", "two"], "weight": 71.5, "active": True}


def body(content: bytes) -> Body:
    """A document as a body."""
    return Body("application/json", cut(content, CHUNK))


def people(size: int) -> Body:
    """What a client sends: a list of objects."""
    one = json.dumps(PERSON)
    return body(b"[" + ", ".join([one] * (size // len(one))).encode() + b"]")


def array(text: bytes) -> Callable[[int], Body]:
    """An array with ``text`` over and over."""
    return lambda size: body(b"[" + fill(text + b",", size - len(text)) + text + b"]")


def string(text: bytes) -> Callable[[int], Body]:
    """A string with ``text`` over and over."""
    return lambda size: body(b'"' + fill(text, size - 2) + b'"')


def read(content: Body) -> bool:
    """Reads the document; whether it is one."""
    try:
        drive(request(content).json())
    except (ValueError, RecursionError):
        return False
    return True


def row(name: str, hostile: Callable[[int], Body], *, accepted: bool = True) -> Row:
    """A document in place of an ordinary one, large enough for what Python's errors cost."""
    return Row(f"json: {name}", read, people, hostile, accepted=accepted, size=28 * 1024)


ROWS = [
    row("escapes only", string(b"\\u00e9")),
    row("halves of surrogate pairs", string(b"\\ud83d")),
    row("long numbers", array(b"1" * 3000)),
    row("long fractions", array(b"0." + b"123456789" * 300)),
    row("arrays in arrays", lambda size: body(fill(b"[", size)), accepted=False),
    row("objects in objects", lambda size: body(fill(b'{"a":', size)), accepted=False),
    row("one number", lambda size: body(fill(b"1", size)), accepted=False),
    row("spaces only", lambda size: body(fill(b" ", size)), accepted=False),
]
