"""Programs written for the originals, with packages that people use beside FastAPI and Starlette.

Each has its conversation with FastAPI's and Starlette's own code by their test client, and under
the drop-in by ours and with the real server. What is said has to be the same.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
# In one process: "watched" is the last, because what it imports patches everything.
PROGRAMS = sorted(path.stem for path in HERE.glob("programs/*.py"))
SOURCES = HERE.parents[1] / "python"
SECONDS = 240


@cache
def said(ways: str, *runner: str) -> dict[str, Any]:
    """What the programs say in each of the ways."""
    environment = {name: value for name, value in os.environ.items() if "JEBI" not in name}
    ended = subprocess.run(
        [sys.executable, *runner, str(HERE / "conversation.py"), ways, *PROGRAMS],
        env=environment | {"PYTHONPATH": str(SOURCES)},
        stdout=subprocess.PIPE,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    answers: dict[str, Any] = json.loads(ended.stdout)
    return answers


@pytest.mark.timeout(2 * SECONDS)  # the first waits for all
@pytest.mark.parametrize("program", PROGRAMS)
def test_it_says_the_same(program: str) -> None:
    originals = said("client")[program]
    ours = said("client,server", "-m", "jebi.drop_in")[program]
    assert isinstance(originals, dict), originals
    assert isinstance(ours, dict), ours
    assert originals["client"]
    assert ours["client"] == originals["client"]
    assert ours["server"] == originals["client"]
