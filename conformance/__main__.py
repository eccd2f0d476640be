"""``python -m conformance``: run suites, or write a first ratchet for one."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from conformance import ratchet, suites
from conformance.report import report
from conformance.run import run

if TYPE_CHECKING:
    from conformance.suites import Suite

LOOPS = ("jebi", "asyncio", "uvloop")
USAGE = """\
%(prog)s [SUITE...] [-- PYTEST ARGUMENTS]   run suites, all of them by default
       %(prog)s --loop LOOP SUITE           see what asyncio's or uvloop's event loop comes to
       %(prog)s record SUITE                write what failed in the last run as expected
       %(prog)s tighten SUITE               take out what passed in the last run"""


def main() -> int:
    """Parse the command line and do it."""
    known = suites.load()
    own, dashes, passed_on = _split(sys.argv[1:])
    parser = argparse.ArgumentParser(prog="python -m conformance", usage=USAGE)
    parser.add_argument("names", nargs="*", metavar="SUITE", help=", ".join(known))
    parser.add_argument("--loop", choices=LOOPS, default=LOOPS[0])
    parsed = parser.parse_args(own)
    names: list[str] = parsed.names
    command = names.pop(0) if names and names[0] in {"record", "tighten"} else "run"
    for name in names:
        if name not in known:
            parser.error(f"there is no suite {name!r}; there are {', '.join(known)}")
    if command != "run":
        if dashes or not names:
            parser.error(f"{command} takes the names of suites")
        for name in names:
            _rewrite(known[name], tighten=command == "tighten")
        return 0
    chosen = names or [name for name in known if not _is_part(name, known)]
    chosen_suites = [replace(known[name], loop=parsed.loop) for name in chosen]
    for suite in chosen_suites:
        if suite.is_control and parsed.loop not in suite.passes:
            parser.error(f"{suite.name} does not run on {parsed.loop}'s loop")
    verdicts = [run(suite, passed_on) for suite in chosen_suites]
    report(verdicts)
    return 0 if all(verdict.ok for verdict in verdicts) else 1


def _split(arguments: list[str]) -> tuple[list[str], bool, list[str]]:
    if "--" not in arguments:
        return arguments, False, []
    at = arguments.index("--")
    return arguments[:at], True, arguments[at + 1 :]


def _is_part(name: str, known: dict[str, Suite]) -> bool:
    return any(name in suite.includes for suite in known.values())


def _rewrite(suite: Suite, *, tighten: bool) -> None:
    """Bring the ratchet in line with the last full run; ``tighten`` never adds an entry."""
    if not suite.results.exists():
        raise SystemExit(f"conformance: run {suite.name} first")
    last = json.loads(suite.results.read_text(encoding="utf-8"))
    if last["partial"]:
        raise SystemExit(f"conformance: the last run of {suite.name} was a part of it only")
    listed = ratchet.expected(suite)
    left = {test for test in listed if test not in {*last["newly_passing"], *last["gone"]}}
    entries = {test: listed[test] for test in listed if test in left}
    if not tighten:
        entries |= {t: ratchet.tidy(reason) for t, reason in last["new_failures"].items()}
    ratchet.write(suite, entries)
    print(f"conformance: {suite.name}: {len(entries)} expected failures, {len(listed)} before")


if __name__ == "__main__":
    sys.exit(main())
