"""``python -m tests.documented``: 2,000 requests to example applications, answered as documented.

schemathesis reads an application's OpenAPI document and makes requests of it, valid ones and
others. Each answer has to have a status and a content type that the document has, and none may be a
server's error. Afterwards the server has to be alive and must not have printed a traceback.

FastAPI's documents leave out the 400 for a body that cannot be read, and so do ours: it is the one
answer that may be undocumented. Bodies are not compared, because prices that an application adds
up to infinity become ``null`` there as here.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.faults.harness import ROOT, Server

if TYPE_CHECKING:
    from pathlib import Path

REQUIREMENTS = ROOT / "requirements" / "documented.txt"
PLACE = ROOT / ".cache" / "documented"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
)
_FINDING = re.compile(r"^- ST\d+ ", re.MULTILINE)
_UNREADABLE = re.compile(
    r"^- ST103 .*\n\n    Received: 400\n.*\n\n"
    r'\[400\] Bad Request:\n\n    `{"detail":"There was an error parsing the body"}`$',
    re.MULTILINE,
)
CASES = 2000


@dataclass(frozen=True)
class Application:
    """What is served, and how many requests to make of each operation at most."""

    name: str
    served: str
    examples: int
    options: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)


APPLICATIONS = (
    Application("bench", "bench.apps.framework:app", 1000, ("--drop-in",)),
    Application(
        "burgers",
        "main:app",
        100,
        environment={
            "BURGER_SECONDS": "0.001",
            "PYTHONPATH": os.pathsep.join(
                str(ROOT / folder) for folder in ("python", "examples/burgers")
            ),
        },
    ),
)


def main() -> int:
    """Ask every application, print what came of it; 1 if anything was not as documented."""
    parser = argparse.ArgumentParser(prog="python -m tests.documented", description=__doc__)
    parser.add_argument("--seed", type=int, default=6, help="repeats a run (default 6)")
    seed = parser.parse_args().seed
    tool = _tool()
    generated, failed = 0, False
    for application in APPLICATIONS:
        cases, complaint = _ask(application, tool, seed)
        generated += cases
        failed = failed or bool(complaint)
        print(f"{application.name:10} {cases:6} cases  {complaint or 'as documented'}", flush=True)
    if generated < CASES:
        print(f"only {generated} of {CASES} cases were made")
    return int(failed or generated < CASES)


def _tool() -> Path:
    """The command, installed on the first run or after a change of its requirements."""
    program, wanted = PLACE / "bin" / "schemathesis", REQUIREMENTS.read_text(encoding="utf-8")
    installed = PLACE / "installed.txt"
    if not installed.exists() or installed.read_text(encoding="utf-8") != wanted:
        print("documented: installing schemathesis", flush=True)
        venv.create(PLACE, clear=True, with_pip=True)
        pip = [str(PLACE / "bin" / "python"), "-m", "pip", "-q", "install", "-r", str(REQUIREMENTS)]
        subprocess.run(pip, check=True)
        installed.write_text(wanted, encoding="utf-8")
    return program


def _ask(application: Application, tool: Path, seed: int) -> tuple[int, str]:
    """How many requests were made, and what is wrong with their answers."""
    env = application.environment
    with (
        Server(application.served, *application.options, env=env) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        command = [
            *(str(tool), "run", f"http://127.0.0.1:{server.port}/openapi.json"),
            *("--phases", "examples,coverage,fuzzing", "--continue-on-failure"),
            *("--max-examples", str(application.examples), "--seed", str(seed)),
            *("--checks", ",".join(CHECKS), "--no-color"),
        ]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        is_alive = server.figures.is_alive() and server.ask().startswith(b"HTTP/1.1 ")
        traceback = any("Traceback" in line for line in server.lines)
    found = re.search(r"(\d+) generated", done.stdout)
    cases = int(found[1]) if found else 0
    if not is_alive:
        return cases, "the server is gone"
    if traceback:
        return cases, "the server printed a traceback:\n" + "\n".join(server.lines)
    return cases, "" if _is_documented(done) else f"failed:\n{done.stdout}{done.stderr}"


def _is_documented(done: subprocess.CompletedProcess[str]) -> bool:
    """Whether nothing was found but what FastAPI leaves out of its documents."""
    findings = len(_FINDING.findall(done.stdout))
    return done.returncode == 0 or 0 < findings == len(_UNREADABLE.findall(done.stdout))


if __name__ == "__main__":
    sys.exit(main())
