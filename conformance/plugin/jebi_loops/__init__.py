"""Suites about the event loop: which loop they run on, and how it gets into them.

The loop is named by the environment: Jebi's unless told otherwise, stock asyncio's or uvloop's to
see what those come to. A suite is never edited; its loop is put where it takes it from.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
from typing import Any

VARIABLE = "JEBI_CONFORMANCE_LOOP"
NAMES = ("jebi", "asyncio", "uvloop")


def chosen() -> str:
    """The name of the loop to run on, one of :data:`NAMES`."""
    name = os.environ.get(VARIABLE, NAMES[0])
    if name not in NAMES:
        raise SystemExit(f"{VARIABLE} is one of {', '.join(NAMES)}, not {name!r}")
    return name


def loop_class(name: str) -> Any:
    """The class of the loop of that name."""
    if name == "asyncio":
        return asyncio.SelectorEventLoop
    module: Any = importlib.import_module("jebi.loop" if name == "jebi" else "uvloop")
    return module.Loop


def default_policy() -> tuple[str, Any]:
    """asyncio's class of policies and its name there; Python 3.14 made it private."""
    name = "_DefaultEventLoopPolicy" if sys.version_info >= (3, 14) else "DefaultEventLoopPolicy"
    return name, getattr(asyncio, name)
