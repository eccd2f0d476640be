"""Reload: the new code is served, whatever is open meanwhile."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from jebi.server.config import Config
from jebi.server.supervisors.watchfilesreload import FileFilter
from tests.server.harness import Command
from tests.server.processes import PLAIN, started
from tests.server.streaming import ENDLESS, HANDSHAKE, HELLO, RESTARTS, rest, until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# Processes are slow to start on a machine that is busy.
pytestmark = pytest.mark.timeout(120)

RUN = ("dev", "main:app", "--port", "0")


def test_reload_and_a_syntax_error(tmp_path: Path) -> None:
    main = tmp_path / "main.py"
    main.write_text(PLAIN)
    with Command(tmp_path, *RUN) as command:
        assert command.get("/")[1].endswith("first")
        main.write_text(PLAIN.replace("first", "second"))
        command.wait_for(r"Changed: main\.py\. Reloading")
        started(command, 2)
        assert command.get("/")[1].endswith("second")
        main.write_text("def (\n")
        command.wait_for("SyntaxError")
        command.wait_for("waiting for a change")
        main.write_text(PLAIN.replace("first", "third"))
        started(command, 3)
        assert command.get("/")[1].endswith("third")
        assert command.stop() == 0


def test_a_module_that_is_not_there_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(PLAIN)
    with Command(tmp_path, "dev", "mian:app", "--port", "0") as command:
        assert command.wait() == 3
    assert "did you mean 'main'?" in command.output


def test_streams_and_sockets_do_not_hold_it_up(tmp_path: Path) -> None:
    main = tmp_path / "main.py"
    main.write_text(ENDLESS)
    with contextlib.ExitStack() as stack:
        # It would wait for a minute, if it waited for them.
        patient = ("--timeout-graceful-shutdown", "60")
        command = stack.enter_context(Command(tmp_path, *RUN, *patient))
        stream = stack.enter_context(command.ask("/events"))
        until(stream, b"first")
        client = stack.enter_context(command.connect())
        client.sendall(HANDSHAKE)
        until(client, HELLO)
        main.write_text(ENDLESS.replace("first", "second"))
        assert rest(client) == RESTARTS
        rest(stream)
        command.wait_for("^stream ended$")
        command.wait_for("Application startup complete", times=2)
        assert command.get("/")[1] == '"second"'
        assert command.stop() == 0


BLIND = """
import os
def watch(*_, stop_event, **__):
    while not (os.path.exists("blind") or stop_event.wait(0.01)):
        yield from ()
    raise OSError(28, "inotify watch limit reached")
"""


def test_files_that_cannot_be_watched(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(PLAIN)
    (tmp_path / "watchfiles.py").write_text(BLIND)
    (tmp_path / "blind").touch()
    with Command(tmp_path, *RUN) as command:
        assert command.wait() == 3
    assert "cannot be watched: [Errno 28] inotify watch limit reached" in command.output
    assert "Traceback" not in command.output


def test_files_that_cannot_be_watched_any_more(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(PLAIN)
    (tmp_path / "watchfiles.py").write_text(BLIND)
    with Command(tmp_path, *RUN) as command:
        assert command.get("/")[0] == 200
        (tmp_path / "blind").touch()
        command.wait_for("cannot be watched: .* WATCHFILES_FORCE_POLLING=true")
        assert command.get("/")[0] == 200, "what serves goes on"
        assert command.stop() == 0


@pytest.mark.parametrize(
    ("path", "includes", "excludes", "counts"),
    [
        ("app/main.py", (), (), True),
        ("app/page.html", (), (), False),
        ("app/page.html", ("*.html",), (), True),
        ("app/.hidden.py", (), (), False),
        ("app/.hidden.py", (".*",), (), True),
        ("app/~main.py", (), (), False),
        ("app/main.py", (), ("*.py",), False),
        ("app/main.py", (), ("main.*",), False),
        ("tests/test_app.py", (), ("tests/*",), False),
        ("app/tests.py", (), ("tests/*",), True),
        ("generated/deep/main.py", (), ("generated",), False),
        ("app/main.py", (), ("generated",), True),
    ],
)
def test_which_changes_count(
    path: str,
    includes: Sequence[str],
    excludes: Sequence[str],
    counts: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "generated").mkdir()
    config = Config(
        "main:app",
        reload=True,
        log_config=None,
        reload_includes=list(includes),
        reload_excludes=list(excludes),
    )
    assert FileFilter(config)(tmp_path / path) is counts
