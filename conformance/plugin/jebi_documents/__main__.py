"""``python -m jebi_documents FOLDER``: compare all modules below, one JSON line for each."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from .compare import judge

if TYPE_CHECKING:
    from collections.abc import Iterator

# Modules mount or serve these, which have to be there.
FILES = ("static/index.html", "templates/item.html", "dist/index.html", "dist/404.html")
SETTINGS = {"ADMIN_EMAIL": "admin@example.com"}
EVERY = 100


def main() -> int:
    """Parse the command line and do it; the status is pytest's: 1 for failures, 5 for no tests."""
    parser = argparse.ArgumentParser(prog="python -m jebi_documents")
    parser.add_argument("folder", type=Path)
    parser.add_argument("-k", action="append", default=[], metavar="PART", help="only such names")
    parser.add_argument("-v", action="store_true", help="name every module")
    arguments = parser.parse_args()
    files = [
        str(path)
        for path in sorted(arguments.folder.rglob("*.py"))
        if path.name != "__init__.py" and all(part in str(path) for part in arguments.k)
    ]
    if not files:
        return 5
    counts: dict[str, int] = {}
    with Path(os.environ["JEBI_CONFORMANCE_RESULTS"]).open("w", encoding="utf-8") as lines:
        for done, (file, outcome, reason) in enumerate(_compare(files), 1):
            counts[outcome] = counts.get(outcome, 0) + 1
            lines.write(json.dumps({"test": file, "outcome": outcome, "reason": reason}) + "\n")
            lines.flush()
            if arguments.v:
                print(f"{file}: {outcome} {reason}", flush=True)
            if done % EVERY == 0 or done == len(files):
                said = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
                print(f"{done} of {len(files)} modules: {said}", flush=True)
    return 1 if "failed" in counts else 0


def _compare(files: list[str]) -> Iterator[tuple[str, str, str]]:
    """The verdict of each file, in order; both sides work at the same time."""
    names = [file.removesuffix(".py").replace("/", ".") for file in files]
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(tempfile.TemporaryDirectory())
        for file in FILES:
            path = Path(place) / file
            path.parent.mkdir(exist_ok=True)
            path.touch()
        originals = os.environ["JEBI_CONFORMANCE_ORIGINALS"]
        theirs = _side(stack, "fastapi", place, names, originals)
        ours = _side(stack, "jebi", place, names, None)
        for file in files:
            yield file, *judge(_next(theirs, "the original"), _next(ours, "Jebi"))


def _side(
    stack: contextlib.ExitStack, framework: str, place: str, names: list[str], originals: str | None
) -> IO[str]:
    """The lines that one side writes about the modules."""
    asked = stack.enter_context(tempfile.TemporaryFile("w+"))  # noqa: SIM115 - the stack closes it
    asked.write("".join(f"{name}\n" for name in names))
    asked.seek(0)
    paths = [originals] if originals else []
    paths += [str(Path.cwd()), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, **SETTINGS, "PYTHONPATH": os.pathsep.join(paths)}
    environment["JEBI_DROP_IN"] = "0" if originals else "1"
    process = stack.enter_context(
        subprocess.Popen(
            [sys.executable, "-m", "jebi_documents.describe", framework],
            stdin=asked,
            stdout=subprocess.PIPE,
            cwd=place,
            env=environment,
            text=True,
        )
    )
    stack.callback(process.kill)
    assert process.stdout is not None
    return process.stdout


def _next(lines: IO[str], who: str) -> dict[str, Any]:
    line = lines.readline()
    if not line:
        raise SystemExit(f"jebi_documents: {who} went away")
    answer: dict[str, Any] = json.loads(line)
    return answer


if __name__ == "__main__":
    sys.exit(main())
