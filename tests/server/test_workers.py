"""Several workers: they start, are replaced and leave."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.server.harness import Command
from tests.server.processes import PLAIN, is_gone, serving, started

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


# Processes are slow to start on a machine that is busy.
pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "main.py").write_text(PLAIN)
    return tmp_path


HOLDING = """
import asyncio, os
async def app(scope, receive, send):
    if scope["type"] == "http":
        os.write(1, b"holding\\n")
        await asyncio.Event().wait()
"""

RUN = ("run", "main:app", "--port", "0")


def test_workers_serve_and_leave(here: Path) -> None:
    with Command(here, *RUN, "--workers", "2") as command:
        pids = started(command, 2)
        assert int(command.get("/")[1].split()[0]) in pids
        assert command.stop() == 0
        assert all(map(is_gone, pids))
        assert sorted(command.lines).count("INFO:     Application shutdown complete.") == 2


def test_ctrl_c_in_the_terminal_reaches_all_and_stops_once(here: Path) -> None:
    with Command(here, *RUN, "--workers", "2") as command:
        pids = started(command, 2)
        assert command.get("/")[0] == 200
        for pid in pids:
            os.kill(pid, signal.SIGINT)
        command.signal(signal.SIGINT)
        assert command.wait() == 0
        assert sorted(command.lines).count("INFO:     Application shutdown complete.") == 2


def test_a_dead_worker_is_replaced(here: Path) -> None:
    with Command(here, *RUN, "--workers", "1", env={"WEB_CONCURRENCY": "1"}) as single:
        single.wait_for("Jebi running")
    with Command(here, *RUN, "--workers", "2") as command:
        first = started(command, 2)
        os.kill(first[0], signal.SIGKILL)
        command.wait_for(rf"Worker \[{first[0]}\] was ended by SIGKILL")
        assert len(set(started(command, 3))) == 3
        assert command.get("/")[0] == 200
        assert command.stop() == 0


def test_workers_leave_when_the_supervisor_is_killed(
    here: Path, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    with Command(here, *RUN, "--workers", "2") as command:
        pids = serving(command, 2)
        command.signal(signal.SIGKILL)
        command.wait()
        for pid in pids:
            command.wait_for(rf"shutdown {pid}")
        eventually(lambda: all(map(is_gone, pids)))


def test_a_worker_that_cannot_be_started_is_tried_again(here: Path) -> None:
    """The system may have no room for one just now; those that serve go on."""
    with Command(here, *RUN, "--workers", "2") as command:
        victim, _ = serving(command, 2)
        pid, limit = command.process.pid, resource.RLIMIT_NOFILE
        _, hard = before = resource.prlimit(pid, limit)
        resource.prlimit(pid, limit, (3, hard))
        os.kill(victim, signal.SIGKILL)
        command.wait_for("Cannot start a worker: Too many open files", times=3)
        assert command.get("/")[0] == 200
        resource.prlimit(pid, limit, before)
        started(command, 3)
        assert command.stop() == 0
    assert "Traceback" not in command.output


def test_no_worker_at_all(here: Path) -> None:
    (here / "jebi_no_processes.py").write_text(
        "import errno, os, subprocess, sys\n"
        "def refuse(*_, **__):\n"
        "    raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))\n"
        "subprocess.Popen = refuse\n"
        "from jebi.cli import main\n"
        "main()\n"
    )

    class Alone(Command):
        program = ("jebi_no_processes.py",)

    with Alone(here, *RUN, "--workers", "2") as command:
        assert command.wait() == 3
    assert "Cannot start a worker: Resource temporarily unavailable" in command.output
    assert command.lines[-2].endswith("No worker can be started: leaving")
    assert "Traceback" not in command.output


@pytest.mark.parametrize("setting", ["--timeout-worker-healthcheck", "--timeout-graceful-shutdown"])
def test_a_deadline_in_years(here: Path, setting: str) -> None:
    """More than a poll can be told."""
    with Command(here, *RUN, "--workers", "2", setting, "99999999") as command:
        serving(command, 2)
        assert command.stop() == 0


def test_a_crash_loop_ends(here: Path) -> None:
    (here / "main.py").write_text(PLAIN + "os._exit(9)\n")
    with Command(here, *RUN, "--workers", "2") as command:
        assert command.wait() == 3
    assert "workers died one after the other: leaving" in command.output


def test_an_application_that_cannot_start_ends_it_all(here: Path) -> None:
    with Command(here, "run", "main:aap", "--port", "0", "--workers", "2") as command:
        assert command.wait() == 3
    assert "'main' has no attribute 'aap'; did you mean 'app'?" in command.output
    assert "Traceback" not in command.output


def test_hup_replaces_the_workers_one_by_one(here: Path) -> None:
    with Command(here, *RUN, "--workers", "2") as command:
        old = started(command, 2)
        command.wait_for("Jebi running")
        (here / "main.py").write_text(PLAIN.replace("first", "second"))
        command.signal(signal.SIGHUP)
        everyone = started(command, 4)
        for pid in old:
            command.wait_for(rf"shutdown {pid}")
        assert command.get("/")[1].endswith("second")
        assert command.stop() == 0
        assert all(map(is_gone, everyone))


def test_hup_with_broken_code_leaves_the_old_ones(here: Path) -> None:
    with Command(here, *RUN, "--workers", "2") as command:
        old = serving(command, 2)
        (here / "main.py").write_text("def (\n")
        command.signal(signal.SIGHUP)
        command.wait_for("The new worker did not start: the old ones stay")
        command.wait_for("SyntaxError")
        assert serving(command, 2) == old
        (here / "main.py").write_text(PLAIN.replace("first", "second"))
        command.signal(signal.SIGHUP)
        assert len(set(started(command, 4)) - old) == 2
        for pid in old:
            command.wait_for(rf"^shutdown {pid}$")
        assert command.get("/")[1].endswith("second")
        assert command.stop() == 0


def test_more_and_fewer_workers(here: Path) -> None:
    with Command(here, *RUN, "--workers", "2") as command:
        serving(command, 2)
        command.signal(signal.SIGTTIN)
        command.wait_for("Received SIGTTIN, now 3 workers")
        assert len(set(started(command, 3))) == 3
        for wanted in (2, 1):
            command.signal(signal.SIGTTOU)
            command.wait_for(f"Received SIGTTOU, now {wanted} workers")
            command.wait_for(r"^shutdown", times=3 - wanted)
        command.signal(signal.SIGTTOU)
        assert command.get("/")[0] == 200
        assert command.stop() == 0
    assert command.output.count("Received SIGTTOU") == 2, "one has to stay"


def test_a_worker_that_has_done_enough_goes_when_another_serves(here: Path) -> None:
    with Command(here, *RUN, "--workers", "2", "--limit-max-requests", "20") as command:
        first = started(command, 2)
        answered = [command.get("/")[1].split()[0] for _ in range(80)]
        leaving = int(command.wait_for(r"Worker \[(\d+)\] is replaced: Maximum request limit")[1])
        assert leaving in first
        new = started(command, 3)[2]
        lines = command.lines
        ready = lines.index(f"startup {new}")
        command.wait_for(rf"^shutdown {leaving}$")
        assert lines.index(f"shutdown {leaving}") > ready
        assert len(answered) == 80
        assert command.stop() == 0


def test_the_second_signal_waits_for_nobody(here: Path) -> None:
    (here / "main.py").write_text(HOLDING)
    with Command(here, *RUN, "--workers", "2") as command, command.ask("/") as client:
        command.wait_for("^holding$")
        command.signal(signal.SIGTERM)
        command.wait_for("Waiting for connections to close")
        command.signal(signal.SIGTERM)
        assert command.wait() == 0
        assert client.recv(10) == b""


def test_a_worker_that_does_not_leave_in_time_is_cut_off(here: Path) -> None:
    (here / "main.py").write_text(HOLDING)
    with (
        Command(here, *RUN, "--workers", "2", "--timeout-graceful-shutdown", "1") as command,
        command.ask("/"),
    ):
        command.wait_for("^holding$")
        command.signal(signal.SIGTERM)
        assert command.wait() == 0
    assert "Cancel 1 running task(s), timeout graceful shutdown exceeded" in command.output


def test_connections_are_divided_evenly(here: Path) -> None:
    with Command(here, *RUN, "--workers", "2") as command:
        serving(command, 2)
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(command.connect()) for _ in range(60)]
            held: Counter[str] = Counter()
            for client in clients:
                client.sendall(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
            for client in clients:
                found = re.search(rb"(\d+) first", client.recv(4096))
                assert found is not None
                held[found[1].decode()] += 1
        # Nearly even where the machine has time; one that took what it could get would have all.
        assert len(held) == 2
        assert max(held.values()) <= 52
        assert command.stop() == 0
