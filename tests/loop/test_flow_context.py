"""In which context a protocol is told to stop writing and to go on."""

from __future__ import annotations

import asyncio
import contextvars
import socket
from typing import Any

import jebi.loop

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


class Paused(asyncio.Protocol):
    """Notes where it is called; the one who writes is elsewhere."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []
        self.resumed = asyncio.get_running_loop().create_future()

    def pause_writing(self) -> None:
        self.seen.append(("paused", variable.get()))

    def resume_writing(self) -> None:
        self.seen.append(("resumed", variable.get()))
        self.resumed.set_result(None)


def test_it_is_that_of_the_connection_whoever_writes() -> None:
    """As uvloop has it; asyncio calls ``pause_writing`` in the context of the writer."""

    async def main() -> None:
        near, far = socket.socketpair()
        far.setblocking(False)
        variable.set("connection")
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.create_unix_connection(Paused, sock=near)

        async def write() -> None:
            variable.set("writer")
            transport.set_write_buffer_limits(high=1)
            while not protocol.seen:
                transport.write(b"x" * 65536)

        await asyncio.create_task(write())
        while not protocol.resumed.done():
            await loop.sock_recv(far, 65536)
        transport.abort()
        far.close()
        assert protocol.seen == [("paused", "connection"), ("resumed", "connection")]

    jebi.loop.run(main())


def test_a_callback_of_the_connection_may_write() -> None:
    """It is inside of that context already."""

    class Answers(Paused):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport: Any = transport

        def data_received(self, _data: bytes) -> None:
            variable.set("callback")
            self.transport.set_write_buffer_limits(high=1)
            while not self.seen:
                self.transport.write(b"x" * 65536)
            self.resumed.set_result(None)

    async def main() -> None:
        near, far = socket.socketpair()
        variable.set("connection")
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.create_unix_connection(Answers, sock=near)
        far.send(b"go")
        await protocol.resumed
        transport.abort()
        far.close()
        assert protocol.seen == [("paused", "callback")]

    jebi.loop.run(main())
