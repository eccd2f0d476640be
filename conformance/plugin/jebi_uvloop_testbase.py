"""Lets ``uvloop._testbase`` be imported, in the tests of uvloop's suite and in their children.

``uvloop`` is Jebi's loop there, by the drop-in, and has no such module: it is the utilities of the
suite, written in Python, and is taken from the suite's sources. ``jebi.pth`` imports this when a
process starts, so it imports little.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

VARIABLE = "JEBI_CONFORMANCE_TESTBASE"
# The drop-in looks for everything of uvloop's there.
NAME = "jebi.loop._testbase"


class Finder:
    """Finds that module, and nothing else."""

    @staticmethod
    def find_spec(
        name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != NAME:
            return None
        return importlib.util.spec_from_file_location(name, os.environ[VARIABLE])


if VARIABLE in os.environ:
    sys.meta_path.append(Finder)
