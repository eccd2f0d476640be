"""A process that has served long enough, or has grown too large, is replaced."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING, Any

import pytest

from jebi.server import Config, wear
from jebi.server.errors import CANNOT_START, CannotStart
from tests.server.harness import Command
from tests.server.processes import PLAIN, started

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1 << 20


class Clock:
    """Time and memory as a test wants them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.rss = 50 * MIB
        monkeypatch.setattr("time.monotonic", lambda: self.now)
        monkeypatch.setattr(wear, "rss", lambda: self.rss)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def config(**settings: Any) -> Config:
    return Config("main:app", log_config=None, **settings)


def test_without_limits_nothing_wears_out(clock: Clock) -> None:
    assert not config().wears_out
    worn = wear.Wear(config())
    clock.now, clock.rss = 1e9, 1 << 50
    assert worn.reason() is None


def test_age(clock: Clock) -> None:
    settings = config(limit_max_age=60)
    assert settings.wears_out
    worn = wear.Wear(settings)
    clock.now += 59
    assert worn.reason() is None
    clock.now += 1
    assert worn.reason() == "Maximum age of 60 s exceeded."


def test_memory(clock: Clock) -> None:
    settings = config(limit_max_rss=80)
    assert settings.wears_out
    worn = wear.Wear(settings)
    assert worn.reason() is None
    clock.rss = 81 * MIB
    assert worn.reason() is None, "it was looked at a moment ago"
    clock.now += 1
    assert worn.reason() == "Maximum memory of 80 MiB exceeded: 81 MiB."


def test_a_limit_that_would_replace_for_ever(clock: Clock) -> None:
    with pytest.raises(CannotStart, match=r"limit_max_rss is 50 MiB, and .* takes 50 MiB"):
        wear.Wear(config(limit_max_rss=50))


def test_memory_is_what_the_system_says() -> None:
    # Mapped for this, as what was freed before may be used again.
    with mmap.mmap(-1, 32 * MIB) as memory:
        before = wear.rss()
        memory.write(bytes(MIB) * 32)
        assert 16 * MIB < wear.rss() - before < 64 * MIB


def test_an_old_worker_goes_when_another_serves(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(PLAIN)
    arguments = ("run", "main:app", "--port", "0", "--workers", "2", "--limit-max-age", "1")
    with Command(tmp_path, *arguments) as command:
        first = started(command, 2)
        reason = r"Worker \[(\d+)\] is replaced: Maximum age of 1 s exceeded"
        leaving = int(command.wait_for(reason)[1])
        assert leaving in first
        new = started(command, 3)[2]
        command.wait_for(rf"^shutdown {leaving}$")
        assert command.lines.index(f"startup {new}") < command.lines.index(f"shutdown {leaving}")
        assert command.get("/")[0] == 200
        assert command.stop() == 0


def test_without_a_supervisor_the_process_ends(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(PLAIN)
    with Command(tmp_path, "run", "main:app", "--port", "0", "--limit-max-age", "1") as command:
        command.wait_for(r"Maximum age of 1 s exceeded\. Terminating process\.")
        assert command.wait() == 0


def test_a_worker_too_large_from_the_start_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(PLAIN)
    arguments = ("run", "main:app", "--port", "0", "--workers", "2", "--limit-max-rss", "1")
    with Command(tmp_path, *arguments) as command:
        assert command.wait() == CANNOT_START
        assert "limit_max_rss is 1 MiB" in command.output
