"""A server with workers, under the load of :mod:`tests.faults.loading`."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Self

from tests.faults.harness import Assistant, Figures, Server, answer, until

APPLICATION = "tests.faults.applications:worker"


class Supervised(Server):
    """A server with workers; use it as a context manager."""

    def __init__(self, workers: int, *options: str) -> None:
        super().__init__(APPLICATION, "--workers", str(workers), *options)
        self._wanted = workers

    def __enter__(self) -> Self:
        super().__enter__()
        self.until_serving(set())
        return self

    def until_serving(self, but: set[int]) -> list[Figures]:
        """The workers, once so many as there should be serve, none of them one of ``but``."""
        serving: set[int] = set()

        def all_serve() -> bool:
            wanted = {figures.pid for figures in self.workers} - but
            for _ in range(8):
                with self.connect() as client:
                    client.sendall(b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
                    serving.add(int(answer(client).rpartition(b"\n")[2]))
            return len(wanted) == self._wanted and wanted <= serving

        until(all_serve)
        return [figures for figures in self.workers if figures.pid not in but]

    def until_replaced(self, victim: Figures) -> None:
        """Wait until it is gone, and another one serves in its place."""
        until(lambda: not victim.is_alive())
        self.until_serving({victim.pid})

    def until_gone(self, pids: set[int]) -> None:
        """Wait until none of these is a worker any more."""
        until(lambda: not pids & {figures.pid for figures in self.workers})

    def figures_of(self, pid: int) -> Figures:
        """One of the workers."""
        return next(figures for figures in self.workers if figures.pid == pid)


def peers(figures: Figures) -> set[int]:
    """The ports at the other end of the connections that a process has accepted."""
    inodes = set()
    for name in os.listdir(f"/proc/{figures.pid}/fd"):
        try:
            target = os.readlink(f"/proc/{figures.pid}/fd/{name}")
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    lines = Path(f"/proc/{figures.pid}/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    listening = "0A"
    found = [line.split() for line in lines]
    return {
        int(fields[2].partition(":")[2], 16)
        for fields in found
        if fields[9] in inodes and fields[3] != listening
    }


class Load(Assistant):
    """The clients, from the start of the block to its end; then their figures are there."""

    program = "loading.py"

    def __init__(
        self, server: Server, keeping: int = 24, fresh: int = 8, path: str | None = None
    ) -> None:
        super().__init__(server.port, keeping, fresh, *([path] if path else []))
        self.answered = self.refused = 0
        self.lost: Counter[str] = Counter()
        self.by: Counter[int] = Counter()

    def may_be_refused(self) -> None:
        """The server is about to leave."""
        self._order("leave")

    def hold(self) -> set[int]:
        """No request begins from now on. Returns the ports of clients that wait for an answer."""
        self._order("hold")
        assert self.process.stdout is not None
        return set(json.loads(self.process.stdout.readline()))

    def go_on(self) -> None:
        """They may ask again."""
        self._order("go on")

    def _order(self, what: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()

    def conclude(self, said: str) -> None:
        outcome = json.loads(said or "{}")
        self.answered, self.refused = outcome["answered"], outcome["refused"]
        self.lost = Counter(outcome["lost"])
        self.by = Counter({int(who): count for who, count in outcome["by"].items()})
