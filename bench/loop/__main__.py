"""``python -m bench.loop``: run the comparison of event loops."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from bench.loop.contenders import CONTENDERS, JEBI, UVLOOP
from bench.loop.measure import LOAD, Conditions, UnableError, certify, measure
from bench.loop.report import RATIO, ratios, summary, table
from bench.loop.scenarios import SCENARIOS, Scenario
from bench.peers import ROOT

if TYPE_CHECKING:
    from bench.loop.contenders import Contender
    from bench.loop.measure import Sample

RESULTS = ROOT / "bench" / "results"
Samples = dict[str, dict[str, list["Sample"]]]


def main() -> int:
    """Time every loop in turn, print and keep the medians."""
    options = _options()
    scenarios = [one for one in SCENARIOS if any(fnmatch(one.name, p) for p in options.scenario)]
    if reason := _cannot_start(scenarios):
        print(f"bench: {reason}")
        return 1
    contenders = _installed(options.contender)
    with tempfile.TemporaryDirectory() as folder:
        conditions = Conditions(
            options.seconds,
            options.connections,
            options.server_core,
            options.load_core,
            Path(folder),
        )
        certify(conditions.folder)
        samples = _time(contenders, scenarios, conditions, options.rounds)
    figures = {name: _figures(taken) for name, taken in samples.items()}
    print("\n" + table(scenarios, contenders, figures))
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / time.strftime("loop-%Y%m%d-%H%M%S.json")
    path.write_text(json.dumps(figures, indent=2), encoding="utf-8")
    print(f"\nwritten to {path.relative_to(ROOT)}")
    return 0


def _figures(taken: dict[str, list[Sample]]) -> dict[str, dict[str, float]]:
    figures = {name: summary(samples) for name, samples in taken.items()}
    if JEBI in taken and UVLOOP in taken:
        figures[RATIO] = ratios(taken[JEBI], taken[UVLOOP])
    return figures


def _options() -> argparse.Namespace:
    cores = sorted(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(
        prog="python -m bench.loop",
        description=__doc__,
        epilog="scenarios: " + " ".join(scenario.name for scenario in SCENARIOS),
    )
    names = [contender.name for contender in CONTENDERS]
    parser.add_argument("--scenario", nargs="+", default=["*"], help="names or patterns (tcp-*)")
    parser.add_argument("--contender", nargs="+", choices=names, default=names)
    parser.add_argument("--rounds", type=int, default=5, help="timed runs of each (default 5)")
    parser.add_argument("--seconds", type=float, default=0.5, help="of each run (default 0.5)")
    parser.add_argument("--connections", type=int, default=8, help="of an echo (default 8)")
    parser.add_argument("--server-core", type=int, default=cores[0])
    parser.add_argument("--load-core", type=int, default=cores[-1])
    return parser.parse_args()


def _cannot_start(scenarios: list[Scenario]) -> str | None:
    if not scenarios:
        return "no scenario has such a name"
    if not LOAD.exists():
        return "the load on echo servers is not built; run `make bench-setup`"
    if shutil.which("openssl") is None:
        return "openssl, which makes the certificate for TLS, is not installed"
    return None


def _installed(names: list[str]) -> list[Contender]:
    contenders = []
    for contender in CONTENDERS:
        if contender.name not in names:
            continue
        if reason := contender.missing():
            print(f"skipped: {contender.title}: {reason}")
        else:
            contenders.append(contender)
    return contenders


def _time(
    contenders: list[Contender], scenarios: list[Scenario], conditions: Conditions, rounds: int
) -> Samples:
    samples: Samples = {scenario.name: defaultdict(list) for scenario in scenarios}
    unable: set[tuple[str, str]] = set()
    total = rounds * len(scenarios)
    for turn in range(total):
        round_number, scenario = turn // len(scenarios), scenarios[turn % len(scenarios)]
        print(f"[{turn + 1}/{total}] {scenario.title}", file=sys.stderr)
        # Every round begins with another loop, so that none is always the first.
        shift = round_number % max(len(contenders), 1)
        for contender in contenders[shift:] + contenders[:shift]:
            if (contender.name, scenario.name) in unable:
                continue
            try:
                sample = measure(contender, scenario, conditions)
            except UnableError as error:
                print(f"unable: {contender.title}: {scenario.title}: {error}")
                unable.add((contender.name, scenario.name))
                samples[scenario.name].pop(contender.name, None)
            else:
                samples[scenario.name][contender.name].append(sample)
    return samples


if __name__ == "__main__":
    sys.exit(main())
