"""Asynchronous generators that were left unfinished."""

from __future__ import annotations

import asyncio
import warnings
import weakref
from typing import TYPE_CHECKING, Any

from .core import Core

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


class Generators(Core):
    """Remembers the asynchronous generators that run, and finishes them."""

    def __init__(self) -> None:
        super().__init__()
        self._asyncgens: weakref.WeakSet[AsyncGenerator[Any, Any]] = weakref.WeakSet()
        self._asyncgens_are_shut_down = False

    async def shutdown_asyncgens(self) -> None:
        """Closes every asynchronous generator that is still alive."""
        self._asyncgens_are_shut_down = True
        alive = list(self._asyncgens)
        self._asyncgens.clear()
        closing = [generator.aclose() for generator in alive]
        outcomes = await asyncio.gather(*closing, return_exceptions=True)
        for generator, outcome in zip(alive, outcomes, strict=True):
            if isinstance(outcome, Exception):
                self.call_exception_handler(
                    {
                        "message": "an error occurred during closing of asynchronous "
                        f"generator {generator!r}",
                        "exception": outcome,
                        "asyncgen": generator,
                    }
                )

    def _asyncgen_started(self, generator: AsyncGenerator[Any, Any]) -> None:
        if self._asyncgens_are_shut_down:
            warnings.warn(
                f"asynchronous generator {generator!r} was scheduled after "
                "loop.shutdown_asyncgens() call",
                ResourceWarning,
                source=self,
                stacklevel=2,
            )
        self._asyncgens.add(generator)

    def _asyncgen_abandoned(self, generator: AsyncGenerator[Any, Any]) -> None:
        """The collector found it, in whatever thread."""
        self._asyncgens.discard(generator)
        if not self.is_closed():
            self.call_soon_threadsafe(self.create_task, generator.aclose())
