"""The tests of ``test.test_asyncio``, by name."""

from __future__ import annotations

import importlib
import unittest
from pathlib import Path
from typing import TYPE_CHECKING

from ..left_out import LeftOut

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .loops import Substitution

PACKAGE = "test.test_asyncio"


def select(loops: Substitution, parts: Iterable[str]) -> Iterator[tuple[str, unittest.TestCase]]:
    """Every test that is not left out and has all of ``parts`` in its name, and that name."""
    left_out = LeftOut.of_environment()
    package = importlib.import_module(PACKAGE)
    for path in sorted(Path(package.__path__[0]).glob("test_*.py")):
        if left_out.has_file(path.name):
            continue
        try:
            module = importlib.import_module(f"{PACKAGE}.{path.stem}")
        except unittest.SkipTest:
            continue
        loops.install_in(module)
        for test in _flat(unittest.defaultTestLoader.loadTestsFromModule(module)):
            name = f"{path.name}::{type(test).__qualname__}::{test._testMethodName}"
            if name not in left_out and all(part in name for part in parts):
                yield name, test


def _flat(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from _flat(test)
        else:
            yield test
