"""Says how the runs went: the surprises, then one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.suites import PYTHON, ROOT

if TYPE_CHECKING:
    from conformance.ratchet import Verdict

COLUMNS: tuple[str, ...] = (
    "suite",
    "collected",
    "passed",
    "skipped",
    "expected failures",
    "new failures",
    "newly passing",
    "of the original",
)
SHOWN = 40


def report(verdicts: list[Verdict]) -> None:
    """Print what is wrong with each run, then the table."""
    for verdict in verdicts:
        _surprises(verdict)
    rows = [COLUMNS, *(_row(verdict) for verdict in verdicts if not verdict.missing)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    print()
    for row in rows:
        first, *rest = zip(row, widths, strict=True)
        print("  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]))
    _originals(verdicts)


def _originals(verdicts: list[Verdict]) -> None:
    """What others come to in the same suites."""
    for verdict in verdicts:
        counts = {who: on[PYTHON] for who, on in verdict.suite.passes.items() if PYTHON in on}
        if counts and len(verdict.suite.passes) > 1:
            said = ", ".join(f"{who} {count}" for who, count in counts.items())
            print(f"{verdict.suite.name} on Python {PYTHON}: passed by {said}")


def _row(verdict: Verdict) -> tuple[str, ...]:
    counts = (verdict.collected, verdict.passed, verdict.skipped)
    lists = (len(verdict.expected), len(verdict.new), len(verdict.fixed))
    percent = f"{verdict.percent:.1f} %" + (" (part)" if verdict.partial else "")
    suite = verdict.suite
    name = f"{suite.name} ({suite.loop})" if suite.is_control else suite.name
    return (name, *map(str, counts + lists), percent)


def _surprises(verdict: Verdict) -> None:
    name = verdict.suite.name
    if verdict.missing:
        print(f"\n{name}: skipped: {verdict.missing}")
        return
    ratchet = f"conformance/expected/{verdict.suite.title}.toml"
    if verdict.suite.is_control:
        ratchet = "any list, as it is another loop"
    new = [f"{result.test}  {result.reason}" for result in verdict.new]
    _list(f"{name}: fail and are not listed in {ratchet}", new)
    _list(f"{name}: pass and are still listed in {ratchet}, take them out", verdict.fixed)
    _list(f"{name}: listed in {ratchet} and not in the suite, take them out", verdict.gone)
    if verdict.trouble:
        print(f"\n{name}: pytest ended early: {verdict.trouble}")
    print(f"\n{name}: details in {verdict.suite.results.relative_to(ROOT)}")


def _list(title: str, lines: list[str]) -> None:
    if not lines:
        return
    print(f"\n{title} ({len(lines)}):")
    for line in lines[:SHOWN]:
        print(f"  {line}")
    if len(lines) > SHOWN:
        print(f"  … and {len(lines) - SHOWN} more")
