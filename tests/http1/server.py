"""A real server whose application writes down what it is asked, and ways to ask it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Self

from tests.connection.peers import Answer, Client, Served, body, start, with_length
from tests.http1.areas.limits import BODY_LIMIT
from tests.http1.cases import Request

if TYPE_CHECKING:
    from types import TracebackType

PROBE = b"GET /probe HTTP/1.1\r\nHost: probe\r\n\r\n"
"""Is asked after a case, to see whether the connection lives on."""


class Recorder:
    """A server, and the requests that came through to its application."""

    def __init__(self) -> None:
        self.seen: list[Request] = []
        self.served = Served(self.application, {"body_limit": BODY_LIMIT})

    def __enter__(self) -> Self:
        self.served.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.served.__exit__(kind, error, traceback)

    async def application(self, scope: Any, receive: Any, send: Any) -> None:
        data = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return
            data += message["body"]
            more = message["more_body"]
        self.seen.append(
            Request(
                scope["method"],
                scope["raw_path"],
                scope["query_string"],
                bytes(data),
                scope["http_version"],
                tuple(scope["headers"]),
            )
        )
        await send(start(200, with_length(b"ok")))
        await send(body(b"ok"))

    def settle(self) -> None:
        """Returns when the server has dealt with all that was sent to it."""
        # What is readable is read in the iteration that runs this, or in the one before.
        for _ in range(2):
            self.served.on_loop(lambda: None)

    def take(self) -> list[Request]:
        """What was seen since the last time."""
        seen, self.seen = self.seen, []
        return seen


def deliver(recorder: Recorder, client: Client, pieces: list[bytes]) -> None:
    """Sends one piece after the other, each when the server has dealt with those before."""
    # A server that refused reads on for a while, but not for ever.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        for piece in pieces:
            client.send(piece)
            if len(pieces) > 1:
                recorder.settle()


def final(client: Client, *, head_only: bool = False) -> Answer:
    """The next answer that is not an interim one."""
    while True:
        answer = client.answer(head_only=head_only)
        if answer.status >= 200:
            return answer
