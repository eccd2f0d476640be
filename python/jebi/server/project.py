"""The file of a project, and whether it says anything about the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NAME = "pyproject.toml"


def find(directory: Path) -> Path | None:
    """The project's file: the first one in the directory or above it."""
    for place in (directory, *directory.parents):
        if (place / NAME).is_file():
            return place / NAME
    return None


def may_say_something(path: Path) -> bool:
    """Whether ``[tool.jebi]`` may be in the file, which has to be parsed then to know.

    Most have other tools' settings alone, and parsing them takes longer than all else that a
    command does before it imports the application.
    """
    try:
        text = path.read_bytes()
    except OSError:
        return True  # whoever parses it says what is wrong
    if b"\\u" in text or b"\\U" in text:
        return True  # any name may be spelled with escapes
    lines = [line.strip() for line in text.splitlines()]
    if any(b"tool" in line and b"jebi" in line for line in lines):
        return True
    # Below [tool] the key alone would do.
    heads = (line.partition(b"#")[0] for line in lines if line.startswith(b"["))
    return b"jebi" in text and any(head.translate(None, b"[]\"' \t") == b"tool" for head in heads)
