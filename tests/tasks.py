"""The task that a test's code runs in."""

from __future__ import annotations

import asyncio
from typing import Any


def current() -> asyncio.Task[Any]:
    """The task that runs, which is there."""
    task = asyncio.current_task()
    assert task is not None
    return task
