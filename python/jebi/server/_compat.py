"""uvicorn's module of this name, for the gunicorn workers that import from it."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["asyncio_run", "iscoroutinefunction"]

Result = TypeVar("Result")

if sys.version_info >= (3, 14):
    from inspect import iscoroutinefunction
else:
    from asyncio import iscoroutinefunction


def asyncio_run(
    main: Coroutine[Any, Any, Result],
    *,
    debug: bool = False,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> Result:
    """``asyncio.run`` as it is from Python 3.12 on."""
    with asyncio.Runner(debug=debug, loop_factory=loop_factory) as runner:
        return runner.run(main)
