"""The event loops that are compared, and the interpreters they are installed in."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

from bench.peers import CACHE, ROOT

VENV = CACHE / "loop" / "bin" / "python"


@dataclass(frozen=True)
class Contender:
    """An event loop: ``factory`` is the module and the name of what makes one."""

    name: str
    title: str
    factory: str
    python: str

    def missing(self) -> str | None:
        """Why it cannot run here, or ``None``."""
        module = self.factory.partition(":")[0]
        command = [self.python, "-c", f"import {module}"]
        try:
            done = subprocess.run(
                command,
                env={"PYTHONPATH": str(ROOT / "python")},
                capture_output=True,
                text=True,
                check=False,
            )
        except OSError as error:
            return f"{error}; run `make bench-setup`"
        if done.returncode != 0:
            return f"{done.stderr.strip().rpartition(chr(10))[2]}; run `make bench-setup`"
        return None


JEBI, UVLOOP = "jebi", "uvloop"
CONTENDERS = (
    Contender("asyncio", "asyncio", "asyncio:SelectorEventLoop", sys.executable),
    Contender(UVLOOP, "uvloop", "uvloop:new_event_loop", str(VENV)),
    Contender("rloop", "rloop", "rloop:new_event_loop", str(VENV)),
    Contender(JEBI, "Jebi", "jebi.loop:new_event_loop", sys.executable),
)
