"""What a process holds, to be compared before and after."""

from __future__ import annotations

import collections
import gc
import os
import sys
import threading
from dataclasses import dataclass


@dataclass
class Census:
    """Descriptors by what they are, threads, the collector's objects by type, allocated blocks."""

    descriptors: collections.Counter[str]
    threads: int
    objects: collections.Counter[str]
    blocks: int

    @classmethod
    def take(cls) -> Census:
        """Counts after everything that can be collected was."""
        for _ in range(3):
            gc.collect()
        objects = collections.Counter(type(found).__qualname__ for found in gc.get_objects())
        return cls(_descriptors(), threading.active_count(), objects, sys.getallocatedblocks())

    def grown_since(self, before: Census, few: int) -> list[str]:
        """Of what there is more, in words; ``few`` objects are the interpreter's caches."""
        words = [
            f"descriptors: {kind} {count:+}"
            for kind, count in (self.descriptors - before.descriptors).items()
        ]
        if self.threads > before.threads:
            words.append(f"threads: {self.threads - before.threads:+}")
        words += [
            f"objects: {kind} {count:+}"
            for kind, count in (self.objects - before.objects).items()
            if count >= few
        ]
        return words


def _descriptors() -> collections.Counter[str]:
    kinds: collections.Counter[str] = collections.Counter()
    for number in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{number}")
        except FileNotFoundError:
            # The one that lists them.
            continue
        kinds[target.partition(":")[0]] += 1
    return kinds
