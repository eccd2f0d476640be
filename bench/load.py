"""Load from another core: wrk for HTTP/1.1, h2load for HTTP/2, our own for WebSockets."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.peers import RUST

if TYPE_CHECKING:
    from bench.process import Server
    from bench.scenarios import Scenario

ECHO = RUST / "echo"
STREAMS = 16
"""Requests under way on each connection of HTTP/2."""
MESSAGE = 64
"""The size of a WebSocket message, in bytes."""
REPORT = """
done = function(summary, latency, requests)
  local errors, wrong = summary.errors, summary.errors.status
  if refused then wrong = summary.requests - wrong end
  io.write(string.format(
    '\\n{"requests":%d,"seconds":%f,"failed":%d,"p50":%d,"p99":%d}\\n',
    summary.requests, summary.duration / 1e6,
    errors.connect + errors.read + errors.write + wrong + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True)
class Sample:
    """One timed run: requests a second, CPU of server and load, latencies in microseconds."""

    requests_per_second: float
    cpu_microseconds: float
    load_microseconds: float
    p50: float | None
    p99: float | None
    failed: int


def missing() -> str | None:
    """Which of the loads cannot be made here."""
    for tool in ("wrk", "h2load", str(ECHO)):
        if shutil.which(tool) is None:
            return f"{tool} makes load and is not installed; run `make bench-setup`"
    return None


def measure(server: Server, scenario: Scenario, core: int, seconds: float) -> Sample:
    """Drive `server` with `scenario` for some seconds."""
    cores = os.sched_getaffinity(0) if server.peer.everywhere else {core}
    make = {"wrk": _wrk, "h2load": _h2load}.get(scenario.load, _websocket)
    before = _children()
    report, spent = make(server, scenario, cores, seconds)
    loaded = _children() - before
    requests = max(report["requests"], 1)
    return Sample(
        requests_per_second=requests / report["seconds"],
        cpu_microseconds=spent * 1e6 / requests,
        load_microseconds=loaded * 1e6 / requests,
        p50=report.get("p50"),
        p99=report.get("p99"),
        failed=report["failed"],
    )


def _children() -> float:
    """CPU seconds of the loads that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _run(command: list[str], server: Server, cores: set[int]) -> tuple[str, float]:
    """What a load prints, and the CPU seconds of the server meanwhile."""
    before = server.cpu_seconds()
    done = subprocess.run(
        command,
        check=True,
        capture_output=True,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    return done.stdout, server.cpu_seconds() - before


def _wrk(
    server: Server, scenario: Scenario, cores: set[int], seconds: float
) -> tuple[dict[str, Any], float]:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "load.lua"
        script.write_text(_request(scenario) + REPORT, encoding="utf-8")
        # A thread drives one core: fewer than it may use would leave a server on all of them idle.
        command = [
            *("wrk", f"-t{len(cores)}", f"-c{scenario.connections}"),
            f"-d{max(1, round(seconds))}s",
            *("--latency", "-s", str(script), f"http://127.0.0.1:{server.port}{scenario.path}"),
        ]
        printed, spent = _run(command, server, cores)
    return json.loads(printed.strip().rpartition("\n")[2]), spent


def _request(scenario: Scenario) -> str:
    lines = [f'wrk.method = "{scenario.method}"', f"refused = {str(scenario.is_error).lower()}"]
    if scenario.body:
        lines.append(f"wrk.body = [==[{scenario.body.decode()}]==]")
    lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in scenario.headers.items()]
    return "\n".join(lines)


def _h2load(
    server: Server, scenario: Scenario, cores: set[int], seconds: float
) -> tuple[dict[str, Any], float]:
    command = [
        *("h2load", "-t1", f"-c{scenario.connections // STREAMS}", f"-m{STREAMS}"),
        *(f"-D{max(1, round(seconds))}", f"http://127.0.0.1:{server.port}{scenario.path}"),
    ]
    printed, spent = _run(command, server, cores)
    finished = re.search(r"finished in ([0-9.]+)s", printed)
    counted = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored", printed)
    assert finished, printed
    assert counted, printed
    succeeded, failed, errored = map(int, counted.groups())
    report = {
        "requests": succeeded,
        "seconds": float(finished[1]),
        "failed": failed + errored,
    }
    return report, spent


def _websocket(
    server: Server, scenario: Scenario, cores: set[int], seconds: float
) -> tuple[dict[str, Any], float]:
    address = f"127.0.0.1:{server.port}{scenario.path}"
    command = [str(ECHO), scenario.load, address, str(MESSAGE), str(scenario.connections)]
    with subprocess.Popen(
        [*command, str(seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    ) as load:
        assert load.stdin is not None
        assert load.stdout is not None
        # It waits for a byte before it begins and after it ended, so that nothing else is counted.
        assert load.stdout.readline() == b"start\n"
        before = server.cpu_seconds()
        load.stdin.write(b".")
        load.stdin.flush()
        result = json.loads(load.stdout.readline())
        spent = server.cpu_seconds() - before
        load.stdin.write(b".")
    report = {"requests": result["operations"], "seconds": result["seconds"], "failed": 0}
    return report, spent
