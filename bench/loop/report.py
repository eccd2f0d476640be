"""The table: medians of every loop, and how Jebi's compares to uvloop."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.loop.contenders import Contender
    from bench.loop.measure import Sample
    from bench.loop.scenarios import Scenario

RATIO = "ratio"
Figures = dict[str, dict[str, dict[str, float]]]
"""By scenario, then by contender or :data:`RATIO`."""


def summary(samples: Sequence[Sample]) -> dict[str, float]:
    """The median of each figure."""
    return {
        "operations_per_second": median(sample.operations_per_second for sample in samples),
        "cpu_microseconds": median(sample.cpu_microseconds for sample in samples),
        "runs": len(samples),
    }


def ratios(subject: Sequence[Sample], reference: Sequence[Sample]) -> dict[str, float]:
    """How many times as good a loop is as another: above 1 is better.

    The two are compared round by round, because a round's runs are neighbours in time and a busy
    machine slows both; the median of the rounds counts.
    """
    pairs = list(zip(subject, reference, strict=False))
    return {
        "operations_per_second": median(
            one.operations_per_second / other.operations_per_second for one, other in pairs
        ),
        "cpu_microseconds": median(
            other.cpu_microseconds / one.cpu_microseconds for one, other in pairs
        ),
    }


def table(
    scenarios: Sequence[Scenario],
    contenders: Sequence[Contender],
    figures: Figures,
) -> str:
    """Operations a second and microseconds of processor time an operation, of every loop.

    The last two columns say how many times as good Jebi's loop is as uvloop in both.
    """
    head = ["", *(one.title for one in contenders for _ in range(2)), "Jebi vs", "uvloop"]
    units = ["", *(text for _ in contenders for text in ("op/s", "CPU µs")), "op/s", "CPU"]
    rows = [head, units]
    for scenario in scenarios:
        row = [scenario.title]
        for contender in contenders:
            row += _cells(figures[scenario.name].get(contender.name), "{:,.0f}", "{:.2f}")
        rows.append(row + _cells(figures[scenario.name].get(RATIO), "{:.2f}x", "{:.2f}x"))
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = []
    for row in rows:
        first, *rest = zip(row, widths, strict=True)
        lines.append("  ".join([first[0].ljust(first[1]), *(text.rjust(w) for text, w in rest)]))
    return "\n".join(lines)


def _cells(figures: dict[str, float] | None, rate: str, cost: str) -> list[str]:
    if figures is None:
        return ["-", "-"]
    return [
        rate.format(figures["operations_per_second"]),
        cost.format(figures["cpu_microseconds"]),
    ]
