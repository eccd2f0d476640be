"""Workers that stop answering, and workers whose supervisor is gone."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from jebi.server.config import Config
from jebi.server.supervisors.base import Supervisor
from tests.server.harness import Command
from tests.server.processes import PLAIN, is_gone, serving, started, state

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Eventually = Callable[[Callable[[], bool]], None]


# Processes are slow to start on a machine that is busy.
pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "main.py").write_text(PLAIN)
    return tmp_path


RUN = ("run", "main:app", "--port", "0", "--workers", "2", "--timeout-worker-healthcheck", "1")


def test_a_stopped_worker_is_replaced(here: Path) -> None:
    with Command(here, *RUN) as command:
        stopped, _ = serving(command, 2)
        os.kill(stopped, signal.SIGSTOP)
        command.wait_for(rf"Worker \[{stopped}\] has not answered for .* s: replacing it")
        command.wait_for(rf"Worker \[{stopped}\] is killed$")
        assert len(started(command, 3)) == 3
        assert command.stop() == 0
        assert is_gone(stopped)


def test_a_blocked_loop_is_replaced_and_says_where_it_is(here: Path) -> None:
    with Command(here, *RUN) as command:
        serving(command, 2)
        with command.ask("/block"):
            blocked = int(command.wait_for(r"^blocked (\d+)")[1])
            command.wait_for(rf"Worker \[{blocked}\] is killed; it was here:")
            command.wait_for(r'File ".*main\.py", line \d+ in hold_the_loop')
            started(command, 3)
        assert command.stop() == 0


def test_a_crash_says_where_it_was(here: Path) -> None:
    with Command(here, *RUN) as command:
        serving(command, 2)
        with command.ask("/crash"):
            command.wait_for(r"Worker \[\d+\] was ended by SIGSEGV; it was here:")
            command.wait_for(r'File ".*main\.py", line \d+ in app')
            started(command, 3)
        assert command.stop() == 0


def test_a_death_is_noticed_though_a_child_keeps_the_channel_open(here: Path) -> None:
    with Command(here, *RUN) as command:
        serving(command, 2)
        victim = int(command.get("/fork")[1].split()[0])
        (child,) = children(victim)
        os.kill(victim, signal.SIGKILL)
        command.wait_for(rf"Worker \[{victim}\] was ended by SIGKILL")
        started(command, 3)
        os.kill(child, signal.SIGKILL)
        assert command.stop() == 0


def children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]


def test_no_worker_outlives_the_supervisor(here: Path, eventually: Eventually) -> None:
    with Command(here, *RUN, "--timeout-worker-healthcheck", "60") as command:
        pids = serving(command, 2)
        with command.ask("/block"):
            blocked = int(command.wait_for(r"^blocked (\d+)")[1])
            (stopped,) = pids - {blocked}
            os.kill(stopped, signal.SIGSTOP)
            eventually(lambda: state(stopped) == "T")
            command.signal(signal.SIGKILL)
            began = time.monotonic()
            eventually(lambda: all(map(is_gone, pids)))
            # 2 s are promised; the rest is for a machine that is busy with other tests.
            assert time.monotonic() - began < 4


class Silent:
    """A worker that said nothing for a while."""

    pid, ready, stopping = 1, True, False

    def __init__(self, heard_at: float) -> None:
        self.heard_at = heard_at
        self.given_up = False

    @property
    def due(self) -> float:
        return self.heard_at + 5.0

    def give_up(self) -> None:
        self.given_up = True


@pytest.mark.parametrize(("late", "blamed"), [(0.1, True), (60.0, False)])
def test_a_supervisor_that_was_stopped_itself_blames_nobody(late: float, blamed: bool) -> None:
    supervisor = Supervisor(Config("none:none", log_config=None), [])
    worker = Silent(time.monotonic() - 5.0 - late)
    supervisor.workers.append(worker)  # type: ignore[arg-type]  # looks like one
    supervisor._look_after(due=worker.due)
    assert worker.given_up is blamed
    assert blamed or worker.due > time.monotonic() + 4.0, "it has its time again"
    supervisor.close()
