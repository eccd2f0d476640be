"""What a failed test of a suite left open does not fall into the next one."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from conformance import suites

if TYPE_CHECKING:
    from pathlib import Path

TESTS = """
import gc
import weakref

class Left:
    pass

left = []
gc.disable()

def test_that_fails():
    cycle = Left()
    cycle.itself = cycle
    left.append(weakref.ref(cycle))
    raise AssertionError

def test_that_follows():
    assert left[0]() is None
"""


def test_the_next_test_begins_without_it(tmp_path: Path) -> None:
    (tmp_path / "test_left.py").write_text(TESTS, encoding="utf-8")
    assert "1 failed, 1 passed" in _outcome(tmp_path, "-p", "jebi_sweeper")
    assert "2 failed" in _outcome(tmp_path)


def _outcome(folder: Path, *options: str) -> str:
    command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider", *options]
    environment = os.environ | {"PYTHONPATH": str(suites.HERE / "plugin")}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )
    return done.stdout
