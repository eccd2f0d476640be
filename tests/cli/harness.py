"""Runs the ``jebi`` command to its end, as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 25


def jebi(
    here: Path, *arguments: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """``jebi ARGUMENTS`` in ``here``; what it printed, each stream by itself."""
    return subprocess.run(
        [sys.executable, "-m", "jebi", *arguments],
        cwd=here,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
