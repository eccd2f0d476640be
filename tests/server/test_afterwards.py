"""Code that goes on when its request has been answered, while the server stops."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from websockets.sync.client import connect

from tests.server.harness import Command

if TYPE_CHECKING:
    from pathlib import Path

APPLICATION = """
import asyncio, os

from jebi import BackgroundTasks, FastAPI, WebSocket

app = FastAPI()


async def released(what):
    print(what, "begins", flush=True)
    while not os.path.exists("release"):
        await asyncio.sleep(0.01)
    print(what, "is done", flush=True)


@app.get("/native")
async def native(tasks: BackgroundTasks):
    tasks.add_task(released, "task")


@app.get("/thread")
async def thread(tasks: BackgroundTasks):
    import time

    def wait():
        print("task begins", flush=True)
        while not os.path.exists("release"):
            time.sleep(0.01)
        print("task is done", flush=True)

    tasks.add_task(wait)


@app.websocket("/websocket")
async def websocket(socket: WebSocket):
    await socket.accept()
    try:
        await socket.receive_text()
    finally:
        await released("task")


async def raw(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        await released("task")
"""


def ask(command: Command, path: str) -> None:
    if path == "/websocket":
        with connect(f"ws://127.0.0.1:{command.port}{path}"):
            pass
    else:
        assert command.get(path)[0] == 200


@pytest.mark.parametrize(
    ("app", "path"),
    [("app", "/native"), ("app", "/thread"), ("app", "/websocket"), ("raw", "/")],
)
def test_a_stop_waits_for_it(tmp_path: Path, app: str, path: str) -> None:
    (tmp_path / "main.py").write_text(APPLICATION)
    with Command(tmp_path, "run", f"main:{app}", "--port", "0") as command:
        ask(command, path)
        command.wait_for("task begins")
        command.signal(signal.SIGTERM)
        command.wait_for("Waiting for background tasks to complete")
        (tmp_path / "release").touch()
        assert command.wait() == -signal.SIGTERM
    assert "task is done" in command.lines
