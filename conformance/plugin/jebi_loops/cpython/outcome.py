"""Runs one test with unittest and words its outcome as pytest does."""

from __future__ import annotations

import traceback
import unittest
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType

    ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]


@dataclass
class Outcome:
    """Of one test with its fixtures; the first failure gives the reason."""

    outcome: str = "passed"
    reason: str = ""
    details: str = ""


def run(test: unittest.TestCase) -> Outcome:
    """Run the test, with the fixtures of its class and module."""
    listener = _Listener()
    unittest.TestSuite([test]).run(listener)
    return listener.told


class _Listener(unittest.TestResult):
    def __init__(self) -> None:
        super().__init__()
        self.told = Outcome()

    def addError(self, test: Any, err: ExcInfo) -> None:  # noqa: ARG002, N802 - unittest's
        self._fail(err)

    def addFailure(self, test: Any, err: ExcInfo) -> None:  # noqa: ARG002, N802 - unittest's
        self._fail(err)

    def addSubTest(self, test: Any, subtest: Any, err: ExcInfo | None) -> None:  # noqa: ARG002, N802 - unittest's
        if err is not None:
            self._fail(err)

    def addSkip(self, test: Any, reason: str) -> None:  # noqa: ARG002, N802 - unittest's
        if self.told.outcome == "passed":
            self.told.outcome, self.told.reason = "skipped", reason

    def addExpectedFailure(self, test: Any, err: ExcInfo) -> None:  # noqa: ARG002, N802 - unittest's
        self.told.outcome = "xfailed"

    def addUnexpectedSuccess(self, test: Any) -> None:  # noqa: ARG002, N802 - unittest's
        self.told.outcome, self.told.reason = "xpassed", "passes unexpectedly"

    def _fail(self, err: ExcInfo) -> None:
        error = err[1]
        self.told.details += "".join(traceback.format_exception(error))
        if self.told.outcome != "failed":
            words = "".join(traceback.format_exception_only(error)).strip() or repr(error)
            self.told.outcome, self.told.reason = "failed", words.splitlines()[0][:300]
