"""A pytest plugin that writes one JSON line for each finished test; it changes nothing else."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

# Worse outcomes win when the phases of one test differ.
ORDER = ["passed", "xfailed", "skipped", "xpassed", "failed"]


class Recorder:
    """Collects the outcome of each phase and writes the test when its last one is in."""

    def __init__(self, file: IO[str]) -> None:
        self.file = file
        self.outcomes: dict[str, tuple[str, str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        outcome: str = report.outcome
        if hasattr(report, "wasxfail"):
            outcome = "xfailed" if report.skipped else "xpassed"
        before = self.outcomes.get(report.nodeid, ("passed", ""))
        if ORDER.index(outcome) > ORDER.index(before[0]):
            before = (outcome, _reason(report))
        self.outcomes[report.nodeid] = before
        if report.when == "teardown":
            self.write(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and report.nodeid not in self.outcomes:
            self.outcomes[report.nodeid] = ("failed", _reason(report))
            self.write(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        self.file.close()

    def write(self, nodeid: str) -> None:
        outcome, reason = self.outcomes[nodeid]
        line = {"test": nodeid, "outcome": outcome, "reason": reason}
        self.file.write(json.dumps(line) + "\n")
        self.file.flush()


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """The last line that says what went wrong."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = str(crash.message if crash is not None else report.longrepr or "")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if crash is None:
        lines = [line.removeprefix("E").strip() for line in lines if line.startswith("E ")] or lines
        lines = lines[-1:]
    return lines[0][:300] if lines else ""


def pytest_configure(config: pytest.Config) -> None:
    place = os.environ.get("JEBI_CONFORMANCE_RESULTS")
    if place and not hasattr(config, "workerinput"):  # under xdist the controller hears it all
        file = Path(place).open("w", encoding="utf-8")  # noqa: SIM115 - closed by the recorder
        config.pluginmanager.register(Recorder(file))
