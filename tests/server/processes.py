"""What ``/proc`` says about processes, and the application whose workers are looked at."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.server.harness import Command

PLAIN = """
import asyncio, os, time
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        for kind in ("startup", "shutdown"):
            await receive()
            os.write(1, b"%s %d\\n" % (kind.encode(), os.getpid()))
            await send({"type": f"lifespan.{kind}.complete"})
        return
    if scope["path"] == "/die":
        os._exit(9)
    if scope["path"] == "/block":
        hold_the_loop()
    if scope["path"] == "/crash":
        import ctypes
        ctypes.string_at(0)
    if scope["path"] == "/fork":
        if os.fork() == 0:
            time.sleep(60)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"%d first" % os.getpid()})

def hold_the_loop():
    os.write(1, b"blocked %d\\n" % os.getpid())
    time.sleep(60)
"""


def state(pid: int) -> str:
    """The letter for what a process does: ``R``, ``S``, ``T``, ``Z``; empty when it is gone."""
    try:
        found = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return re.sub(r".*\)", "", found).split()[0]


def is_gone(pid: int) -> bool:
    """Whether the process has ended; a zombie whose parent is gone has."""
    return state(pid) in {"", "Z"}


def started(command: Command, times: int) -> list[int]:
    """The workers whose lifespan has started, once so many have."""
    command.wait_for(r"^startup \d+$", times=times)
    return [int(line.split()[1]) for line in command.lines if line.startswith("startup ")]


def serving(command: Command, count: int) -> set[int]:
    """The workers, once so many have answered."""
    found: set[int] = set()
    while len(found) < count:
        answers = command.get_many(["/"] * 8)
        found |= {int(body.split()[0]) for _, body in answers}
    return found
