"""What tests of dependencies side by side share: where they meet, and what they note."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jebi import Depends, FastAPI, HTTPException
from jebi.responses import JSONResponse
from tests.connection.peers import Served
from tests.plan.both_ways import compare, get

if TYPE_CHECKING:
    from jebi.params import Depends as Marked

Both = Callable[[FastAPI], tuple[Served, Served]]


class Meeting:
    """A place that nobody leaves before all have come: who is alone waits for ever."""

    def __init__(self, parties: int) -> None:
        self.parties, self.here, self.all_here = parties, 0, asyncio.Event()

    async def meet(self) -> None:
        self.here += 1
        if self.here == self.parties:
            self.here = 0
            self.all_here.set()
            self.all_here = asyncio.Event()
        else:
            await asyncio.wait_for(self.all_here.wait(), 5)


class Notes(list[str]):
    """What one request has done, in order."""

    def take(self) -> list[str]:
        """All of them; the next request begins with none."""
        taken = self[:]
        self.clear()
        return taken

    def told_by(self, app: FastAPI) -> None:
        """Have ``app`` answer a failure with what it says and what is noted."""

        @app.exception_handler(HTTPException)
        async def tell(_: Any, error: HTTPException) -> Any:
            return JSONResponse([error.detail, *self.take()], 418)

    def asked_for(self, app: FastAPI, many: int) -> None:
        """Have ``app`` answer ``/notes``, once there are ``many``."""

        @app.get("/notes")
        async def read_notes() -> list[str]:
            while len(self) < many:  # exits go on when their answer is out
                await asyncio.sleep(0)
            return self.take()


def marked(*calls: Callable[..., Any]) -> list[Marked]:
    """Dependencies that are awaited together."""
    return [Depends(call, parallel=True) for call in calls]


def answers(both: Both, app: FastAPI, *targets: str) -> list[Any]:
    """What both ways answer to each of the targets."""
    native, asgi = both(app)
    found = compare(native, asgi, [get(target) for target in targets])
    return [json.loads(answer.partition(b"\r\n\r\n")[2]) for answer in found]


def answers_and_notes(both: Both, app: FastAPI) -> list[Any]:
    """What both ways answer to ``/``, and to ``/notes`` right behind it."""
    found = []
    for served in both(app):
        with served.connect() as client:
            client.send(get("/"))
            answer = json.loads(client.answer().body)
            client.send(get("/notes"))
            found.append((answer, json.loads(client.answer().body)))
    native, asgi = found
    assert native == asgi
    return [*native]
