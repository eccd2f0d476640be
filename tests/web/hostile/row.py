"""A row of the table of hostile inputs, and what an input costs."""

from __future__ import annotations

import gc
import time
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Sized

#: How often an input is timed at least, and at most where it seems to cost too much.
ROUNDS = range(5, 100)
#: How much CPU time one timing takes at least, in seconds.
TIMING = 0.001


@dataclass(frozen=True)
class Row:
    """``run`` is called with what ``hostile`` and ``benign`` make for ``size`` bytes, or more.

    Both make inputs of that size, give or take a tenth. The benign one is what an ordinary client
    sends where the hostile one is sent. ``run`` says whether the input was accepted: the benign one
    is, the hostile one if ``accepted`` says so.
    """

    name: str
    run: Callable[[Any], bool]
    benign: Callable[[int], Sized]
    hostile: Callable[[int], Sized]
    accepted: bool = True
    size: int = 16 * 1024


def drive(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits")


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Keeps the collector out of what is timed."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def seconds(run: Callable[[Any], object], given: Any, times: int) -> float:
    """CPU time of ``times`` calls."""
    start = time.process_time()
    for _ in range(times):
        run(given)
    return time.process_time() - start


def ratio(run: Callable[[Any], object], one: Any, other: Any, most: float) -> float:
    """How many times the CPU time of ``other`` is that of ``one``.

    Both are timed in turn. What disturbs a timing makes it longer: for a moment, so the least of
    several counts, or for a while, so the median of the turns' ratios does if it is less. As long
    as more than ``most`` comes out, there are more turns.
    """
    with no_garbage_collection():
        least, times = [], []
        for given in (one, other):
            # The first call is not counted, as it may import and fill caches.
            run(given)
            first = max(seconds(run, given, 1), 1e-7)
            times.append(int(TIMING / first) + 1)
            least.append(first)
        ratios = []
        for turn in range(ROUNDS.stop):
            took = []
            for index, given in enumerate((one, other)):
                took.append(seconds(run, given, times[index]) / times[index])
                least[index] = min(least[index], took[index])
            ratios.append(took[1] / max(took[0], 1e-9))
            found = min(least[1] / least[0], median(ratios))
            if turn >= ROUNDS.start and found <= most:
                break
        return found
