"""A pytest plugin for uvloop's suite.

``uvloop`` is Jebi's loop by the drop-in. What the suite needs of the original beside it is one
module of test utilities in Python, which is loaded from the suite's own sources.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

UTILITIES = "uvloop._testbase"


def pytest_configure(config: pytest.Config) -> None:
    """Have ``uvloop._testbase`` importable, whatever ``uvloop`` is."""
    place = config.rootpath.joinpath(*UTILITIES.split(".")).with_suffix(".py")
    spec = importlib.util.spec_from_file_location(UTILITIES, place)
    if spec is None or spec.loader is None:
        raise ImportError(f"{place} cannot be loaded")
    package: Any = importlib.import_module("uvloop")
    module = importlib.util.module_from_spec(spec)
    sys.modules[UTILITIES] = package._testbase = module
    spec.loader.exec_module(module)
