"""The frame of the scripts: what is kept, what is missed, and what a run of them tells."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.faults import script
from tests.faults.__main__ import run_all
from tests.faults.harness import ROOT
from tests.faults.report import Outcome, Progress, Row, at_least, at_most, exactly, table

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("row", "kept"),
    [
        (at_most("x", 4.0, 4.0), True),
        (at_most("x", 4.1, 4.0), False),
        (at_least("x", 4.0, 4.0), True),
        (at_least("x", 3.9, 4.0), False),
        (exactly("x", 4.0, 4.0), True),
        (exactly("x", 5.0, 4.0), False),
    ],
)
def test_a_row_knows_whether_its_bound_was_kept(row: Row, kept: bool) -> None:
    assert row.passed is kept
    assert Row(**json.loads(json.dumps(row.as_dict()))) == row


def test_a_script_without_rows_has_failed() -> None:
    assert not Outcome("idle").passed
    assert "it measured nothing" in table([Outcome("idle")])


def test_the_table_says_what_was_missed() -> None:
    outcomes = [
        Outcome("one", [at_most("growth", 1.5, 4, "MiB"), exactly("lost", 3, 0)], seconds=2),
        Outcome("two", error="it hung"),
    ]
    lines = table(outcomes).splitlines()
    assert lines[1].split() == ["ok", "one", "growth", "1.50", "MiB", "≤", "4", "MiB"]
    assert lines[2].split() == ["MISSED", "lost", "3", "=", "0"]
    assert lines[3].split() == ["FAILED", "two", "it", "hung"]
    assert lines[-1] == "2 bounds in 2 scripts, 2 s: 1 missed, 1 scripts failed"
    assert "\x1b" in table(outcomes, colour=True)


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ``tests.faults`` with scripts of this test's, for the child processes to find."""
    package = tmp_path / "tests" / "faults"
    package.mkdir(parents=True)
    (tmp_path / "tests" / "__init__.py").touch()
    (package / "__init__.py").write_text(f"__path__.append({str(ROOT / 'tests/faults')!r})\n")
    monkeypatch.chdir(tmp_path)
    return package


def test_a_run_takes_rows_and_complaints_from_its_scripts(scripts: Path) -> None:
    head = "from tests.faults.report import at_most\nfrom tests.faults.script import main\n"
    bodies = {
        "good": "    say('under way')\n    yield at_most('size', 1, 2)\n",
        "bad": "    yield at_most('size', 3, 2)\n",
        "broken": "    yield at_most('size', 1, 2)\n    raise ValueError('no such thing')\n",
    }
    for name, body in bodies.items():
        end = "if __name__ == '__main__':\n    main(run)\n"
        (scripts / f"{name}.py").write_text(f"{head}def run(say):\n{body}{end}")
    told = io.StringIO()
    outcomes = {outcome.script: outcome for outcome in run_all(list(bodies), Progress(told))}
    assert outcomes["good"].passed
    assert not outcomes["bad"].error
    assert not outcomes["bad"].passed
    assert outcomes["broken"].error == "ValueError: no such thing"
    assert len(outcomes["broken"].rows) == 1
    assert [line.split(",")[0] for line in told.getvalue().splitlines()] == [
        "[1/3] good: ok",
        "[2/3] bad: MISSED",
        "[3/3] broken: ValueError: no such thing",
    ]


def test_what_missed_a_bound_is_run_anew(scripts: Path) -> None:
    (scripts / "moody.py").write_text(
        "from pathlib import Path\n"
        "from tests.faults.report import at_most\n"
        "from tests.faults.script import main\n"
        "def run(say):\n"
        "    seen = Path('seen')\n"
        "    yield at_most('size', 1 if seen.exists() else 3, 2)\n"
        "    seen.touch()\n"
        "if __name__ == '__main__':\n    main(run)\n"
    )
    told = io.StringIO()
    assert [outcome.passed for outcome in run_all(["moody"], Progress(told), tries=3)] == [True]
    lines = told.getvalue().splitlines()
    assert [line.split(":")[0] for line in lines] == ["[1/1] moody", "[1/1] moody (run 2)"]


def test_a_script_that_hangs_is_ended(scripts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "SECONDS", 0.5)
    (scripts / "hangs.py").write_text("import signal\nsignal.pause()\n")
    assert "longer than" in script.run_apart("hangs", lambda _: None).error


def test_the_command_knows_its_scripts() -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "tests.faults", "--list"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT / "python")},
        capture_output=True,
        text=True,
        check=True,
    )
    names = [line.split()[0] for line in listed.stdout.splitlines()]
    assert names == script.names()
    assert "pipelined" in names
    assert all(len(line.split()) > 1 for line in listed.stdout.splitlines())
