"""The table of suites and what is left out of them."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance import ratchet, suites
from conformance.plugin.jebi_loops.left_out import LeftOut
from conformance.ratchet import Result, judge
from conformance.suites import PYTHON

if TYPE_CHECKING:
    from pathlib import Path

SUITES = suites.load()


@pytest.mark.parametrize("name", SUITES)
def test_what_a_suite_needs_is_there(name: str) -> None:
    suite = SUITES[name]
    assert (suites.HERE / "requirements" / f"{suite.requirements}.txt").exists()
    assert suite.passes
    assert set(suite.includes) <= set(SUITES)
    assert bool(suite.distribution) == bool(suite.version) == bool(suite.paths)


@pytest.mark.parametrize(
    "path", sorted((suites.HERE / "left_out").glob("*.toml")), ids=lambda it: it.stem
)
def test_what_is_left_out_has_a_reason(path: Path) -> None:
    assert path.stem in SUITES
    for pattern, reason in tomllib.loads(path.read_text(encoding="utf-8")).items():
        assert re.compile(pattern)
        assert reason


@pytest.mark.parametrize("path", sorted(ratchet.FOLDER.glob("*.toml")), ids=lambda it: it.stem)
def test_a_list_of_expected_failures_belongs_to_a_suite(path: Path) -> None:
    names = {name for name, suite in SUITES.items() if not suite.is_of_interpreter}
    assert path.stem in names or path.stem.rpartition("-")[0] in SUITES


def test_patterns_match_the_beginning_of_a_name() -> None:
    left_out = LeftOut([r"a\.py::(A|B)::", r".*\[(.*-)?trio(-.*)?\]"])
    inside = ["a.py::A::test", "a.py::B::test", "b.py::test[trio]", "b.py::test[x-trio-y]"]
    outside = ["a.py::C::test", "b.py::a.py::A::test", "b.py::test[strio]", "b.py::test_trio"]
    assert all(test in left_out for test in inside)
    assert not any(test in left_out for test in outside)
    assert "anything" not in LeftOut([])


def test_a_file_is_left_out_by_its_path_alone() -> None:
    left_out = LeftOut([r"tests/(a|b)\.py", ".*AIO", r"(?!.*\[ours\])"])
    assert left_out.has_file("tests/a.py")
    assert not left_out.has_file("tests/c.py")
    assert "tests/c.py::test[theirs]" in left_out
    assert "tests/c.py::test[ours]" not in left_out


def test_a_loop_to_compare_with_has_no_ratchet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ratchet, "FOLDER", tmp_path)
    suite = SUITES["cpython-asyncio"]
    ratchet.write(suite, {"a": "why", "b": "why"})
    assert (tmp_path / f"cpython-asyncio-{PYTHON}.toml").exists()
    results = [Result("a", "passed", ""), Result("b", "failed", ""), Result("c", "failed", "")]
    assert not judge(suite, results, partial=False, trouble="").ok
    other = judge(replace(suite, loop="uvloop"), results, partial=False, trouble="")
    assert other.ok
    assert [result.test for result in other.new] == ["b", "c"]
    assert not judge(replace(suite, loop="uvloop"), [], partial=False, trouble="no tests").ok
