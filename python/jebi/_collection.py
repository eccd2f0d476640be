"""Garbage collection while much is imported."""

from __future__ import annotations

import contextlib
import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

_SELDOM = 50_000
"""How many new containers there are from one collection to the next."""


@contextlib.contextmanager
def seldom() -> Generator[None]:
    """Collect garbage less often for a while.

    An import makes functions, classes and modules by the thousand, hardly any of which is garbage:
    Python's own threshold, 700 or 2,000 by its version, has them looked at again and again. What
    the imported code itself says of it stays as it says.
    """
    before = gc.get_threshold()
    if not 0 < before[0] < _SELDOM:  # 0: never, already
        yield
        return
    gc.set_threshold(_SELDOM, *before[1:])
    during = gc.get_threshold()
    try:
        yield
    finally:
        if gc.get_threshold() == during:
            gc.set_threshold(*before)
