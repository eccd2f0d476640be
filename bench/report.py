"""The table: medians, and ratios against one of the rows."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.load import Sample

HEAD = (
    *("server", "requests/s", "CPU µs/req", "load µs/req", "p50 ms", "p99 ms", "peak MiB"),
    "CPU vs Jebi",
)
REFERENCES = ("Jebi", "raw ASGI on Jebi", "one worker")
"""Ratios are against the first of these that was measured."""


def summary(samples: Sequence[Sample]) -> dict[str, float | None]:
    """The median of each figure."""

    def latency(values: Sequence[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return median(known) if known else None

    return {
        "requests_per_second": median(sample.requests_per_second for sample in samples),
        "cpu_microseconds": median(sample.cpu_microseconds for sample in samples),
        "load_microseconds": median(sample.load_microseconds for sample in samples),
        "p50": latency([sample.p50 for sample in samples]),
        "p99": latency([sample.p99 for sample in samples]),
        "failed": sum(sample.failed for sample in samples),
    }


def table(title: str, rows: dict[str, dict[str, Any]]) -> str:
    """One scenario as aligned text; ratios are CPU time a request against Jebi's row."""
    reference = next((name for name in REFERENCES if name in rows), "")
    base = rows.get(reference, {}).get("cpu_microseconds")
    cells = [HEAD]
    for name, row in sorted(rows.items(), key=lambda item: item[1]["cpu_microseconds"]):
        ratio = f"{row['cpu_microseconds'] / base:.2f}x" if base else "-"
        failed = f" ({row['failed']} failed)" if row["failed"] else ""
        cells.append(
            (
                name + failed,
                f"{row['requests_per_second']:,.0f}",
                f"{row['cpu_microseconds']:.1f}",
                f"{row['load_microseconds']:.1f}",
                _milliseconds(row["p50"]),
                _milliseconds(row["p99"]),
                f"{row['peak_memory'] / 2**20:.0f}",
                ratio,
            )
        )
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEAD))]
    lines = [title]
    for row in cells:
        first, *rest = zip(row, widths, strict=True)
        lines.append("  ".join([first[0].ljust(first[1]), *(text.rjust(w) for text, w in rest)]))
    return "\n".join(lines)


def _milliseconds(microseconds: float | None) -> str:
    return "-" if microseconds is None else f"{microseconds / 1000:.2f}"
