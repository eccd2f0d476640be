"""Calls that wait for a thread while no call ends: the log says so, and where the threads are."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.server.harness import Command

if TYPE_CHECKING:
    from pathlib import Path

APP = """
import anyio.from_thread, anyio.to_thread
from jebi import FastAPI
from jebi.concurrency import run_in_threadpool

app = FastAPI()

@app.get("/tokens/{number}")
async def tokens(number: int):
    anyio.to_thread.current_default_thread_limiter().total_tokens = number

@app.get("/nested")
def wait_for_another():
    return anyio.from_thread.run(run_in_threadpool, int)
"""


def test_a_call_that_waits_for_one_without_a_thread_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(APP)
    command = Command(tmp_path, "run", "main:app", "--port", "0", "--no-access-log")
    with command, ThreadPoolExecutor(1) as client:
        assert command.get("/nested") == (200, "0")
        command.get("/tokens/1")
        nested = client.submit(command.get, "/nested")
        told = (
            "The 1 calls that the pool runs have not ended for ten seconds, and 1 wait for a thread"
        )
        command.wait_for(f"{told}.* jebi-pool-\\d is at .*main.py:14 in wait_for_another\\.")
        command.get("/tokens/2")
        assert nested.result() == (200, "0")
        command.stop()
