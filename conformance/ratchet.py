"""The expected failures of a suite, and what a run says about them."""

from __future__ import annotations

import json
import os
import socket
import tomllib
from dataclasses import dataclass, field

from conformance.suites import HERE, Suite, load

# Begins the reason of a test that fails for root only, for whom file permissions mean nothing.
AS_ROOT = "as root: "

# Begins the reason of a test that fails only where localhost has no IPv6 address.
WITHOUT_IPV6 = "without IPv6: "

FOLDER = HERE / "expected"
HEAD = """\
# Tests of {suite} that fail on Jebi, each with the reason.
# A listed test that passes, or an unlisted one that fails, is an error. Entries only leave.

"""


@dataclass(frozen=True)
class Result:
    """One finished test."""

    test: str
    outcome: str
    reason: str


@dataclass
class Verdict:
    """A run held against the ratchet. The lists are in the order of the run."""

    suite: Suite
    partial: bool
    collected: int = 0
    passed: int = 0
    skipped: int = 0
    expected: list[Result] = field(default_factory=list)
    new: list[Result] = field(default_factory=list)
    fixed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    trouble: str = ""
    missing: str = ""
    """Why the suite cannot be run here at all, which is no failure."""

    @property
    def ok(self) -> bool:
        """Whether the ratchet holds."""
        failed = bool(self.new) and not self.suite.is_control
        return not (failed or self.fixed or self.gone or self.trouble)

    @property
    def percent(self) -> float:
        """Passed, of what the original passes; of what was collected in a partial run."""
        whole = self.collected - self.skipped
        if not self.partial:
            whole = max(whole, self.suite.total)
        return 100.0 * self.passed / whole if whole else 0.0


def expected(suite: Suite) -> dict[str, str]:
    """The reason for each test that is expected to fail."""
    entries: dict[str, str] = {}
    if suite.is_control:
        return entries
    for name in suite.includes:
        entries |= expected(load()[name])
    return entries | _own(suite)


def _own(suite: Suite) -> dict[str, str]:
    path = FOLDER / f"{suite.title}.toml"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        entries: dict[str, str] = tomllib.load(file)
    elsewhere = [AS_ROOT] if os.geteuid() != 0 else []
    elsewhere += [WITHOUT_IPV6] if _localhost_has_ipv6() else []
    return {test: why for test, why in entries.items() if not why.startswith(tuple(elsewhere))}


def _localhost_has_ipv6() -> bool:
    try:
        return bool(socket.getaddrinfo("localhost", None, socket.AF_INET6))
    except OSError:
        return False


def judge(suite: Suite, results: list[Result], *, partial: bool, trouble: str) -> Verdict:
    """Hold the results against the ratchet."""
    entries = expected(suite)
    verdict = Verdict(suite, partial=partial, trouble=trouble)
    for result in results:
        verdict.collected += 1
        if result.outcome == "passed":
            verdict.passed += 1
            if result.test in entries:
                verdict.fixed.append(result.test)
        elif result.outcome in {"skipped", "xfailed"}:
            verdict.skipped += 1
        elif result.test in entries:
            verdict.expected.append(result)
        else:
            verdict.new.append(result)
    if not partial:
        # A listed test in a file that cannot be imported is hidden, not gone.
        seen = {result.test for result in results}
        verdict.gone = [
            test for test in entries if test not in seen and test.partition("::")[0] not in seen
        ]
    return verdict


def write(suite: Suite, entries: dict[str, str]) -> None:
    """Write the suite's own entries, grouped by reason, so that a group is easy to read."""
    inherited: dict[str, str] = {}
    for name in suite.includes:
        inherited |= expected(load()[name])
    groups: dict[str, list[str]] = {}
    for test, reason in entries.items():
        if test not in inherited:
            groups.setdefault(reason, []).append(test)
    lines = [HEAD.format(suite=suite.title)]
    for reason, tests in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])):
        lines += [f"{_quote(test)} = {_quote(reason)}\n" for test in sorted(tests)]
        lines.append("\n")
    FOLDER.mkdir(exist_ok=True)
    text = "".join(lines).rstrip("\n") + "\n"
    (FOLDER / f"{suite.title}.toml").write_text(text, encoding="utf-8")


def tidy(reason: str) -> str:
    """An exception's text without what changes from run to run, as the first draft of a reason."""
    return " ".join(reason.split())[:160] or "no reason given"


def _quote(text: str) -> str:
    # A JSON string is a TOML basic string, but for DEL, which JSON leaves bare.
    return json.dumps(text, ensure_ascii=True).replace("\x7f", "\\u007f")
