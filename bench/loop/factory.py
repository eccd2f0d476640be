"""From the name of an event loop to what makes one."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


def load(name: str) -> Callable[[], asyncio.AbstractEventLoop]:
    """What ``module:attribute`` names."""
    module, _, attribute = name.partition(":")
    factory: Callable[[], asyncio.AbstractEventLoop]
    factory = getattr(importlib.import_module(module), attribute)
    return factory
