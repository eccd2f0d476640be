"""Datagram endpoints, and descriptors watched by hand."""

from __future__ import annotations

import contextlib
import socket
import struct
from typing import TYPE_CHECKING

from tests.stress.ground import Deeds, Ground
from tests.stress.wires import Box

if TYPE_CHECKING:
    import asyncio

    from tests.stress.ledger import Ledger

MANY_BOXES = 40
MANY_RAWS = 10


class Datagrams(Ground):
    """UDP endpoints that write letters to each other."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._boxes: list[Box] = []

    def deeds(self) -> Deeds:
        return [*super().deeds(), (3, self.open_box), (20, self.post), (2, self.close_box)]

    async def calm_down(self) -> None:
        await super().calm_down()
        for box in self._boxes:
            box.transport.abort()
        await self.until("the boxes", lambda: all(box.lost for box in self._boxes))

    async def open_box(self) -> None:
        if sum(not box.lost for box in self._boxes) > MANY_BOXES:
            return
        number = next(self.numbers)
        opening = self.loop.create_datagram_endpoint(
            lambda: Box(self.ledger, number), local_addr=("127.0.0.1", 0)
        )
        _, box = await opening
        self._boxes = [known for known in self._boxes if not known.lost]
        self._boxes.append(box)

    def post(self) -> None:
        if self._boxes:
            sender, to = self.random.choices(self._boxes, k=2)
            sender.send(to, self.random.choice((0, 10, 1000, 9000)))

    def close_box(self) -> None:
        if self._boxes:
            box = self.random.choice(self._boxes)
            if box.is_open:
                self.random.choice((box.transport.close, box.transport.abort))()


class Watching(Ground):
    """Sockets that are watched by ``add_reader``."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._raw: list[Raw] = []

    def deeds(self) -> Deeds:
        return [
            *super().deeds(),
            (4, self.watch_raw),
            (8, self.feed_raw),
            (3, self.drop_raw),
        ]

    async def calm_down(self) -> None:
        for raw in self._raw:
            raw.drop(properly=True)
        self._raw.clear()
        await super().calm_down()

    def meddle(self) -> None:
        super().meddle()
        for raw in self._raw:
            self.loop.remove_reader(raw.near)

    def watch_raw(self) -> None:
        if len(self._raw) < MANY_RAWS:
            self._raw.append(Raw(self.loop, self.ledger, next(self.numbers)))

    def feed_raw(self) -> None:
        if self._raw:
            self.random.choice(self._raw).feed()

    def drop_raw(self) -> None:
        if self._raw:
            raw = self._raw.pop(self.random.randrange(len(self._raw)))
            raw.drop(properly=self.random.random() < 0.5)


class Raw:
    """A socket that is watched by ``add_reader``."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ledger: Ledger, number: int) -> None:
        self._loop = loop
        self._ledger = ledger
        self._number = number
        self._dropped = False
        self.near, self._far = socket.socketpair()
        self.near.setblocking(False)
        self._far.setblocking(False)
        loop.add_reader(self.near, self._read)

    def feed(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._far.send(struct.pack("!I", self._number))

    def _read(self) -> None:
        if self._dropped:
            self._ledger.wrong(f"raw {self._number} was called after it was dropped")
            return
        # Part of it only: what is left has to be reported again.
        data = self.near.recv(4)
        if data != struct.pack("!I", self._number):
            self._ledger.wrong(f"raw {self._number} read {data!r}")

    def drop(self, *, properly: bool) -> None:
        """Stops watching and closes, or the other way round."""
        self._dropped = True
        if not properly:
            self.near.close()
        if not self._loop.remove_reader(self.near):
            self._ledger.wrong(f"nobody watched raw {self._number}")
        self.near.close()
        self._far.close()
