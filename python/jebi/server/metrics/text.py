"""Prometheus' text format, version 0.0.4."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from jebi.server.metrics.page import BOUNDS, STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jebi.server.metrics.page import Counters, Gauges, Histogram

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Writer:
    """Collects the lines of one exposition."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def family(self, name: str, kind: str, meaning: str) -> None:
        """Begin a metric."""
        self._lines += [f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"]

    def sample(self, name: str, value: float, **labels: str) -> None:
        """Add a value."""
        pairs = ",".join(f'{key}="{text.translate(_ESCAPES)}"' for key, text in labels.items())
        self._lines.append(f"{name}{{{pairs}}} {value!r}" if pairs else f"{name} {value!r}")

    def histogram(self, name: str, histogram: Histogram, **labels: str) -> None:
        """Add a histogram of seconds."""
        total = 0
        for bound, count in zip((*BOUNDS, float("inf")), histogram.buckets, strict=True):
            total += count
            le = "+Inf" if bound == float("inf") else f"{bound:g}"
            self.sample(f"{name}_bucket", total, **labels, le=le)
        self.sample(f"{name}_sum", histogram.nanoseconds / 1e9, **labels)
        self.sample(f"{name}_count", total, **labels)

    def single(self, name: str, kind: str, meaning: str, value: float) -> None:
        """Add a metric of one value."""
        self.family(name, kind, meaning)
        self.sample(name, value)

    def text(self) -> str:
        """Everything so far."""
        return "\n".join(self._lines) + "\n"


def write(counters: Counters, workers: Iterable[Gauges], ended: int) -> str:
    """The exposition of counters that are summed already, and of the workers that live.

    ``ended`` is how many workers have gone while the server went on.
    """
    out = Writer()
    workers = list(workers)
    _write_requests(out, counters)
    single = out.single
    single("jebi_connections_total", "counter", "Connections accepted.", counters.accepted)
    refused = "What came and was no request, or came too late."
    single("jebi_refused_total", "counter", refused, counters.refused)
    single("jebi_pool_jobs_total", "counter", "Calls run in the pool.", counters.pool_jobs)
    waited = counters.pool_waited / 1e9
    single("jebi_pool_wait_seconds_total", "counter", "Time calls waited for a thread.", waited)
    out.family("jebi_loop_lag_seconds", "histogram", "How late the loop's ticks came.")
    out.histogram("jebi_loop_lag_seconds", counters.lag)
    single("jebi_worker_restarts_total", "counter", "Workers that were replaced.", ended)
    single("jebi_workers", "gauge", "Workers that live.", len(workers))
    _write_workers(out, workers)
    return out.text()


def _write_requests(out: Writer, counters: Counters) -> None:
    series = sorted(counters.series.items())
    out.family("jebi_requests_total", "counter", "Requests that are over.")
    for (method, route), one in series:
        for first in range(STATUSES):
            # 0 is what has no status of HTTP's; it does not happen, and would not be hidden.
            if one.statuses[first]:
                labels = {"method": method, "route": route, "status": f"{first}xx"}
                out.sample("jebi_requests_total", one.statuses[first], **labels)
    name = "jebi_request_duration_seconds"
    out.family(name, "histogram", "From the head of a request to the end of its answer.")
    for (method, route), one in series:
        if any(one.duration.buckets):
            out.histogram(name, one.duration, method=method, route=route)
    for name, meaning, which in (
        ("jebi_request_bytes_total", "Bytes of requests, heads included.", "received"),
        ("jebi_response_bytes_total", "Bytes of answers, heads included.", "sent"),
    ):
        out.family(name, "counter", meaning)
        for (method, route), one in series:
            if any(one.statuses):
                out.sample(name, getattr(one, which), method=method, route=route)


def _write_workers(out: Writer, workers: list[Gauges]) -> None:
    for name, meaning, which in (
        ("jebi_requests_in_flight", "Requests that are being answered.", "in_flight"),
        ("jebi_connections", "Open connections.", "connections"),
        ("jebi_pool_queue", "Calls that wait for a thread.", "pool_queued"),
        ("jebi_pool_threads", "Threads of the pool.", "pool_threads"),
        ("jebi_pool_idle_threads", "Threads that wait for a call.", "pool_idle"),
    ):
        out.family(name, "gauge", meaning)
        for worker in workers:
            out.sample(name, getattr(worker, which), pid=str(worker.pid))
    out.family("jebi_loop_behind_seconds", "gauge", "How late the next tick is by now.")
    now = time.monotonic()
    for worker in workers:
        if worker.ticked_at:
            behind = max(0.0, now - worker.ticked_at - worker.period)
            out.sample("jebi_loop_behind_seconds", round(behind, 3), pid=str(worker.pid))
    out.family("jebi_resident_memory_bytes", "gauge", "Resident memory.")
    for worker in workers:
        memory = _resident(worker.pid)
        if memory is not None:
            out.sample("jebi_resident_memory_bytes", memory, pid=str(worker.pid))


def _resident(pid: int) -> int | None:
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return None
