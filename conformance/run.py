"""Runs one suite under pytest and reads back what happened."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

from conformance.environment import prepare
from conformance.ratchet import Result, Verdict, judge
from conformance.suites import PYTHON

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.suites import Suite

WORKERS = "2"
SUITE_SECONDS = 20 * 60
STRANGE_ENDS = {2: "interrupted", 3: "internal error", 4: "usage error", 5: "no tests"}


def run(suite: Suite, arguments: list[str]) -> Verdict:
    """Run the suite, or the part that ``arguments`` select, and judge it.

    The arguments are pytest's, except for suites that pytest does not run, the interpreter's own
    and documents: ``-k PART`` and ``-v``.
    """
    if suite.is_of_interpreter and importlib.util.find_spec("test") is None:
        missing = f"this Python {PYTHON} comes without its own tests, the package `test`"
        return Verdict(suite, partial=True, missing=missing)
    python = prepare(suite)
    suite.results.parent.mkdir(parents=True, exist_ok=True)
    lines = suite.results.with_suffix(".lines")
    lines.unlink(missing_ok=True)
    started = time.monotonic()
    command = [str(python), "-m", *_runner(suite)]
    chosen = [argument for argument in arguments if (suite.sources / _file(argument)).exists()]
    command += [*arguments] if chosen else [*arguments, *suite.paths]
    code = _call(suite, command, lines)
    trouble = STRANGE_ENDS.get(code, "")
    if code < 0:
        trouble = f"stopped by {signal.Signals(-code).name}"
    verdict = judge(suite, _read(lines), partial=bool(arguments), trouble=trouble)
    _write_json(verdict, time.monotonic() - started)
    return verdict


def _runner(suite: Suite) -> list[str]:
    if suite.compare_with:
        return ["jebi_documents"]
    return _cpython(suite) if suite.is_of_interpreter else _pytest(suite)


def _pytest(suite: Suite) -> list[str]:
    command = ["pytest", *(() if suite.is_control else ("-p", "jebi.drop_in"))]
    command += ["-p", "jebi_conformance", "-p", "jebi_loops.left_out", "-p", "jebi_sweeper"]
    command += ["-q", "--no-header", "--tb=no", "--disable-warnings", "--show-capture=no"]
    command += ["-n", WORKERS, "--dist", "loadgroup", "--max-worker-restart", "20"]
    # Jebi imports pydantic, which imports the plugins that are installed, one of them for pytest.
    command += ["-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning"]
    command += ["--timeout", str(suite.seconds), "--continue-on-collection-errors", "-rN"]
    return [*command, *suite.options]


def _cpython(suite: Suite) -> list[str]:
    return ["jebi_loops.cpython", "-n", WORKERS, "--timeout", str(suite.seconds)]


def _call(suite: Suite, command: list[str], lines: Path) -> int:
    environment = dict(os.environ)
    for name, value in suite.env.items():
        environment[name] = value.replace("{sources}", str(suite.sources))
    environment |= {"JEBI_CONFORMANCE_RESULTS": str(lines), "JEBI_CONFORMANCE_LOOP": suite.loop}
    environment["JEBI_DROP_IN"] = "0" if suite.is_control or suite.is_of_interpreter else "1"
    if suite.compare_with:
        environment["JEBI_CONFORMANCE_ORIGINALS"] = str(suite.originals)
    if suite.left_out.exists():
        environment["JEBI_CONFORMANCE_LEFT_OUT"] = str(suite.left_out)
    environment.pop("VIRTUAL_ENV", None)
    print(f"conformance: {suite.name}: {' '.join(command[1:])}", flush=True)
    process = subprocess.Popen(
        command,
        cwd=suite.sources,
        env=environment,
        start_new_session=True,
        preexec_fn=_hear_signals,
    )
    try:
        return process.wait(SUITE_SECONDS)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if isinstance(error, subprocess.TimeoutExpired):
            return -signal.SIGKILL
        raise


def _hear_signals() -> None:
    """Tests send these to their children; nohup and shells' background jobs have them ignored."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _file(argument: str) -> str:
    return "" if argument.startswith("-") else argument.partition("::")[0] or "\0"


def _read(lines: Path) -> list[Result]:
    if not lines.exists():
        return []
    rows = (json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines())
    latest = {row["test"]: Result(**row) for row in rows}
    return list(latest.values())


def _write_json(verdict: Verdict, seconds: float) -> None:
    def named(results: list[Result]) -> dict[str, str]:
        return {result.test: result.reason for result in results}

    document = {
        "suite": verdict.suite.name,
        "distribution": verdict.suite.distribution,
        "version": verdict.suite.version,
        "python": PYTHON,
        "loop": verdict.suite.loop,
        "partial": verdict.partial,
        "seconds": round(seconds, 1),
        "collected": verdict.collected,
        "passed": verdict.passed,
        "skipped": verdict.skipped,
        "original_passes": verdict.suite.total,
        "percent": round(verdict.percent, 2),
        "trouble": verdict.trouble,
        "expected_failures": named(verdict.expected),
        "new_failures": named(verdict.new),
        "newly_passing": verdict.fixed,
        "gone": verdict.gone,
    }
    text = json.dumps(document, indent=1, ensure_ascii=False)
    verdict.suite.results.write_text(text + "\n", encoding="utf-8")
