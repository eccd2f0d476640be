"""The ratchet of the conformance runs."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from conformance import ratchet
from conformance.ratchet import Result, judge
from conformance.suites import PYTHON, Suite

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Suite:
    monkeypatch.setattr(ratchet, "FOLDER", tmp_path)
    return Suite("it", "it", distribution="it", passes={"it": {PYTHON: 4}})


def results(**outcomes: str) -> list[Result]:
    return [Result(f"t.py::{name}", outcome, "why") for name, outcome in outcomes.items()]


def test_listed_failures_and_passes_hold(suite: Suite) -> None:
    ratchet.write(suite, {"t.py::b": "private name"})
    run = results(a="passed", b="failed", c="skipped", d="xfailed")
    verdict = judge(suite, run, partial=False, trouble="")
    assert verdict.ok
    assert (verdict.collected, verdict.passed, verdict.skipped) == (4, 1, 2)
    assert [result.test for result in verdict.expected] == ["t.py::b"]


def test_an_unlisted_failure_is_an_error(suite: Suite) -> None:
    verdict = judge(suite, results(a="failed"), partial=True, trouble="")
    assert not verdict.ok
    assert [result.test for result in verdict.new] == ["t.py::a"]


def test_a_listed_test_that_passes_is_an_error(suite: Suite) -> None:
    ratchet.write(suite, {"t.py::a": "private name"})
    verdict = judge(suite, results(a="passed"), partial=True, trouble="")
    assert not verdict.ok
    assert verdict.fixed == ["t.py::a"]


def test_a_listed_test_that_is_gone_is_an_error_in_a_full_run_only(suite: Suite) -> None:
    ratchet.write(suite, {"t.py::gone": "x", "broken.py::hidden": "y"})
    run = [*results(a="passed"), Result("broken.py", "failed", "ImportError")]
    assert judge(suite, run, partial=False, trouble="").gone == ["t.py::gone"]
    assert judge(suite, run, partial=True, trouble="").gone == []


def test_the_share_is_of_what_the_original_passes(suite: Suite) -> None:
    run = results(a="passed", b="failed")
    assert judge(suite, run, partial=False, trouble="").percent == 25.0
    assert judge(suite, run, partial=True, trouble="").percent == 50.0


def test_what_fails_for_root_only(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    ratchet.write(suite, {"t.py::a": "as root: reads everything"})
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert judge(suite, results(a="failed"), partial=False, trouble="").ok
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert judge(suite, results(a="passed"), partial=False, trouble="").ok
    assert not judge(suite, results(a="failed"), partial=False, trouble="").ok


@pytest.mark.parametrize("has_ipv6", [True, False])
def test_what_fails_without_ipv6_only(
    suite: Suite, has_ipv6: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_up(host: str, _port: None, family: int) -> list[object]:
        assert (host, family) == ("localhost", socket.AF_INET6)
        if not has_ipv6:
            raise socket.gaierror
        return [()]

    ratchet.write(suite, {"t.py::a": "without IPv6: no such name"})
    monkeypatch.setattr("socket.getaddrinfo", look_up)
    assert judge(suite, results(a="failed"), partial=False, trouble="").ok is not has_ipv6
    assert judge(suite, results(a="passed"), partial=False, trouble="").ok is has_ipv6


def test_entries_survive_strange_names(suite: Suite) -> None:
    entries = {'t.py::a["\\x00\x7fé]': 'says "no"\n', "t.py::b": "plain"}
    ratchet.write(suite, entries)
    assert ratchet.expected(suite) == entries
