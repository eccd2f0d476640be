"""``python -m bench.start``: from the start of a process to its first answer, and its memory then.

Both servers start each application in turn, round after round; the medians are compared. CPU is
that of the process up to its first answer, user's and system's. Memory is read from the kernel
after that answer: all pages (RSS), and with its share only of those that others use too (PSS).
"""

from __future__ import annotations

import argparse
import http.client
import os
import sys
import time
from contextlib import suppress
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from bench.peers import PEERS, ROOT, Peer
from bench.process import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

RESULTS = ROOT / "bench" / "results"
SECONDS = 60


class Scenario(NamedTuple):
    """An application, the path it is asked for, and what Jebi may take of FastAPI's figures."""

    name: str
    title: str
    app: str
    path: str
    bounds: dict[str, float]


_FIRST = {"cpu": 1 / 2, "rss": 2 / 3}
SCENARIOS = (
    Scenario("hello", "one route", "bench.apps.hello:app", "/", _FIRST),
    Scenario("models", "routes with models", "bench.apps.framework:app", "/json", _FIRST),
    Scenario("many", "five hundred routes", "bench.apps.many:app", "/", {"cpu": 1 / 4}),
)
UNITS = {"wall": "ms", "cpu": "ms", "rss": "MiB", "pss": "MiB"}


def main() -> int:
    """Start everything in turn, print the medians, judge the bounds."""
    parser = argparse.ArgumentParser(prog="python -m bench.start", description=__doc__)
    names = [scenario.name for scenario in SCENARIOS]
    parser.add_argument("--scenario", nargs="+", choices=names, default=names)
    parser.add_argument("--rounds", type=int, default=11, help="starts of each (default 11)")
    options = parser.parse_args()
    # What is installed has its bytecode beside it, so a checkout is to have it too.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    jebi, fastapi = (peer for peer in PEERS if peer.name in ("jebi", "fastapi"))
    for peer in (jebi, fastapi):
        if reason := peer.missing():
            print(f"bench: {reason}")
            return 1
    RESULTS.mkdir(exist_ok=True)
    holds = True
    for scenario in SCENARIOS:
        if scenario.name in options.scenario:
            figures = _measure(scenario, (jebi, fastapi), options.rounds)
            for line, held in _judged(scenario, figures[jebi.title], figures[fastapi.title]):
                print(line)
                holds = holds and held
    return 0 if holds else 1


def _measure(
    scenario: Scenario, peers: tuple[Peer, ...], rounds: int
) -> dict[str, dict[str, float]]:
    taken: dict[str, list[dict[str, float]]] = {peer.title: [] for peer in peers}
    for number in range(rounds + 1):
        print(f"[{number}/{rounds}] {scenario.title}", file=sys.stderr)
        for peer in peers:
            figures = _start(peer, scenario)
            if number:  # the first fills caches, those of bytecode too
                taken[peer.title].append(figures)
    return {
        title: {name: median(one[name] for one in figures) for name in UNITS}
        for title, figures in taken.items()
    }


def _start(peer: Peer, scenario: Scenario) -> dict[str, float]:
    command = tuple(scenario.app if part.startswith("bench.") else part for part in peer.command)
    begun = time.perf_counter()
    core = sorted(os.sched_getaffinity(0))[0]
    ours = Peer(peer.name, peer.title, command)
    with Server(ours, core, RESULTS / f"start-{peer.name}.log") as server:
        while True:
            with suppress(OSError):
                status, _ = server.ask("GET", scenario.path, b"", {})
                break
            if time.perf_counter() - begun > SECONDS:
                raise SystemExit(f"{peer.title} did not answer within {SECONDS} seconds")
            time.sleep(0.001)  # a peer has no other sign of its being ready than an answer
        wall = time.perf_counter() - begun
        if status != http.client.OK:
            raise SystemExit(f"{peer.title} answered {status}")
        memory = server.memory()
        return {
            "wall": wall * 1e3,
            "cpu": server.cpu_nanoseconds() / 1e6,
            "rss": memory["Rss"] / 2**20,
            "pss": memory["Pss"] / 2**20,
        }


def _judged(
    scenario: Scenario, ours: dict[str, float], theirs: dict[str, float]
) -> Iterator[tuple[str, bool]]:
    for name, unit in UNITS.items():
        ratio = ours[name] / theirs[name]
        bound = scenario.bounds.get(name)
        held = bound is None or ratio <= bound
        verdict = f"  {'holds' if held else 'MISSED'} (bound <= {bound:.3g})" if bound else ""
        figures = f"Jebi {ours[name]:7.1f} {unit}, FastAPI on uvicorn {theirs[name]:7.1f} {unit}"
        yield f"{scenario.title}: {name:4}  {figures}: {ratio:.2f}{verdict}", held


if __name__ == "__main__":
    sys.exit(main())
