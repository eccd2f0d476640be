"""How long to wait before the next worker when one after the other dies."""

from __future__ import annotations

# A worker that served for so long did not die of starting.
STEADY_SECONDS = 1.0

FIRST_DELAY = 0.1
LONGEST_DELAY = 5.0

# So many deaths in a row are a crash loop: going on leads nowhere.
ENOUGH = 6


class Backoff:
    """Counts deaths in a row; a worker that served for a while ends the row.

    The first death costs no wait, so that a worker that was killed is replaced at once.
    """

    def __init__(self) -> None:
        self.failures = 0
        self.until = 0.0
        """When the next worker may start, on the monotonic clock."""

    def fail(self, now: float, ready_at: float) -> bool:
        """A worker died that served since ``ready_at``, infinity if it never did.

        Returns whether there is sense in going on.
        """
        if now - ready_at >= STEADY_SECONDS:
            self.failures = 0
            self.until = now
            return True
        self.failures += 1
        delay = 0.0 if self.failures == 1 else FIRST_DELAY * 2.0 ** (self.failures - 2)
        self.until = now + min(delay, LONGEST_DELAY)
        return self.failures < ENOUGH
