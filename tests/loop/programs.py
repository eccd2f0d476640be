"""Programs that run in a process of their own, with the package under test."""

from __future__ import annotations

import os
import subprocess
import sys

PATIENCE = 20  # seconds


def run_program(code: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Runs ``code`` with Python's ``options`` and answers what it printed and how it ended."""
    return subprocess.run(
        [sys.executable, *options, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def check_program(code: str, *options: str) -> None:
    """Runs ``code``, which has to end well and without a word."""
    done = run_program(code, *options)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
