"""Two answers about one module, compared."""

from __future__ import annotations

import json
from typing import Any

SHOWN = 120


def judge(original: dict[str, Any], ours: dict[str, Any]) -> tuple[str, str]:
    """The outcome of a module and the reason: what differs first, or why nothing is compared."""
    if original["error"]:
        if _type(original["error"]) != _type(ours["error"] or ""):
            return "failed", f"{ours['error'] or 'no error'} where was {original['error']}"
        return "skipped", f"the original raises as well: {original['error']}"
    if ours["error"]:
        return "failed", ours["error"]
    if not original["documents"] and not ours["documents"]:
        return "skipped", "makes no application"
    found = first_difference(original["documents"], ours["documents"])
    return ("failed", found) if found else ("passed", "")


def _type(error: str) -> str:
    """The name of an exception's class, wherever that is defined."""
    return error.partition(":")[0].rpartition(".")[2]


def first_difference(original: Any, ours: Any, where: str = "") -> str:
    """Where two documents part and how, in the order of their sorted keys; nothing if nowhere."""
    if isinstance(original, dict) and isinstance(ours, dict):
        for key in sorted({*original, *ours}):
            place = f"{where}/{key}"
            if key not in ours:
                return f"{place} is missing, which is {_shown(original[key])}"
            if key not in original:
                return f"{place} is too much: {_shown(ours[key])}"
            if found := first_difference(original[key], ours[key], place):
                return found
        return ""
    if isinstance(original, list) and isinstance(ours, list) and len(original) == len(ours):
        for index, pair in enumerate(zip(original, ours, strict=True)):
            if found := first_difference(*pair, f"{where}/{index}"):
                return found
        return ""
    # As text: 1 and 1.0 or true are one value in Python, and not the same bytes.
    if _text(original) == _text(ours):
        return ""
    return f"{where or '/'} is {_shown(ours)} and was {_shown(original)}"


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _shown(value: Any) -> str:
    text = _text(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
