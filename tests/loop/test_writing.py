"""Writing to a stream transport, and its flow control."""

from __future__ import annotations

import array
import sys
from typing import TYPE_CHECKING, Any

import pytest

import jebi.loop
from tests.loop.recorder import Recorder, connect, drive, receive_all

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Iterator

    from tests.loop.recorder import Pair


def test_writing_is_checked(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    async def scenario(transport: Any, _: Recorder, far: socket.socket) -> None:
        with pytest.raises(TypeError, match="data argument must be a bytes-like object, not 'str'"):
            transport.write("text")
        transport.write(b"")
        assert transport.can_write_eof()
        transport.write_eof()
        transport.write_eof()
        with pytest.raises(RuntimeError, match=r"Cannot call write\(\) after write_eof\(\)"):
            transport.write(b"late")
        assert await receive_all(far, 1) == b""

    drive(loop, pair, scenario)


def test_write_takes_one_argument(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    async def scenario(transport: Any, _: Recorder, far: socket.socket) -> None:
        transport.write(data=b"named")
        for args, options, words in (
            ((), {}, "missing 1 required positional argument: 'data'"),
            ((b"1", b"2"), {}, "takes"),
            ((b"1",), {"data": b"2"}, "multiple values"),
            ((b"1",), {"context": None}, "unexpected keyword argument 'context'"),
            ((), {"text": b"1"}, "unexpected keyword argument 'text'"),
        ):
            with pytest.raises(TypeError, match=words):
                transport.write(*args, **options)
        assert await receive_all(far, 5) == b"named"

    drive(loop, pair, scenario)


def test_a_full_buffer_pauses_the_protocol_and_an_empty_one_resumes_it(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    size = 4 << 20

    async def scenario(transport: Any, protocol: Recorder, far: socket.socket) -> None:
        assert transport.get_write_buffer_limits() == (16384, 65536)
        transport.write(b"x" * size)
        assert protocol.told == ["made", "pause"]
        assert 0 < transport.get_write_buffer_size() < size
        assert len(await receive_all(far, size)) == size
        await protocol.until(lambda: "resume" in protocol.told)
        assert transport.get_write_buffer_size() == 0

    assert drive(loop, pair, scenario).told == ["made", "pause", "resume", "lost"]


def test_the_limits_of_the_buffer(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    async def scenario(transport: Any, _: Recorder, __: socket.socket) -> None:
        transport.set_write_buffer_limits(high=1000)
        assert transport.get_write_buffer_limits() == (250, 1000)
        transport.set_write_buffer_limits(low=1000)
        assert transport.get_write_buffer_limits() == (1000, 4000)
        transport.set_write_buffer_limits(high=0, low=0)
        assert transport.get_write_buffer_limits() == (0, 0)
        for high, low in ((1, 2), (-1, None), (None, -1)):
            with pytest.raises(ValueError, match="must be >= 0"):
                transport.set_write_buffer_limits(high, low)

    drive(loop, pair, scenario)


def test_write_eof_comes_after_what_is_buffered(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    size = 4 << 20

    async def scenario(transport: Any, protocol: Recorder, far: socket.socket) -> None:
        transport.write(b"x" * size)
        transport.write_eof()
        assert len(await receive_all(far, size + 1)) == size
        far.send(b"still read")
        await protocol.until(lambda: b"still read" in protocol.told)

    drive(loop, pair, scenario)


def test_an_exception_in_flow_control_is_only_reported(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    class Failing(Recorder):
        def pause_writing(self) -> None:
            raise LookupError("in the protocol")

    reported: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: reported.append(context))

    async def main() -> None:
        near, far = pair
        transport, protocol = await connect(near, lambda: Failing(loop))
        transport.write(b"x" * (4 << 20))
        assert not transport.is_closing()
        await receive_all(far, 4 << 20)
        transport.close()
        await protocol.lost

    loop.run_until_complete(main())
    assert [context["message"] for context in reported] == ["protocol.pause_writing() failed"]


def test_writing_to_a_lost_connection_is_mentioned(
    loop: asyncio.AbstractEventLoop, pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(transport: Any, protocol: Recorder, _: socket.socket) -> None:
        transport.close()
        for _times in range(10):
            transport.write(b"to nobody")
        await protocol.lost

    drive(loop, pair, scenario)
    messages = {record.getMessage() for record in caplog.records}
    assert messages == {"socket.send() raised exception."}


@pytest.fixture
def own_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Jebi's loop alone, for what asyncio's does in another way or not at all."""
    loop = jebi.loop.new_event_loop()
    yield loop
    loop.close()


def test_several_pieces_are_written_as_one(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    pieces = [bytes([number % 256]) * (number % 1000) for number in range(3000)]
    whole = b"".join(pieces)

    async def scenario(transport: Any, protocol: Recorder, far: socket.socket) -> None:
        transport.writelines(pieces)
        transport.write(b"after")
        transport.writelines([b"", bytearray(b"the"), memoryview(b"end")])
        assert await receive_all(far, len(whole) + 11) == whole + b"aftertheend"
        transport.writelines([])
        transport.write_eof()
        with pytest.raises(
            RuntimeError, match=r"Cannot call write(lines)?\(\) after write_eof\(\)"
        ):
            transport.writelines([b"late"])

    drive(loop, pair, scenario)


def test_every_object_with_bytes_can_be_written(
    own_loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    numbers = array.array("i", [1, 2, 3])
    apart = memoryview(b"a-b-c-")[::2]
    data: list[Any] = [numbers, apart, memoryview(numbers), array.array("B"), bytearray()]
    whole = numbers.tobytes() + b"abc" + numbers.tobytes()

    async def scenario(transport: Any, _: Recorder, far: socket.socket) -> None:
        for piece in data:
            transport.write(piece)
        transport.writelines(data)
        assert await receive_all(far, 2 * len(whole)) == 2 * whole
        for wrong in ("text", 1, None, [b"x"]):
            with pytest.raises(TypeError, match="data argument must be a bytes-like object, not"):
                transport.write(wrong)

    drive(own_loop, pair, scenario)


def test_what_changes_after_it_was_written_is_sent_as_it_was(
    own_loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    size = 4 << 20

    async def scenario(transport: Any, _: Recorder, far: socket.socket) -> None:
        memory = bytearray(b"x") * size
        transport.write(memory)
        assert transport.get_write_buffer_size() > 0
        memory[:] = b"y" * size
        memory.clear()
        assert await receive_all(far, size) == b"x" * size

    drive(own_loop, pair, scenario)


def test_bytes_are_kept_until_they_are_sent_and_not_copied(
    own_loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    size = 4 << 20
    data = b"x" * size
    references = sys.getrefcount(data)

    async def scenario(transport: Any, _: Recorder, far: socket.socket) -> None:
        transport.write(data)
        assert sys.getrefcount(data) == references + 1
        assert await receive_all(far, size) == data
        assert sys.getrefcount(data) == references
        transport.writelines([data, data])
        assert sys.getrefcount(data) == references + 2
        transport.abort()

    drive(own_loop, pair, scenario)
    assert sys.getrefcount(data) == references


def test_a_subclass_of_bytes_is_copied(own_loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    class Text(bytes):
        pass

    size = 4 << 20
    data = Text(b"x" * size)
    references = sys.getrefcount(data)

    async def scenario(transport: Any, _: Recorder, far: socket.socket) -> None:
        transport.write(data)
        assert sys.getrefcount(data) == references
        assert await receive_all(far, size) == data

    drive(own_loop, pair, scenario)
