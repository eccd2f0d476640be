"""``python -m bench``: run the comparison."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from contextlib import ExitStack
from typing import Any

from bench.bounds import judge
from bench.load import Sample, measure, missing
from bench.peers import FILES, PEERS, ROOT
from bench.process import Server, ServerError
from bench.report import summary, table
from bench.scenarios import BIG, SCENARIOS, Scenario

RESULTS = ROOT / "bench" / "results"
Samples = dict[str, dict[str, list[Sample]]]


def main() -> int:
    """Check every answer, time every server in turn, print and keep the medians."""
    options = _options()
    if reason := missing():
        print(f"bench: {reason}")
        return 1
    RESULTS.mkdir(exist_ok=True)
    FILES.mkdir(parents=True, exist_ok=True)
    (FILES / "big.bin").write_bytes(BIG)
    scenarios = [one for one in SCENARIOS if one.name in options.scenario]
    with ExitStack() as stack:
        servers = _start(stack, options.peer, options.server_core)
        refused = _check(servers, scenarios)
        samples = _time(servers, scenarios, refused, options)
        memory = {
            (scenario.name, server.peer.title): server.peak_memory()
            for scenario in scenarios
            for server in servers
            if server.peer.answers(scenario.name)
        }
    document = _document(scenarios, samples, memory)
    for scenario in scenarios:
        print("\n" + table(scenario.title, document[scenario.name]))
    judged = list(judge(document))
    if judged:
        print("\n" + "\n".join(line for line, _ in judged))
    path = RESULTS / time.strftime("%Y%m%d-%H%M%S.json")
    path.write_text(json.dumps(document, indent=2), encoding="utf-8")
    print(f"\nwritten to {path.relative_to(ROOT)}")
    return 1 if refused or not all(holds for _, holds in judged) else 0


def _options() -> argparse.Namespace:
    cores = sorted(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    names = [scenario.name for scenario in SCENARIOS]
    peers = [peer.name for peer in PEERS]
    parser.add_argument("--scenario", nargs="+", choices=names, default=names)
    parser.add_argument("--peer", nargs="+", choices=peers, default=peers)
    parser.add_argument("--rounds", type=int, default=3, help="timed runs of each (default 3)")
    parser.add_argument("--seconds", type=float, default=2, help="of each run (default 2)")
    parser.add_argument("--server-core", type=int, default=cores[0])
    parser.add_argument("--load-core", type=int, default=cores[-1])
    return parser.parse_args()


def _start(stack: ExitStack, names: list[str], core: int) -> list[Server]:
    servers = []
    for peer in PEERS:
        if peer.name not in names:
            continue
        if reason := peer.missing():
            print(f"skipped: {peer.title}: {reason}")
            continue
        server = stack.enter_context(Server(peer, core, RESULTS / f"{peer.name}.log"))
        try:
            server.wait_until_ready()
        except ServerError as error:
            print(f"skipped: {error}")
            continue
        servers.append(server)
    return servers


def _check(servers: list[Server], scenarios: list[Scenario]) -> set[tuple[str, str]]:
    """Ask every server for every answer; the pairs whose answer is wrong are not timed."""
    refused = set()
    for scenario in scenarios:
        for server in servers:
            if not server.peer.answers(scenario.name):
                continue
            try:
                status, content = server.ask(
                    scenario.method, scenario.path, scenario.body, scenario.headers
                )
            except OSError as error:
                status, content = 0, str(error).encode()
            if not scenario.accepts(status, content):
                where = f"{server.peer.title}: {scenario.title}"
                print(f"wrong answer: {where}: {status} {content[:80]!r}")
                refused.add((server.peer.name, scenario.name))
    return refused


def _time(
    servers: list[Server],
    scenarios: list[Scenario],
    refused: set[tuple[str, str]],
    options: argparse.Namespace,
) -> Samples:
    samples: Samples = {scenario.name: {} for scenario in scenarios}
    total = options.rounds * len(scenarios)
    for turn in range(total):
        round_number, scenario = turn // len(scenarios), scenarios[turn % len(scenarios)]
        print(f"[{turn + 1}/{total}] {scenario.title}", file=sys.stderr)
        # Every round begins with another server, so that none is always the first.
        shift = round_number % max(len(servers), 1)
        for server in servers[shift:] + servers[:shift]:
            if not server.peer.answers(scenario.name):
                continue
            if (server.peer.name, scenario.name) in refused:
                continue
            sample = measure(server, scenario, options.load_core, options.seconds)
            samples[scenario.name].setdefault(server.peer.title, []).append(sample)
    return samples


def _document(
    scenarios: list[Scenario], samples: Samples, memory: dict[tuple[str, str], int]
) -> dict[str, dict[str, dict[str, Any]]]:
    return {
        scenario.name: {
            title: summary(taken) | {"peak_memory": memory[scenario.name, title]}
            for title, taken in samples[scenario.name].items()
        }
        for scenario in scenarios
    }


if __name__ == "__main__":
    sys.exit(main())
