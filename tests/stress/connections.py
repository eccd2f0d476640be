"""Streams of every kind, opened, filled, paused and torn down at random."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import struct
import tempfile
from typing import TYPE_CHECKING, Any

import trustme

from tests.stress.ground import Deeds, Ground
from tests.stress.wires import LONGEST, BufferedEnd, End, Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

CROWD = 80  # ends that are open at once
MODES = ("rb", "wb")
RESET = struct.pack("ii", 1, 0)


def make_contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Of a server and of a client that believes it."""
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client


class Connections(Ground):
    """TCP, Unix sockets, TLS, socket pairs and pipes."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._ends: list[Wire] = []
        self._contexts = make_contexts()

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Listens while the storm lasts."""
        with tempfile.TemporaryDirectory() as directory:
            self._path = os.path.join(directory, "stream")
            servers = [
                await self.loop.create_server(self._accept, "127.0.0.1", 0),
                await self.loop.create_server(self._accept, "127.0.0.1", 0, ssl=self._contexts[0]),
                await self.loop.create_unix_server(self._accept, self._path),
            ]
            self._port, self._tls_port = (
                server.sockets[0].getsockname()[1] for server in servers[:2]
            )
            yield
            for server in servers:
                server.close()
            await self.until("the servers' connections", self._all_lost)

    def deeds(self) -> Deeds:
        return [
            *super().deeds(),
            (60, self.send),
            (6, self.send_much),
            (6, self.open_pair),
            (4, self.open_tcp),
            (3, self.open_unix),
            (2, self.open_tls),
            (3, self.open_pipe),
            (6, self.pause),
            (8, self.resume),
            (4, self.close),
            (3, self.abort),
            (3, self.reset),
            (3, self.finish),
            (2, self.ghost),
        ]

    async def calm_down(self) -> None:
        await super().calm_down()
        for end in self._ends:
            if end.is_open:
                end.transport.close()
        await asyncio.sleep(0.05)
        for end in self._ends:
            end.abort()

    def meddle(self) -> None:
        super().meddle()
        for end in self._ends:
            end.abort()

    def _all_lost(self) -> bool:
        for end in self._ends:
            end.abort()
        return all(end.lost or end.transport is None for end in self._ends)

    def crowded(self) -> bool:
        """Whether enough is open."""
        return sum(not end.lost for end in self._ends) > CROWD

    def some_end(self) -> Wire | None:
        """One end that is open, if there is one."""
        alive = [end for end in self._ends if end.is_open and not end.deserted]
        return self.random.choice(alive) if alive else None

    def _accept(self) -> Wire:
        return self._end(None)

    def _end(self, wire: int | None, kind: type[Wire] | None = None) -> Wire:
        kind = kind or self.random.choice((End, End, BufferedEnd))
        end = kind(self.ledger, wire)
        self._ends = [known for known in self._ends if not known.lost]
        self._ends.append(end)
        return end

    async def _open(
        self, how: Callable[..., Coroutine[Any, Any, Any]], *args: Any, **options: Any
    ) -> None:
        if self.crowded():
            return
        wire = next(self.numbers)
        _, end = await how(lambda: self._end(wire), *args, **options)
        end.send(self.random.randrange(100))

    async def open_pair(self) -> None:
        if self.crowded():
            return
        near, far = socket.socketpair()
        wire = next(self.numbers)
        opening = [
            self.loop.create_connection(lambda: self._end(wire), sock=near),
            self.loop.connect_accepted_socket(self._accept, far),
        ]
        try:
            (_, end), _ = await asyncio.gather(*opening)
        finally:
            # What was taken over stays open; the rest of a cancelled opening goes.
            near.close()
            far.close()
        end.send(10)

    async def open_tcp(self) -> None:
        await self._open(self.loop.create_connection, "127.0.0.1", self._port)

    async def open_unix(self) -> None:
        await self._open(self.loop.create_unix_connection, self._path)

    async def open_tls(self) -> None:
        # Somebody may reset the connection before it is open.
        with contextlib.suppress(OSError):
            await self._open(
                self.loop.create_connection,
                "127.0.0.1",
                self._tls_port,
                ssl=self._contexts[1],
                server_hostname="localhost",
            )

    async def open_pipe(self) -> None:
        if self.crowded():
            return
        wire = next(self.numbers)
        reading, writing = (
            os.fdopen(end, mode, 0) for end, mode in zip(os.pipe(), MODES, strict=True)
        )
        try:
            await self.loop.connect_read_pipe(lambda: self._end(None, End), reading)
        except BaseException:
            # The writing end was not taken over yet; the other one closes by itself.
            writing.close()
            raise
        _, end = await self.loop.connect_write_pipe(lambda: self._end(wire), writing)
        end.send(10)

    def send(self) -> None:
        if end := self.some_end():
            end.send(self.random.choice((0, 1, 50, 1000, LONGEST)))

    def send_much(self) -> None:
        if end := self.some_end():
            for _ in range(10):
                end.send(LONGEST)

    def pause(self) -> None:
        end = self.some_end()
        if end and isinstance(end.transport, asyncio.ReadTransport):
            end.transport.pause_reading()

    def resume(self) -> None:
        end = self.some_end()
        if end and isinstance(end.transport, asyncio.ReadTransport):
            end.transport.resume_reading()

    def close(self) -> None:
        if end := self.some_end():
            end.deserted = True
            end.transport.close()

    def abort(self) -> None:
        if end := self.some_end():
            end.abort()

    def reset(self) -> None:
        """Closes so that the peer gets an error instead of an end."""
        if end := self.some_end():
            sock = end.transport.get_extra_info("socket")
            if sock is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            end.abort()

    def finish(self) -> None:
        end = self.some_end()
        if end and end.writes and end.transport.can_write_eof():
            end.finished = True
            # The peer may have reset the connection, and this is the first to notice.
            with contextlib.suppress(OSError):
                end.transport.write_eof()

    def ghost(self) -> None:
        """Closes a transport's descriptor behind its back; the next one gets its number."""
        end = self.some_end()
        face = end.transport.get_extra_info("socket") if end else None
        if end is None or face is None or end.transport.get_extra_info("sslcontext"):
            return
        if not end.transport.get_write_buffer_size():
            end.deserted = True
            if end.transport.is_reading():
                # What it reads in this very iteration would be another's.
                end.transport.pause_reading()
            os.close(face._sock.detach())
            self.start(self.open_pair())
            self.loop.call_later(self.random.random() / 100, self._bury, end)

    def _bury(self, end: Wire) -> None:
        how = self.random.choice(("close", "abort"))
        end.transport.resume_reading()
        getattr(end.transport, how)()
        # What it had buffered can go nowhere.
        end.abort()
