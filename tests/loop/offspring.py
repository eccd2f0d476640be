"""The child processes of this one, as the system lists them."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def children() -> set[int]:
    """Their process ids, of those that ended and were not waited for too."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            # Processes of others come and go while they are looked at.
            with contextlib.suppress(OSError):
                _, _, rest = (entry / "stat").read_text().rpartition(")")
                if int(rest.split()[1]) == os.getpid():
                    found.add(int(entry.name))
    return found
