"""Several workers, and reload: the supervisor's side."""

from __future__ import annotations

import os
import re
import signal
from typing import TYPE_CHECKING

import pytest

from tests.server.harness import Command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLAIN = """
import os
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        for kind in ("startup", "shutdown"):
            await receive()
            os.write(1, b"%s %d\\n" % (kind.encode(), os.getpid()))
            await send({"type": f"lifespan.{kind}.complete"})
        return
    if scope["path"] == "/die":
        os._exit(9)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"%d first" % os.getpid()})
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "main.py").write_text(PLAIN)
    return tmp_path


RUN = ("run", "main:app", "--port", "0")


def started(command: Command, times: int) -> list[int]:
    command.wait_for(r"^startup \d+$", times=times)
    return [int(line.split()[1]) for line in command.lines if line.startswith("startup ")]


def serving(command: Command, count: int) -> set[int]:
    """The workers, once each has answered."""
    found: set[int] = set()
    while len(found) < count:
        answers = command.get_many(["/"] * 8)
        found |= {int(body.split()[0]) for _, body in answers}
    return found


def is_gone(pid: int) -> bool:
    """Whether the process has ended; a zombie whose parent is gone has."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return re.sub(r".*\)", "", file.read()).split()[0] == "Z"
    except FileNotFoundError:
        return True


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


def test_reload(here: Path) -> None:
    with Command(here, "dev", "main:app", "--port", "0") as command:
        assert command.get("/")[1].endswith("first")
        (here / "main.py").write_text(PLAIN.replace("first", "second"))
        command.wait_for(r"Changed: main\.py\. Reloading")
        started(command, 2)
        assert command.get("/")[1].endswith("second")
        (here / "main.py").write_text("def (\n")
        command.wait_for("waiting for a change")
        (here / "main.py").write_text(PLAIN.replace("first", "third"))
        started(command, 3)
        assert command.get("/")[1].endswith("third")
        assert command.stop() == 0


def test_reload_does_not_wait_for_a_module_that_is_not_there(here: Path) -> None:
    with Command(here, "dev", "mian:app", "--port", "0") as command:
        assert command.wait() == 3
    assert "did you mean 'main'?" in command.output
