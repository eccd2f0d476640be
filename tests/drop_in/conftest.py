"""A small package tree that stands in for Jebi's own, so that these tests need nothing built."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pytest

SOURCES = Path(__file__).resolve().parents[2] / "python"

# Every module records that it ran, so a test sees a second execution.
RECORD = "import builtins\nbuiltins.ran = getattr(builtins, 'ran', []) + [__name__]\n"


POLICY = """
import asyncio, warnings
warnings.simplefilter("ignore", DeprecationWarning)
class EventLoopPolicy(asyncio.DefaultEventLoopPolicy): ...
def install(): asyncio.set_event_loop_policy(EventLoopPolicy())
"""


class RunPython(Protocol):
    """Runs code in a fresh interpreter and returns what it printed, line by line."""

    def __call__(
        self, code: str, *arguments: str, env: dict[str, str] | None = None, fails: bool = False
    ) -> list[str]: ...


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A ``jebi`` with the real ``drop_in`` and packages where the four faces are."""
    files = {
        "jebi/__init__.py": RECORD + "__version__ = '0.1.0'\n",
        "jebi/routing.py": RECORD + "class Route: ...\n",
        "jebi/cycle.py": "import fastapi.cycle as itself\nfrom fastapi import routing\n",
        "jebi/broken.py": "raise RuntimeError('broken inside')\n",
        "jebi/cli.py": "def main(): print('the command')\n",
        "jebi/__main__.py": "from .cli import main\nprint(__name__, __package__)\nmain()\n",
        "jebi/security/__init__.py": RECORD,
        "jebi/security/oauth2.py": RECORD,
        "jebi/web/__init__.py": RECORD,
        "jebi/web/routing.py": RECORD
        + "import warnings\ndef warn(): warnings.warn('old', DeprecationWarning, 1)\n",
        "jebi/server/__init__.py": RECORD,
        "jebi/server/__main__.py": "print('server', __name__)\n",
        "jebi/loop/__init__.py": RECORD,
        "jebi/loop/policy.py": POLICY,
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name in ("drop_in.py", "_drop_in_command.py", "_drop_in_hook.py"):
        (tmp_path / "jebi" / name).write_text((SOURCES / "jebi" / name).read_text())
    return tmp_path


@pytest.fixture
def python(tree: Path) -> RunPython:
    """An interpreter whose only ``jebi`` is the tree's."""

    def run(
        code: str, *arguments: str, env: dict[str, str] | None = None, fails: bool = False
    ) -> list[str]:
        command = [sys.executable, *(arguments or ("-c", code))]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("JEBI_")}
        environment |= {"PYTHONPATH": str(tree)} | (env or {})
        ended = subprocess.run(
            command, env=environment, cwd=tree, capture_output=True, text=True, timeout=25
        )
        assert (ended.returncode != 0) == fails, ended.stdout + ended.stderr
        return (ended.stderr if fails else ended.stdout).splitlines()

    return run
