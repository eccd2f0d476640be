"""Load from another core, by wrk."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.process import Server
    from bench.scenarios import Scenario

REPORT = """
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\\n{"requests":%d,"microseconds":%d,"failed":%d,"p50":%d,"p99":%d}\\n',
    summary.requests, summary.duration,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True)
class Sample:
    """One timed run: requests a second, server CPU and latencies in microseconds."""

    requests_per_second: float
    cpu_microseconds: float
    p50: float
    p99: float
    failed: int


def measure(server: Server, scenario: Scenario, core: int, seconds: float) -> Sample:
    """Drive `server` with `scenario` for some seconds."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "load.lua"
        script.write_text(_request(scenario) + REPORT, encoding="utf-8")
        command = [
            *("wrk", "-t1", f"-c{scenario.connections}", f"-d{max(1, round(seconds))}s"),
            *("--latency", "-s", str(script), f"http://127.0.0.1:{server.port}{scenario.path}"),
        ]
        before = server.cpu_seconds()
        done = subprocess.run(
            command,
            check=True,
            capture_output=True,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
        spent = server.cpu_seconds() - before
    report = json.loads(done.stdout.strip().rpartition("\n")[2])
    requests = max(report["requests"], 1)
    return Sample(
        requests_per_second=requests / (report["microseconds"] / 1e6),
        cpu_microseconds=spent * 1e6 / requests,
        p50=report["p50"],
        p99=report["p99"],
        failed=report["failed"],
    )


def _request(scenario: Scenario) -> str:
    lines = [f'wrk.method = "{scenario.method}"']
    if scenario.body:
        lines.append(f"wrk.body = [==[{scenario.body.decode()}]==]")
    lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in scenario.headers.items()]
    return "\n".join(lines)
