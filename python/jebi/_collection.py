"""Garbage collection while much is imported."""

from __future__ import annotations

import contextlib
import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

_SELDOM = 500_000
"""How many new containers there are from one collection to the next."""


@contextlib.contextmanager
def seldom() -> Generator[None]:
    """Collect garbage less often for a while.

    An import makes functions, classes and modules by the thousand, hardly any of which is garbage:
    Python's own threshold, 700 or 2,000 by its version, has them looked at again and again. At the
    end they count as old, without having been looked at: a full collection finds what of them is
    garbage. What the imported code itself says of collection stays as it says.
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
            if gc.isenabled() and not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()
            gc.set_threshold(*before)
