"""How a script is run: by itself, or in a child process of the one that runs them all."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import pkgutil
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tests.faults.report import Outcome, Progress, Row, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Say = Callable[[str], None]
    """What a script tells its progress to."""
    Run = Callable[[Say], Iterator[Row]]

SECONDS = 60.0
"""How long a script may take."""

_PIPED = "--piped"


def names() -> list[str]:
    """The scripts there are: the modules of this package that call themselves one."""
    package = importlib.import_module("tests.faults")
    found = []
    for module in pkgutil.iter_modules(package.__path__):
        source = Path(package.__path__[0], f"{module.name}.py")
        if source.is_file() and "\n    main(run)" in source.read_text(encoding="utf-8"):
            found.append(module.name)
    return found


def title(name: str) -> str:
    """What a script is about: the first line of its module's text."""
    text = importlib.import_module(f"tests.faults.{name}").__doc__ or ""
    return text.partition("\n")[0]


def main(run: Run) -> None:
    """What every script ends with: runs it and shows its own table, status 1 for a missed bound."""
    if _PIPED in sys.argv:
        for row in run(lambda text: _send({"step": text})):
            _send({"row": row.as_dict()})
        return
    progress = Progress(sys.stderr)
    outcome = Outcome(Path(sys.argv[0]).stem)
    began = time.monotonic()
    for row in run(progress.step):
        outcome.rows.append(row)
    progress.clear()
    outcome.seconds = time.monotonic() - began
    print(table([outcome], colour=sys.stdout.isatty()))
    sys.exit(not outcome.passed)


def _send(message: dict[str, object]) -> None:
    print(json.dumps(message), flush=True)


def run_apart(name: str, say: Say) -> Outcome:
    """Runs a script in a process of its own, which is ended with all its children if it hangs."""
    outcome = Outcome(name)
    began = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-m", f"tests.faults.{name}", _PIPED],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        complaint = _listen(child, outcome, say, began + SECONDS)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        status = child.wait()
        for stream in (child.stdout, child.stderr):
            if stream is not None:
                stream.close()
    outcome.seconds = time.monotonic() - began
    if outcome.seconds >= SECONDS:
        outcome.error = f"it took longer than {SECONDS:.0f} s"
    elif status not in {0, -signal.SIGKILL} or complaint:
        outcome.error = complaint or f"it ended with status {status}"
    return outcome


def _listen(child: subprocess.Popen[bytes], outcome: Outcome, say: Say, deadline: float) -> str:
    """Takes in what the script says; returns the last line of what it complained of."""
    heard: dict[int, bytes] = {}
    with selectors.DefaultSelector() as selector:
        streams: list[IO[bytes] | None] = [child.stdout, child.stderr]
        for which, stream in enumerate(streams):
            if stream is not None:
                os.set_blocking(stream.fileno(), False)
                selector.register(stream, selectors.EVENT_READ, which)
                heard[which] = b""
        while selector.get_map() and (left := deadline - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                data = os.read(key.fd, 1 << 16)
                heard[key.data] += data
                if not data:
                    selector.unregister(key.fileobj)
            *lines, heard[0] = heard[0].split(b"\n")
            for line in lines:
                _take(json.loads(line), outcome, say)
    lines = heard[1].strip().split(b"\n")
    return lines[-1].decode(errors="replace")


def _take(message: dict[str, object], outcome: Outcome, say: Say) -> None:
    row, step = message.get("row"), message.get("step")
    if isinstance(row, dict):
        outcome.rows.append(Row(**row))
    elif isinstance(step, str):
        say(step)
