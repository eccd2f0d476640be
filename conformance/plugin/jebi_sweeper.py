"""A pytest plugin that sweeps up after a failed test, before the next one runs.

A failed test leaves what it had open to the collector, which may come at any moment of any later
test. What then warns inside a test that looks at references, or counts warnings, fails that test:
pytest keeps the warning's traceback, and with it the frame in which the collector ran. AnyIO's
`test_happy_eyeballs_refcycles` fails so on every loop, after tests that lack IPv6.
"""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


class Sweeper:
    """Collects once after each test that failed."""

    def __init__(self) -> None:
        self._failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._failed = self._failed or report.failed

    def pytest_runtest_logstart(self) -> None:
        if self._failed:
            self._failed = False
            # Where pytest keeps the last failure, for a debugger that nobody starts here.
            for name in ("last_exc", "last_type", "last_value", "last_traceback"):
                vars(sys).pop(name, None)
            gc.collect()


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Sweeper())
