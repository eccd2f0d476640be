"""What the suites are: ``suites.toml``, read."""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
CACHE = ROOT / ".cache" / "conformance"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True)
class Suite:
    """One suite; the fields are explained at the top of ``suites.toml``."""

    name: str
    requirements: str
    distribution: str = ""
    version: str = ""
    original: str = ""
    keep: list[str] = field(default_factory=list)
    build: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    compare_with: list[str] = field(default_factory=list)
    includes: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    seconds: int = 20
    passes: dict[str, dict[str, int]] = field(default_factory=dict)
    loop: str = "jebi"
    """The event loop to run on, ``jebi`` or one to compare with; set by ``--loop``."""

    @property
    def is_of_interpreter(self) -> bool:
        """Whether the suite is the running Python's own: nothing is fetched, no pytest."""
        return not self.distribution

    @property
    def is_control(self) -> bool:
        """Whether this run shows what another loop comes to; there is no ratchet for that."""
        return self.loop != "jebi"

    @property
    def total(self) -> int:
        """How many tests pass for the original on this Python, or else on the last one counted."""
        counts = next(iter(self.passes.values()), {})
        return counts.get(PYTHON, next(reversed(counts.values()), 0))

    @property
    def sources(self) -> Path:
        """Where the unpacked source distribution lies."""
        if self.is_of_interpreter:
            return ROOT
        return CACHE / "sources" / f"{self.distribution}-{self.version}"

    @property
    def originals(self) -> Path:
        """Where the distributions lie that documents are compared with."""
        return CACHE / "originals" / f"{self.distribution}-{self.version}"

    @property
    def title(self) -> str:
        """The name of its files: the interpreter's own suite is another one on each Python."""
        return f"{self.name}-{PYTHON}" if self.is_of_interpreter else self.name

    @property
    def left_out(self) -> Path:
        """The list of what is not about Jebi."""
        return HERE / "left_out" / f"{self.name}.toml"

    @property
    def results(self) -> Path:
        """Where a run leaves its results as JSON."""
        name = f"{self.title}@{self.loop}" if self.is_control else self.title
        return CACHE / "results" / f"{name}.json"


def load() -> dict[str, Suite]:
    """All suites by name."""
    with (HERE / "suites.toml").open("rb") as file:
        return {name: Suite(name=name, **table) for name, table in tomllib.load(file).items()}
