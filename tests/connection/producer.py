"""Applications that send little by little, and how much of it was taken off."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tests.connection.peers import body, hello, start

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.connection.peers import Served

CHUNK = b"x" * 10_000
ENOUGH = 6_400_000_000
"""Nobody reads as much; whatever holds the application back has failed."""


class Producer:
    """Sends without end at ``path``, and counts; ``elsewhere`` answers everything else."""

    def __init__(self, path: str = "/", elsewhere: Any = hello) -> None:
        self.sent = 0
        self.stopped = asyncio.Event()
        self._path = path
        self._elsewhere = elsewhere

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] != self._path:
            await self._elsewhere(scope, receive, send)
            return
        await receive()
        await send(start())
        watch = asyncio.create_task(receive())
        while not watch.done() and self.sent < ENOUGH:
            await send(body(CHUNK, more=True))
            self.sent += len(CHUNK)
        self.stopped.set()


class InTwo:
    """Answers in two pieces, ``one`` and ``two``; the second leaves when :attr:`go_on` is set."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        await send(body(b"one", more=True))
        await self.go_on.wait()
        await send(body(b"two"))


def settled(served: Served, read: Callable[[], int]) -> int:
    """The value once it stands still: as many turns of the loop as it takes to change it."""
    before = -1
    while (now := served.on_loop(read)) != before:
        before = now
        served.wait_for(lambda: asyncio.sleep(0.02))
    return now
