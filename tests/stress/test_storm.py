"""Random operations on one loop, with closes, cancels, resets, forks, threads and finalizers.

``make stress`` lasts a minute; ``STRESS_SECONDS`` and ``STRESS_SEED`` say how long and which.
"""

from __future__ import annotations

import os
import random

import pytest

from tests.stress.census import Census
from tests.stress.storm import weather

SECONDS = float(os.environ.get("STRESS_SECONDS", "3"))
SEED = int(os.environ.get("STRESS_SEED", random.randrange(1 << 32)))
# Objects that may be more afterwards, of each type.
FEW = 100


@pytest.mark.timeout(SECONDS + 120)
def test_a_storm_leaves_nothing_behind() -> None:
    weather(SEED + 1, 0.3)
    before = Census.take()
    storm = weather(SEED, SECONDS)
    wrongs = storm.ledger.wrongs[:20]
    print(f"seed {SEED}: {storm.ledger.kept} promises kept, {storm.done}")
    del storm
    wrongs += Census.take().grown_since(before, FEW)
    assert not wrongs, f"STRESS_SEED={SEED}:\n" + "\n".join(wrongs)
