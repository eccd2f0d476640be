"""Ctrl-C twice: whoever insists on leaving leaves, whatever the application is waiting for."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Any

import pytest

import jebi.loop
from jebi.server import Config, Server
from tests.server.harness import Command

if TYPE_CHECKING:
    from pathlib import Path

# Processes are slow to start on a machine that is busy.
pytestmark = pytest.mark.timeout(120)

HANGING = """
import asyncio, sys
WHERE = {where!r}
async def app(scope, receive, send):
    for kind in ("startup", "shutdown"):
        await receive()
        if kind == WHERE:
            print("hangs", flush=True)
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                print("cleaned up", flush=True)
        await send({{"type": f"lifespan.{{kind}}.complete"}})
"""

RUN = ("run", "main:app", "--port", "0")


def hanging(where: str, place: Path) -> Command:
    (place / "main.py").write_text(HANGING.format(where=where))
    return Command(place, *RUN)


def test_while_the_application_starts(tmp_path: Path) -> None:
    with hanging("startup", tmp_path) as command:
        command.wait_for("^hangs$")
        command.signal(signal.SIGINT)
        command.wait_for(r"start-up to end. \(CTRL\+C to force quit\)")
        command.signal(signal.SIGINT)
        assert command.wait() == 0
    assert "cleaned up" in command.lines
    assert "Jebi running" not in command.output
    assert "Traceback" not in command.output


def test_while_the_application_shuts_down(tmp_path: Path) -> None:
    with hanging("shutdown", tmp_path) as command:
        command.wait_for("Jebi running")
        command.signal(signal.SIGINT)
        command.wait_for("^hangs$")
        command.signal(signal.SIGINT)
        assert command.wait() == 0
    assert "cleaned up" in command.lines
    assert "shutdown complete" not in command.output
    assert "Traceback" not in command.output


FRAMEWORK = """
import asyncio
from contextlib import asynccontextmanager
from jebi import FastAPI
@asynccontextmanager
async def lifespan(app):
    yield
    print("never shut down", flush=True)
app = FastAPI(lifespan=lifespan)
@app.get("/")
async def hang():
    print("hangs", flush=True)
    await asyncio.Event().wait()
"""


def test_while_a_request_hangs(tmp_path: Path) -> None:
    """The lifespan, which is not to go on, makes no noise."""
    (tmp_path / "main.py").write_text(FRAMEWORK)
    with Command(tmp_path, *RUN) as command, command.ask("/"):
        command.wait_for("^hangs$")
        command.signal(signal.SIGINT)
        command.wait_for("Waiting for connections to close")
        command.signal(signal.SIGINT)
        assert command.wait() == 0
    assert "never shut down" not in command.lines
    assert command.output.count("Traceback") == 1, "where the request was"
    assert "Application shutdown is cut off." in command.output


def test_once_lets_the_start_up_end(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(
        HANGING.format(where="startup").replace("asyncio.Event().wait()", "line()")
        + "async def line():\n"
        "    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)\n"
    )
    with Command(tmp_path, *RUN, stdin=True) as command:
        command.wait_for("^hangs$")
        command.signal(signal.SIGINT)
        command.wait_for("start-up to end")
        command.give("go on\n")
        assert command.wait() == 0
    assert "INFO:     Application shutdown complete." in command.lines


@pytest.mark.parametrize("where", ["startup", "shutdown"])
def test_an_embedded_server(where: str) -> None:
    """The task of the application does not outlive the server."""
    left: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for kind in ("startup", "shutdown"):
            await receive()
            if kind == where:
                server.should_exit = server.force_exit = True
                try:
                    await asyncio.Event().wait()
                finally:
                    left.append(kind)
            await send({"type": f"lifespan.{kind}.complete"})
            server.should_exit = True

    server = Server(Config(app, port=0, log_config=None))

    async def main() -> None:
        await server.serve()
        await asyncio.sleep(0)
        assert left == [where]

    jebi.loop.run(main())
