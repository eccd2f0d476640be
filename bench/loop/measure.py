"""One timed run of one loop, in processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from bench.loop.scenarios import Echo
from bench.peers import ROOT, RUST

if TYPE_CHECKING:
    from pathlib import Path

    from bench.loop.contenders import Contender
    from bench.loop.scenarios import Scenario

LOAD = RUST / "echo"
START_UP = 30
"""Seconds until a process that says nothing counts as hung."""


class UnableError(Exception):
    """A loop cannot do it: a feature that it has not, a crash, a wrong answer."""


@dataclass(frozen=True)
class Sample:
    """One timed run."""

    operations_per_second: float
    cpu_microseconds: float


@dataclass(frozen=True)
class Conditions:
    """How long, where, and on how many connections."""

    seconds: float
    connections: int
    server_core: int
    load_core: int
    folder: Path


def measure(contender: Contender, scenario: Scenario, conditions: Conditions) -> Sample:
    """Runs a scenario on a loop for some seconds; raises :exc:`UnableError`."""
    if isinstance(scenario, Echo):
        return _measure_echo(contender, scenario, conditions)
    command = [contender.python, "-m", "bench.loop.work", contender.factory]
    command += [scenario.name, str(conditions.seconds)]
    with Child(command, conditions.server_core, conditions) as child:
        result = child.result()
    return _sample(result, result["processor_seconds"])


def _measure_echo(contender: Contender, scenario: Echo, conditions: Conditions) -> Sample:
    command = [contender.python, "-m", "bench.loop.echo", contender.factory]
    command += [scenario.kind, scenario.style, str(conditions.folder)]
    with Child(command, conditions.server_core, conditions) as server:
        address = server.result()["address"]
        figures = (scenario.size, conditions.connections, conditions.seconds)
        command = [str(LOAD), scenario.kind, address, *map(str, figures)]
        with Child(command, conditions.load_core, conditions) as load:
            # The load waits for a byte before it begins and after it ended: meanwhile nothing
            # goes on that would be counted in.
            load.line()
            before = server.processor_seconds()
            load.go_on()
            result = load.result()
            spent = server.processor_seconds() - before
            load.go_on()
    return _sample(result, spent)


def _sample(result: dict[str, Any], processor_seconds: float) -> Sample:
    operations = max(result["operations"], 1)
    return Sample(operations / result["seconds"], processor_seconds * 1e6 / operations)


class Child:
    """A process on a core of its own that speaks in lines of JSON."""

    def __init__(self, command: list[str], core: int, conditions: Conditions) -> None:
        self._log = conditions.folder / "log"
        self._patience = START_UP + 3 * conditions.seconds
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'python'}"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                preexec_fn=lambda: os.sched_setaffinity(0, {core}),
            )

    def line(self) -> str:
        """The next line it prints."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline().decode()
        if not line:
            code = self._process.wait(self._patience)
            text = self._log.read_text(errors="replace").strip().rpartition("\n")[2]
            raise UnableError(text or f"ended with status {code}")
        return line

    def result(self) -> dict[str, Any]:
        """The next line it prints, which says something or what is missing."""
        result: dict[str, Any] = json.loads(self.line())
        if "missing" in result:
            raise UnableError(result["missing"])
        return result

    def go_on(self) -> None:
        """Lets it take the next step."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()

    def processor_seconds(self) -> float:
        """What all of its threads have spent so far, by the clock that Linux keeps for them."""
        return time.clock_gettime((~self._process.pid << 3) | 2)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        with suppress(OSError):
            self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


def certify(folder: Path) -> None:
    """Puts a certificate for the servers into the folder."""
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    subprocess.run(
        [*command.split(), "-subj", "/CN=localhost", *files],
        check=True,
        stderr=subprocess.DEVNULL if not sys.flags.verbose else None,
    )
