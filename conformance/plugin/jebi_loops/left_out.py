"""What of a suite is not run, because it is not about Jebi; and a pytest plugin that leaves it out.

``conformance/left_out/SUITE.toml`` maps a regular expression that matches the beginning of a
test's name to the reason.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

VARIABLE = "JEBI_CONFORMANCE_LEFT_OUT"


class LeftOut:
    """The patterns of one suite."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._pattern = re.compile("|".join(f"(?:{pattern})" for pattern in patterns) or r"\b\B")

    @classmethod
    def of_environment(cls) -> LeftOut:
        """Those of the suite that runs; none if it has no such file."""
        place = os.environ.get(VARIABLE)
        return cls(tomllib.loads(Path(place).read_text(encoding="utf-8")) if place else ())

    def __contains__(self, test: str) -> bool:
        return self._pattern.match(test) is not None

    def has_file(self, path: str) -> bool:
        """Whether the whole file is left out: a pattern is its path and nothing more."""
        return self._pattern.fullmatch(path) is not None


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import a file of which nothing is run."""
    path = collection_path.relative_to(config.rootpath).as_posix()
    return LeftOut.of_environment().has_file(path) or None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests."""
    left_out = LeftOut.of_environment()
    gone = [item for item in items if item.nodeid in left_out]
    if gone:
        config.hook.pytest_deselected(items=gone)
        items[:] = [item for item in items if item.nodeid not in left_out]
