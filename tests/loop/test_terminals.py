"""Terminals as pipes: one descriptor, a transport for each direction."""

from __future__ import annotations

import errno
import os
import tty
from typing import IO, TYPE_CHECKING, Any

import pytest

from tests.loop.recorder import Recorder

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator

    Ends = tuple[IO[bytes], IO[bytes]]


@pytest.fixture
def terminal() -> Iterator[Ends]:
    """The two ends of a pseudo-terminal in raw mode, the master first."""
    master, slave = os.openpty()
    tty.setraw(slave)
    with open(master, "r+b", 0) as near, open(slave, "r+b", 0) as far:
        yield near, far


def test_a_terminal_has_a_transport_for_each_direction(
    loop: asyncio.AbstractEventLoop, terminal: Ends
) -> None:
    master, slave = terminal

    async def scenario() -> None:
        reading, read = await loop.connect_read_pipe(Recorder, master)
        writing, written = await loop.connect_write_pipe(Recorder, master)
        slave.write(b"from the slave")
        await read.until(lambda: b"from the slave" in read.told)
        writing.write(b"to the slave")
        assert await loop.run_in_executor(None, slave.read, 12) == b"to the slave"
        writing.close()
        reading.close()
        await read.lost
        await written.lost

    loop.run_until_complete(scenario())


def test_the_end_of_a_terminal_is_nobodys_fault(
    loop: asyncio.AbstractEventLoop, terminal: Ends
) -> None:
    master, slave = terminal
    contexts: list[Any] = []
    loop.set_exception_handler(lambda _, context: contexts.append(context))

    async def scenario() -> None:
        _, protocol = await loop.connect_read_pipe(Recorder, master)
        slave.write(b"bye")
        await protocol.until(lambda: b"bye" in protocol.told)
        slave.close()
        error = await protocol.lost
        assert isinstance(error, OSError)
        assert error.errno == errno.EIO
        assert "eof" not in protocol.told

    loop.run_until_complete(scenario())
    assert contexts == []
