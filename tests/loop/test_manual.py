"""The loop's page of the manual: each example on it runs, and prints what it says."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "loop.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclasses.dataclass
class Example:
    """A section of the page: the files it shows, and what running them prints."""

    title: str
    files: dict[str, str]
    output: str | None


def examples() -> list[Example]:
    """The sections that show files; a file's first line is a comment with its name."""
    found = []
    for section in PAGE.read_text().split("\n## ")[1:]:
        files: dict[str, str] = {}
        output = None
        for language, text in BLOCK.findall(section):
            if language == "text":
                output = text
            else:
                files[text.partition("\n")[0].removeprefix("# ")] = text
        if files:
            found.append(Example(section.partition("\n")[0], files, output))
    return found


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.title)
def test_the_example_does_what_it_says(example: Example, tmp_path: Path) -> None:
    settings = ["[pytest]", "filterwarnings = error"]
    plugin = ["-p", "no:asyncio"]
    if "pytest-asyncio" in example.title:
        pytest.importorskip("pytest_asyncio")
        settings.append("asyncio_default_fixture_loop_scope = function")
        plugin = []
    for name, text in example.files.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "pytest.ini").write_text("\n".join(settings))
    if "main.py" in example.files:
        command = ["-W", "error", "main.py"]
    else:
        command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin]
    done = subprocess.run(
        [sys.executable, *command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    if example.output is not None:
        assert done.stdout == example.output
    else:
        assert re.search(r"\b[12] passed", done.stdout)


def test_the_page_has_examples() -> None:
    assert len(examples()) == 8
    assert all(example.files for example in examples())
