"""Clients that keep asking, a program of its own: ``loading.py PORT KEEPING FRESH [PATH]``.

KEEPING clients ask on one connection each, as long as the server lets them; FRESH ones open a new
connection for each request. They ask again for nothing: what is not answered is lost. Says
``ready`` when each has been answered. ``leave`` on its input means that connections may be refused
from now on, and that a client which is refused is done. ``hold`` has all of them wait before their
next request, and tells the ports of those that wait for an answer, as JSON; ``go on`` ends that,
and whose connection was closed meanwhile takes another one. The end of the input ends it. Then it
says what came of it, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter

# Quick answers, and some that are under way when something happens to the server.
PATHS = ("/", "/", "/slow", "/", "/stream", "/", "/")


class CutError(Exception):
    """The connection ended before the answer did; the text says when."""


class Load:
    """What the clients have in common."""

    def __init__(self, port: int, path: str | None) -> None:
        self.port = port
        self.paths = (path,) if path else PATHS
        self.answered = 0
        self.by: Counter[str] = Counter()
        self.refused = 0
        self.lost: Counter[str] = Counter()
        self.is_over = self.may_refuse = False
        self.may_ask = asyncio.Event()
        self.may_ask.set()
        self.asking: set[int] = set()
        self.first: list[asyncio.Event] = []

    async def client(self, place: int, *, keeps: bool) -> None:
        """Asks until it is over."""
        answered = asyncio.Event()
        self.first.append(answered)
        connection: Connection | None = None
        turn = place
        while not self.is_over:
            turn += 1
            reused = connection is not None
            try:
                connection = await self.ready(connection)
                who, closes = await self.ask(connection, self.paths[turn % len(self.paths)])
            except ConnectionRefusedError:
                self.refused += not self.may_refuse
                if self.may_refuse:
                    return
                await asyncio.sleep(0.01)
                continue
            except (CutError, OSError) as error:
                kind = "a kept connection" if reused else "a new connection"
                self.lost[f"{kind}: {error}"] += 1
                closes = True
            else:
                self.answered += 1
                self.by[who] += 1
                answered.set()
            if connection is not None and (closes or not keeps):
                connection.close()
                connection = None
        if connection is not None:
            connection.close()

    async def ready(self, connection: Connection | None) -> Connection:
        """This connection or a new one, as soon as it may be asked."""
        if connection is None:
            connection = await Connection.open(self.port)
        if self.may_ask.is_set():
            return connection
        await self.may_ask.wait()
        if not connection.has_ended():
            return connection
        connection.close()
        return await self.ready(None)

    async def ask(self, connection: Connection, path: str) -> tuple[str, bool]:
        """Who has answered, and whether the connection is closed after it."""
        self.asking.add(connection.port)
        try:
            return await connection.ask(path)
        finally:
            self.asking.discard(connection.port)

    async def listen(self) -> None:
        """Take orders until there are no more."""
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
        while line := await reader.readline():
            self.may_refuse |= line == b"leave\n"
            if line == b"hold\n":
                self.may_ask.clear()
                print(json.dumps(sorted(self.asking)), flush=True)
            elif line == b"go on\n":
                self.may_ask.set()
        self.is_over = True


class Connection:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.port: int = writer.get_extra_info("sockname")[1]
        """The client's own."""

    @classmethod
    async def open(cls, port: int) -> Connection:
        """A new one."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    def close(self) -> None:
        """Leaves."""
        self._writer.close()

    def has_ended(self) -> bool:
        """Whether the server has left it."""
        return self._reader.at_eof() or self._reader.exception() is not None

    async def ask(self, path: str) -> tuple[str, bool]:
        """Who has answered, and whether the connection is closed after it."""
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: load\r\n\r\n".encode())
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            raise CutError("within a head" if error.partial else "before a head") from None
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines if line)
        try:
            body = await self._body(headers)
        except asyncio.IncompleteReadError:
            raise CutError("within a body") from None
        if status.split()[1] != "200":
            raise CutError(f"answered with {status}")
        return body.decode().strip(), headers.get("connection") == "close"

    async def _body(self, headers: dict[str, str]) -> bytes:
        if "content-length" in headers:
            return await self._reader.readexactly(int(headers["content-length"]))
        body = b""
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            body += await self._reader.readexactly(size)
            await self._reader.readexactly(2)
        await self._reader.readexactly(2)
        return body


async def main(port: int, keeping: int, fresh: int, path: str | None = None) -> None:
    """Runs the clients."""
    load = Load(port, path)
    async with asyncio.TaskGroup() as group:
        for place in range(keeping + fresh):
            group.create_task(load.client(place, keeps=place < keeping))
        await asyncio.sleep(0)
        for answered in load.first:
            await answered.wait()
        print("ready", flush=True)
        await load.listen()
    outcome = {"answered": load.answered, "by": load.by, "refused": load.refused, "lost": load.lost}
    print(json.dumps(outcome), flush=True)


if __name__ == "__main__":
    port, keeping, fresh, *path = sys.argv[1:]
    asyncio.run(main(int(port), int(keeping), int(fresh), *path))
