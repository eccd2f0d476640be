"""The file in which workers note how many connections they have, so that all have as many."""

from __future__ import annotations

import os
import tempfile

# As many places as the engine looks at, and the bytes of each.
PLACES = 256
WIDTH = 4


class Board:
    """Gives each worker a place of its own. A place that holds zero is nobody's."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the supervisor lives
        self._file.truncate(PLACES * WIDTH)
        self._taken: set[int] = set()

    @property
    def descriptor(self) -> int:
        """The file, for the workers."""
        return self._file.fileno()

    def take(self) -> int:
        """A place for one more worker."""
        place = next(place for place in range(len(self._taken) + 1) if place not in self._taken)
        self._taken.add(place)
        return place

    def leave(self, place: int) -> None:
        """The worker there has ended, and may not have been able to say so."""
        self._taken.discard(place)
        if place < PLACES:
            os.pwrite(self.descriptor, bytes(WIDTH), place * WIDTH)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
