"""Runs the ``jebi`` command to its end, as a process of its own."""

from __future__ import annotations

import os
import pty
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


def on_terminal(here: Path, *arguments: str) -> tuple[int, bytes]:
    """``jebi ARGUMENTS`` on a terminal, in ``here``: how it ended, and what the terminal shows."""
    environment = {k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "FORCE_COLOR"}}
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "jebi", *arguments],
        cwd=here,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 65536):
                shown += piece
        except OSError:
            pass  # how a terminal says that it ends
        os.close(ours)
        return process.wait(SECONDS), shown
