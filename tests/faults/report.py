"""What the scripts found, as rows and as a table."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TextIO

if TYPE_CHECKING:
    from collections.abc import Sequence

Relation = Literal["≤", "≥", "="]

HEAD = ("", "script", "what", "measured", "bound")


@dataclass(frozen=True)
class Row:
    """One thing that was measured, and the bound that it has to keep."""

    what: str
    relation: Relation
    bound: float
    measured: float
    unit: str = ""

    @property
    def passed(self) -> bool:
        """Whether the bound was kept."""
        if self.relation == "≤":
            return self.measured <= self.bound
        if self.relation == "≥":
            return self.measured >= self.bound
        return self.measured == self.bound

    def as_dict(self) -> dict[str, Any]:
        """The row in plain types, for its way between processes."""
        return asdict(self)


def at_most(what: str, measured: float, bound: float, unit: str = "") -> Row:
    """A row whose figure must not exceed the bound."""
    return Row(what, "≤", bound, measured, unit)


def at_least(what: str, measured: float, bound: float, unit: str = "") -> Row:
    """A row whose figure must reach the bound."""
    return Row(what, "≥", bound, measured, unit)


def exactly(what: str, measured: float, bound: float, unit: str = "") -> Row:
    """A row whose figure must be the bound."""
    return Row(what, "=", bound, measured, unit)


@dataclass
class Outcome:
    """What came of one script."""

    script: str
    rows: list[Row] = field(default_factory=list)
    seconds: float = 0.0
    error: str = ""
    """Why the script itself did not get to its end, if it did not."""

    @property
    def passed(self) -> bool:
        """Whether the script ended, had something to say, and all bounds were kept."""
        return not self.error and bool(self.rows) and all(row.passed for row in self.rows)


def number(value: float, unit: str = "") -> str:
    """A figure as people read it."""
    text = f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.2f}"
    return f"{text} {unit}" if unit else text


def _cells(outcomes: Sequence[Outcome]) -> list[tuple[str, ...]]:
    cells: list[tuple[str, ...]] = []
    for outcome in outcomes:
        script = outcome.script
        for row in outcome.rows:
            verdict = "ok" if row.passed else "MISSED"
            bound = f"{row.relation} {number(row.bound, row.unit)}"
            cells.append((verdict, script, row.what, number(row.measured, row.unit), bound))
            script = ""
        if outcome.error or not outcome.rows:
            cells.append(("FAILED", script, outcome.error or "it measured nothing", "", ""))
    return cells


def table(outcomes: Sequence[Outcome], *, colour: bool = False) -> str:
    """All rows as aligned text, and how many bounds were missed."""
    cells = [HEAD, *_cells(outcomes)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEAD))]
    lines = []
    for row in cells:
        verdict, script, what, measured, bound = (
            text.rjust(width) if column == 3 else text.ljust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        if colour:
            verdict = _painted(verdict)
        lines.append("  ".join((verdict, script, what, measured, bound)).rstrip())
    lines.append("")
    lines.append(summary(outcomes))
    return "\n".join(lines)


def summary(outcomes: Sequence[Outcome]) -> str:
    """The last line: how much was looked at, and what did not hold."""
    rows = [row for outcome in outcomes for row in outcome.rows]
    missed = sum(not row.passed for row in rows)
    failed = sum(bool(outcome.error) or not outcome.rows for outcome in outcomes)
    seconds = sum(outcome.seconds for outcome in outcomes)
    text = f"{len(rows)} bounds in {len(outcomes)} scripts, {seconds:.0f} s: "
    if not missed and not failed:
        return text + "all kept"
    parts = [f"{missed} missed"] if missed else []
    parts += [f"{failed} scripts failed"] if failed else []
    return text + ", ".join(parts)


def _painted(verdict: str) -> str:
    code = "32" if verdict.startswith("ok") else "1" if not verdict.strip() else "1;31"
    return f"\x1b[{code}m{verdict}\x1b[0m"


class Progress:
    """Tells what is going on: one changing line on a terminal, a line a step elsewhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.is_live = stream.isatty()

    def step(self, text: str) -> None:
        """Something begins; on a terminal only, because it is of no interest afterwards."""
        if self.is_live:
            self._write(f"\r\x1b[K{text[:100]}")

    def line(self, text: str) -> None:
        """Something is settled, and stays to be read."""
        self._write(f"\r\x1b[K{text}\n" if self.is_live else f"{text}\n")

    def clear(self) -> None:
        """Take the changing line away."""
        if self.is_live:
            self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
