"""Pipe transports, driven from the other end of a pipe, a socket or a terminal."""

from __future__ import annotations

import asyncio
import contextvars
import io
import logging
import os
from typing import IO, TYPE_CHECKING, Any

import pytest

from tests.loop.recorder import Recorder

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from pathlib import Path

    Ends = tuple[IO[bytes], IO[bytes]]

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


@pytest.fixture
def ends() -> Iterator[Ends]:
    """The two ends of a pipe, the one to read first."""
    reading, writing = os.pipe()
    with open(reading, "rb", 0) as reader, open(writing, "wb", 0) as writer:
        yield reader, writer


async def receive(fd: IO[bytes], size: int) -> bytes:
    """Reads from the other end while the loop writes."""
    loop = asyncio.get_running_loop()
    data = b""
    while len(data) < size:
        data += await loop.run_in_executor(None, os.read, fd.fileno(), size - len(data))
    return data


def test_what_arrives_is_delivered_until_the_end(
    loop: asyncio.AbstractEventLoop, ends: Ends
) -> None:
    reader, writer = ends

    async def scenario() -> None:
        transport, protocol = await loop.connect_read_pipe(Recorder, reader)
        assert protocol.told == ["made"]
        writer.write(b"one")
        await protocol.until(lambda: b"one" in protocol.told)
        writer.write(b"two")
        writer.close()
        assert await protocol.lost is None
        assert protocol.told == ["made", b"one", b"two", "eof", "lost"]
        assert transport.is_closing()
        assert transport.get_extra_info("pipe") is reader
        assert transport.get_extra_info("socket", "none") == "none"

    loop.run_until_complete(scenario())
    loop.run_until_complete(asyncio.sleep(0))
    assert reader.closed


def test_everything_written_arrives(loop: asyncio.AbstractEventLoop, ends: Ends) -> None:
    reader, writer = ends
    data = os.urandom(1 << 20)

    async def scenario() -> None:
        transport, protocol = await loop.connect_write_pipe(Recorder, writer)
        transport.write(data[:10])
        transport.write(bytearray(data[10:20]))
        transport.writelines([data[20:30], b"", memoryview(data)[30:40]])
        transport.write(data[40:])
        assert transport.get_write_buffer_size() > 0
        transport.close()
        assert await receive(reader, len(data)) == data
        assert await protocol.lost is None
        assert protocol.told == ["made", "pause", "resume", "lost"]

    loop.run_until_complete(scenario())
    assert reader.read() == b""


def test_the_end_is_written_after_the_rest(loop: asyncio.AbstractEventLoop, ends: Ends) -> None:
    reader, writer = ends

    async def scenario() -> None:
        transport, protocol = await loop.connect_write_pipe(Recorder, writer)
        assert transport.can_write_eof()
        transport.write(b"last")
        transport.write_eof()
        assert transport.is_closing()
        transport.write(b"too late")
        assert await protocol.lost is None

    loop.run_until_complete(scenario())
    assert reader.read() == b"last"


def test_a_socket_can_be_written_to(
    loop: asyncio.AbstractEventLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    near, far = pair

    async def scenario() -> None:
        pipe = near.makefile("wb", 0)
        transport, protocol = await loop.connect_write_pipe(Recorder, pipe)
        transport.write(b"hello")
        assert await loop.sock_recv(far, 100) == b"hello"
        far.close()
        assert await protocol.lost is None

    loop.run_until_complete(scenario())


def test_a_pause_holds_the_data_back(loop: asyncio.AbstractEventLoop, ends: Ends) -> None:
    reader, writer = ends

    async def scenario() -> None:
        transport, protocol = await loop.connect_read_pipe(Recorder, reader)
        assert transport.is_reading()
        transport.pause_reading()
        transport.pause_reading()
        assert not transport.is_reading()
        writer.write(b"held")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert protocol.told == ["made"]
        transport.resume_reading()
        transport.resume_reading()
        assert transport.is_reading()
        await protocol.until(lambda: b"held" in protocol.told)
        transport.close()
        assert not transport.is_reading()
        transport.resume_reading()
        assert await protocol.lost is None

    loop.run_until_complete(scenario())


def test_a_pause_before_the_start_counts(loop: asyncio.AbstractEventLoop, ends: Ends) -> None:
    reader, writer = ends
    writer.write(b"waiting")

    class Pausing(Recorder):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            transport.pause_reading()

    async def scenario() -> None:
        transport, protocol = await loop.connect_read_pipe(Pausing, reader)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert protocol.told == ["made"]
        transport.close()
        await protocol.lost
        assert protocol.told == ["made", "lost"]

    loop.run_until_complete(scenario())


def test_a_closed_reader_is_noticed_without_a_write(
    loop: asyncio.AbstractEventLoop, ends: Ends
) -> None:
    reader, writer = ends

    async def scenario() -> None:
        _, protocol = await loop.connect_write_pipe(Recorder, writer)
        reader.close()
        assert await protocol.lost is None
        assert protocol.told == ["made", "lost"]

    loop.run_until_complete(scenario())


def test_a_closed_reader_breaks_what_waits(loop: asyncio.AbstractEventLoop, ends: Ends) -> None:
    reader, writer = ends

    async def scenario() -> None:
        transport, protocol = await loop.connect_write_pipe(Recorder, writer)
        transport.write(bytes(1 << 20))
        assert protocol.told == ["made", "pause"]
        reader.close()
        assert isinstance(await protocol.lost, BrokenPipeError)
        assert transport.get_write_buffer_size() == 0

    loop.run_until_complete(scenario())


def test_a_write_to_a_closed_reader_is_no_exception(
    loop: asyncio.AbstractEventLoop, ends: Ends, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = ends

    async def scenario() -> None:
        transport, protocol = await loop.connect_write_pipe(Recorder, writer)
        reader.close()
        for _ in range(5):
            transport.write(b"x")
        assert caplog.records == []
        transport.write(b"x")
        assert isinstance(await protocol.lost, BrokenPipeError)

    loop.run_until_complete(scenario())
    text = "pipe closed by peer or os.write(pipe, data) raised exception."
    assert [record.getMessage() for record in caplog.records] == [text]


def test_abort_drops_what_waits(loop: asyncio.AbstractEventLoop, ends: Ends) -> None:
    reader, writer = ends

    async def scenario() -> None:
        transport, protocol = await loop.connect_write_pipe(Recorder, writer)
        transport.write(bytes(1 << 20))
        transport.abort()
        assert transport.get_write_buffer_size() == 0
        assert await protocol.lost is None

    loop.run_until_complete(scenario())
    assert 0 < len(reader.read()) < 1 << 20


def test_the_marks_decide_on_pauses(loop: asyncio.AbstractEventLoop, ends: Ends) -> None:
    reader, writer = ends
    # What the pipe holds differs between systems, so it is filled first.
    os.set_blocking(writer.fileno(), False)
    filled = 0
    while count := writer.write(bytes(4096)):
        filled += count

    async def scenario() -> None:
        transport, protocol = await loop.connect_write_pipe(Recorder, writer)
        transport.set_write_buffer_limits(high=10, low=2)
        assert transport.get_write_buffer_limits() == (2, 10)
        transport.write(b"x" * 10)
        assert protocol.told == ["made"]
        transport.write(b"x")
        assert protocol.told == ["made", "pause"]
        await receive(reader, filled)
        await protocol.until(lambda: "resume" in protocol.told)
        with pytest.raises(ValueError, match="must be >= low"):
            transport.set_write_buffer_limits(high=1, low=2)
        transport.close()
        await protocol.lost

    loop.run_until_complete(scenario())


def test_regular_files_are_refused(loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    path = tmp_path / "file"

    async def scenario() -> None:
        with path.open("wb") as file:
            with pytest.raises(ValueError, match="Pipe transport is for pipes/sockets only"):
                await loop.connect_read_pipe(Recorder, file)
            with pytest.raises(ValueError, match="only for pipes, sockets and character devices"):
                await loop.connect_write_pipe(Recorder, file)
            assert not file.closed

    loop.run_until_complete(scenario())


def test_callbacks_run_in_the_context_of_the_opening(
    loop: asyncio.AbstractEventLoop, ends: Ends
) -> None:
    reader, writer = ends

    class Noting(Recorder):
        def tell(self, what: Any) -> None:
            super().tell((what, variable.get()))

    async def scenario() -> None:
        variable.set("opening")
        _, protocol = await loop.connect_read_pipe(Noting, reader)
        variable.set("later")
        writer.write(b"x")
        writer.close()
        await protocol.lost
        assert protocol.told == [
            ("made", "opening"),
            (b"x", "opening"),
            ("eof", "opening"),
            ("lost", "opening"),
        ]

    loop.run_until_complete(scenario())


def test_a_failing_protocol_does_not_hurt_the_pipe(
    loop: asyncio.AbstractEventLoop, ends: Ends
) -> None:
    reader, writer = ends
    contexts: list[Any] = []
    loop.set_exception_handler(lambda _, context: contexts.append(context))

    class Failing(Recorder):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            raise ZeroDivisionError(data)

        def eof_received(self) -> bool:
            super().eof_received()
            raise ZeroDivisionError

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            raise ZeroDivisionError

    async def scenario() -> None:
        _, protocol = await loop.connect_read_pipe(Failing, reader)
        writer.write(b"x")
        await protocol.until(lambda: b"x" in protocol.told)
        writer.close()
        await protocol.lost
        assert protocol.told == ["made", b"x", "eof", "lost"]

    loop.run_until_complete(scenario())
    assert [type(context["exception"]) for context in contexts] == [ZeroDivisionError] * 3
    assert reader.closed


def test_a_cancelled_opening_closes_the_pipe(loop: asyncio.AbstractEventLoop, ends: Ends) -> None:
    reader, _ = ends

    async def scenario() -> None:
        task = asyncio.ensure_future(loop.connect_read_pipe(Recorder, reader))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    loop.run_until_complete(scenario())
    assert reader.closed


def test_another_protocol_takes_over(loop: asyncio.AbstractEventLoop, ends: Ends) -> None:
    reader, writer = ends

    async def scenario() -> None:
        transport, first = await loop.connect_read_pipe(Recorder, reader)
        second = Recorder()
        assert transport.get_protocol() is first
        transport.set_protocol(second)
        assert transport.get_protocol() is second
        writer.write(b"x")
        writer.close()
        await second.lost
        assert first.told == ["made"]
        assert second.told == [b"x", "eof", "lost"]

    loop.run_until_complete(scenario())


def test_the_transports_are_asyncios(loop: asyncio.AbstractEventLoop, ends: Ends) -> None:
    reader, writer = ends

    async def scenario() -> None:
        reading, read = await loop.connect_read_pipe(Recorder, reader)
        writing, written = await loop.connect_write_pipe(Recorder, writer)
        assert isinstance(reading, asyncio.ReadTransport)
        assert isinstance(writing, asyncio.WriteTransport)
        for method in ("pause_reading", "resume_reading", "is_reading"):
            with pytest.raises(NotImplementedError):
                getattr(writing, method)()
        assert f" fd={reader.fileno()} polling>" in repr(reading)
        assert f" fd={writer.fileno()} idle bufsize=0>" in repr(writing)
        writing.write(bytes(1 << 20))
        reading.pause_reading()
        assert " idle>" in repr(reading)
        assert " polling bufsize=" in repr(writing)
        writing.close()
        assert "Transport closing fd=" in repr(writing)
        writing.abort()
        reading.close()
        await asyncio.gather(read.lost, written.lost)
        await asyncio.sleep(0)
        assert "Transport closed fd=" in repr(reading)
        assert "Transport closed fd=" in repr(writing)

    loop.run_until_complete(scenario())


def test_debug_mode_tells_the_pipes_life(
    loop: asyncio.AbstractEventLoop, ends: Ends, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = ends
    loop.set_debug(True)

    async def scenario() -> None:
        transport, protocol = await loop.connect_read_pipe(Recorder, reader)
        transport.pause_reading()
        transport.resume_reading()
        writer.close()
        await protocol.lost

    with caplog.at_level(logging.DEBUG, "asyncio"):
        loop.run_until_complete(scenario())
    text = "\n".join(record.getMessage() for record in caplog.records)
    for words in (" connected: ", " pauses reading", " resumes reading", " was closed by peer"):
        assert words in text


def test_streams_read_and_write_pipes(loop: asyncio.AbstractEventLoop, ends: Ends) -> None:
    reader, writer = ends

    async def scenario() -> None:
        stream = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), reader)
        transport, protocol = await loop.connect_write_pipe(
            lambda: asyncio.streams.FlowControlMixin(loop), writer
        )
        out = asyncio.StreamWriter(transport, protocol, None, loop)
        data = b"".join(b"line %d\n" % number for number in range(50_000))

        async def write() -> None:
            out.write(data)
            await out.drain()
            transport.close()

        writing = asyncio.ensure_future(write())
        assert await stream.read() == data
        await writing

    loop.run_until_complete(scenario())


def test_text_files_work_too(loop: asyncio.AbstractEventLoop) -> None:
    reading, writing = os.pipe()
    pipe = io.open(writing, "w", encoding="utf-8")  # noqa: SIM115, UP020 - the transport closes it

    async def scenario() -> None:
        transport, protocol = await loop.connect_write_pipe(Recorder, pipe)
        transport.write(b"bytes")
        transport.close()
        await protocol.lost

    loop.run_until_complete(scenario())
    with open(reading, "rb") as reader:
        assert reader.read() == b"bytes"
