"""What the suites are: ``suites.toml``, read."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
CACHE = ROOT / ".cache" / "conformance"


@dataclass(frozen=True)
class Suite:
    """One suite; the fields are explained at the top of ``suites.toml``."""

    name: str
    distribution: str
    version: str
    original: str
    build: list[str]
    requirements: str
    paths: list[str]
    total: int
    includes: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)

    @property
    def sources(self) -> Path:
        """Where the unpacked source distribution lies."""
        return CACHE / "sources" / f"{self.distribution}-{self.version}"

    @property
    def results(self) -> Path:
        """Where a run leaves its results as JSON."""
        return CACHE / "results" / f"{self.name}.json"


def load() -> dict[str, Suite]:
    """All suites by name."""
    with (HERE / "suites.toml").open("rb") as file:
        return {name: Suite(name=name, **table) for name, table in tomllib.load(file).items()}
