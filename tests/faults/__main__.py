"""Runs the scripts and prints one table: ``python -m tests.faults [NAME ...]``."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from tests.faults import script
from tests.faults.harness import engine_profile
from tests.faults.report import Progress, table

if TYPE_CHECKING:
    from tests.faults.report import Outcome


def run_all(names: list[str], progress: Progress, tries: int = 1) -> list[Outcome]:
    """Runs them one after the other: they measure, and would disturb each other.

    Times are at the mercy of what else the machine does, so what missed a bound is run anew, up to
    ``tries`` times in all; the last run counts.
    """
    outcomes = []
    for place, name in enumerate(names, 1):
        for attempt in range(1, tries + 1):
            run = f" (run {attempt})" if attempt > 1 else ""
            outcome = _run(f"[{place}/{len(names)}] {name}{run}", name, progress)
            if outcome.passed:
                break
        outcomes.append(outcome)
    return outcomes


def _run(label: str, name: str, progress: Progress) -> Outcome:
    began = time.monotonic()

    def say(text: str) -> None:
        progress.step(f"{label} {time.monotonic() - began:4.0f} s  {text}")

    say("begins")
    outcome = script.run_apart(name, say)
    kept = sum(row.passed for row in outcome.rows)
    said = "ok" if outcome.passed else outcome.error or "MISSED"
    counted = f"{kept} of {len(outcome.rows)} bounds kept"
    progress.line(f"{label}: {said}, {counted}, {outcome.seconds:.0f} s")
    return outcome


def main() -> int:
    """The command; its status is 1 if a bound was missed or a script failed."""
    known = script.names()
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="all of them if none is named")
    parser.add_argument("--list", action="store_true", help="say what there is, and run nothing")
    parser.add_argument(
        "--tries", type=int, default=2, help="run what missed a bound so often  [default: 2]"
    )
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in known]
    if unknown:
        parser.error(f"there is no script {', '.join(unknown)}; there are {', '.join(known)}")
    if arguments.list:
        width = max(map(len, known))
        print("\n".join(f"{name.ljust(width)}  {script.title(name)}" for name in known))
        return 0
    progress = Progress(sys.stderr)
    if engine_profile() == "debug":
        progress.line("The engine is a debug build: figures of time and memory are worth little.")
    outcomes = run_all(arguments.names or known, progress, arguments.tries)
    print()
    print(table(outcomes, colour=sys.stdout.isatty()))
    return int(not all(outcome.passed for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
