"""Names of this package that end with a Python to come."""

from __future__ import annotations

import sys
import warnings
from typing import Any

POLICY = ("EventLoopPolicy", "install")
INSTEAD = "use jebi.loop.run(main()) or asyncio.Runner(loop_factory=jebi.loop.new_event_loop)"


def look_up(name: str, version: tuple[Any, ...] = sys.version_info) -> Any:
    """What ``jebi.loop.<name>`` is from Python 3.14 on, which turned from event loop policies.

    Python 3.14 and 3.15 deprecate them, and this does too; Python 3.16 has none.

    Raises:
        AttributeError: there is no such name, or no longer; then it says what to use.
    """
    if name not in POLICY:
        raise AttributeError(f"module 'jebi.loop' has no attribute {name!r}")
    if version >= (3, 16):
        raise AttributeError(
            f"jebi.loop.{name} ended with event loop policies in Python 3.16: {INSTEAD}"
        )
    warnings.warn(
        f"jebi.loop.{name} ends with event loop policies in Python 3.16: {INSTEAD}",
        DeprecationWarning,
        stacklevel=3,
    )
    from . import policy

    return getattr(policy, name)
