"""Something done again and again by the loop itself, so that it stops when the loop does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Beat:
    """Calls ``tell`` every ``seconds`` on the running loop, from :meth:`start` to :meth:`stop`."""

    def __init__(self, seconds: float, tell: Callable[[], None]) -> None:
        self.seconds = seconds
        self._tell = tell
        self._next: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Call for the first time, and go on."""
        self._tell()
        self._next = asyncio.get_running_loop().call_later(self.seconds, self.start)

    def stop(self) -> None:
        """Leave it."""
        if self._next is not None:
            self._next.cancel()
            self._next = None
