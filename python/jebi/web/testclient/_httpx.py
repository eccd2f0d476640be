"""The HTTP client underneath: httpx2, or the httpx that came before it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from jebi.web.exceptions import StarletteDeprecationWarning

if TYPE_CHECKING:
    import httpx2 as httpx
else:
    try:
        import httpx2 as httpx
    except ModuleNotFoundError:
        try:
            import httpx
        except ModuleNotFoundError:
            raise RuntimeError(
                "The test client requires the httpx2 package to be installed.\n"
                "You can install this with:\n"
                "    $ pip install httpx2\n"
            ) from None
        warnings.warn(
            "Using `httpx` with the test client is deprecated; install `httpx2` instead.",
            StarletteDeprecationWarning,
            stacklevel=2,
        )

__all__ = ["httpx"]
