"""The counters of one worker, in memory that its supervisor shares.

The engine writes them (``connection/observe/page.rs``, which has the same layout), and what is
written stays when the worker is killed.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import weakref
from dataclasses import dataclass, field

LAYOUT = 0x6A65_6269_0000_0001
SIZE = 1 << 20

_COUNT = 1
_SERIES = 64
_STRIDE = 64
_LABELS = 24
_LAG = 16

BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The upper bounds of the buckets of every histogram, in seconds; one more is beyond the last."""

STATUSES = 6
"""Requests are counted by the first digit of their status, 0 to 5."""


@dataclass
class Histogram:
    """Nanoseconds in all, and how many fell into each bucket."""

    nanoseconds: int = 0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))

    def add(self, other: Histogram) -> None:
        """Take the other's in."""
        self.nanoseconds += other.nanoseconds
        self.buckets = [a + b for a, b in zip(self.buckets, other.buckets, strict=True)]


@dataclass
class Series:
    """The requests of one method to one route."""

    statuses: list[int] = field(default_factory=lambda: [0] * STATUSES)
    received: int = 0
    sent: int = 0
    duration: Histogram = field(default_factory=Histogram)

    def add(self, other: Series) -> None:
        """Take the other's in."""
        self.statuses = [a + b for a, b in zip(self.statuses, other.statuses, strict=True)]
        self.received += other.received
        self.sent += other.sent
        self.duration.add(other.duration)


@dataclass
class Counters:
    """What only grows: it is kept when a worker has gone."""

    series: dict[tuple[str, str], Series] = field(default_factory=dict)
    """By method and route."""
    accepted: int = 0
    refused: int = 0
    pool_jobs: int = 0
    pool_waited: int = 0
    """Nanoseconds."""
    lag: Histogram = field(default_factory=Histogram)

    def add(self, other: Counters) -> None:
        """Take the other's in."""
        for labels, series in other.series.items():
            self.series.setdefault(labels, Series()).add(series)
        self.accepted += other.accepted
        self.refused += other.refused
        self.pool_jobs += other.pool_jobs
        self.pool_waited += other.pool_waited
        self.lag.add(other.lag)


@dataclass
class Gauges:
    """How a worker is at the moment, or was at the last tick of its loop."""

    pid: int
    ticked_at: float
    """Seconds of the monotonic clock; 0 before the first."""
    period: float
    """Seconds between ticks."""
    in_flight: int
    connections: int
    pool_queued: int
    pool_threads: int
    pool_idle: int


class Page:
    """The memory: give :attr:`descriptor` to a worker, or :attr:`memory` to the engine in here."""

    def __init__(self, descriptor: int | None = None) -> None:
        """Make a page, or open the one behind a descriptor that was inherited."""
        if descriptor is None:
            descriptor = _new_memory()
            os.ftruncate(descriptor, SIZE)
        self.descriptor = descriptor
        self.memory = mmap.mmap(descriptor, SIZE)
        self.close = weakref.finalize(self, os.close, descriptor)
        """Closes the descriptor; the memory stays for whoever has it."""

    def read(self) -> tuple[Counters, Gauges] | None:
        """What is written there; ``None`` before the worker has begun to count."""
        with memoryview(self.memory) as whole, whole.cast("Q") as words:
            if words[0] != LAYOUT:
                return None
            gauges = Gauges(
                pid=words[2],
                ticked_at=words[3] / 1e9,
                period=words[4] / 1e9,
                in_flight=words[5],
                connections=words[6],
                pool_queued=words[8],
                pool_threads=words[9],
                pool_idle=words[10],
            )
            counters = Counters(
                accepted=words[7],
                refused=words[13],
                pool_jobs=words[11],
                pool_waited=words[12],
                lag=_histogram(words, _LAG, _LAG + 1),
            )
            room = (len(words) - _SERIES) // _STRIDE
            for index in range(min(words[_COUNT], room)):
                start = _SERIES + index * _STRIDE
                labels = _labels(whole[start * 8 : (start + _LABELS) * 8].tobytes())
                counters.series.setdefault(labels, Series()).add(_series(words, start + _LABELS))
            return counters, gauges


def _new_memory() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("jebi-metrics")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _series(words: memoryview[int], start: int) -> Series:
    return Series(
        statuses=list(words[start : start + STATUSES]),
        received=words[start + 7],
        sent=words[start + 8],
        duration=_histogram(words, start + 6, start + 9),
    )


def _histogram(words: memoryview[int], nanoseconds: int, buckets: int) -> Histogram:
    return Histogram(words[nanoseconds], list(words[buckets : buckets + len(BOUNDS) + 1]))


def _labels(text: bytes) -> tuple[str, str]:
    method = text[1 : 1 + text[0]]
    rest = text[1 + text[0] :]
    return method.decode(), rest[1 : 1 + rest[0]].decode(errors="replace")
