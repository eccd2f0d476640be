"""Stream transports, driven from the other end of a socket pair."""

from __future__ import annotations

import asyncio
import contextvars
import errno
import socket
from asyncio.trsock import TransportSocket
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Pair = tuple[socket.socket, socket.socket]
variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


class Recorder(asyncio.Protocol):
    """Notes what it is told, and lets a test wait for it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, keep_open: bool = False) -> None:
        self.told: list[Any] = []
        self.transport: Any = None
        self.lost: asyncio.Future[Exception | None] = loop.create_future()
        self.keep_open = keep_open
        self._changed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.tell("made")

    def data_received(self, data: bytes) -> None:
        assert type(data) is bytes
        self.tell(data)

    def eof_received(self) -> bool:
        self.tell("eof")
        return self.keep_open

    def pause_writing(self) -> None:
        self.tell("pause")

    def resume_writing(self) -> None:
        self.tell("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        self.tell("lost")
        self.lost.set_result(exc)

    def tell(self, what: Any) -> None:
        self.told.append(what)
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._changed.clear()
            await self._changed.wait()


async def connect(
    sock: socket.socket, protocol: Callable[[], asyncio.BaseProtocol]
) -> tuple[Any, Any]:
    # asyncio names TCP and Unix, and takes any connected stream socket.
    loop = asyncio.get_running_loop()
    return await loop.create_connection(protocol, sock=sock)


def drive(
    loop: asyncio.AbstractEventLoop,
    pair: Pair,
    scenario: Callable[[Any, Recorder, socket.socket], Awaitable[None]],
    *,
    keep_open: bool = False,
) -> Recorder:
    """Opens a transport on one end, runs the scenario, closes and returns what was told."""

    async def main() -> Recorder:
        near, far = pair
        transport, protocol = await connect(near, lambda: Recorder(loop, keep_open))
        await scenario(transport, protocol, far)
        transport.close()
        await protocol.lost
        told: Recorder = protocol
        return told

    return loop.run_until_complete(main())


async def receive_all(far: socket.socket, size: int) -> bytes:
    loop = asyncio.get_running_loop()
    data = b""
    while len(data) < size:
        piece = await loop.sock_recv(far, 1 << 20)
        if not piece:
            break
        data += piece
    return data


def test_data_goes_both_ways(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    async def scenario(transport: Any, protocol: Recorder, far: socket.socket) -> None:
        far.send(b"hello")
        await protocol.until(lambda: b"hello" in protocol.told)
        transport.write(b"one ")
        transport.write(bytearray(b"two "))
        transport.write(memoryview(b"three "))
        transport.writelines([b"fo", b"", bytearray(b"ur")])
        assert await receive_all(far, 18) == b"one two three four"

    assert drive(loop, pair, scenario).told == ["made", b"hello", "lost"]


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


def test_what_is_buffered_is_sent_before_the_end(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    size = 4 << 20

    async def scenario(transport: Any, protocol: Recorder, far: socket.socket) -> None:
        transport.write(b"x" * size)
        transport.close()
        assert transport.is_closing()
        assert len(await receive_all(far, size + 1)) == size
        assert await protocol.lost is None

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


def test_abort_drops_what_is_buffered(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    size = 4 << 20

    async def scenario(transport: Any, protocol: Recorder, far: socket.socket) -> None:
        transport.write(b"x" * size)
        transport.abort()
        assert transport.is_closing()
        assert transport.get_write_buffer_size() == 0
        assert await protocol.lost is None
        assert len(await receive_all(far, size)) < size

    drive(loop, pair, scenario)


def test_connection_lost_comes_once_and_later(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    async def scenario(transport: Any, protocol: Recorder, _: socket.socket) -> None:
        transport.close()
        transport.close()
        transport.abort()
        assert "lost" not in protocol.told
        await protocol.lost
        transport.abort()
        transport.close()
        await asyncio.sleep(0)

    assert drive(loop, pair, scenario).told == ["made", "lost"]


def test_the_end_of_input_closes(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    async def scenario(transport: Any, protocol: Recorder, far: socket.socket) -> None:
        far.send(b"last")
        far.shutdown(socket.SHUT_WR)
        assert await protocol.lost is None
        assert transport.is_closing()

    assert drive(loop, pair, scenario).told == ["made", b"last", "eof", "lost"]


def test_a_protocol_may_go_on_writing_after_the_end_of_input(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    async def scenario(transport: Any, protocol: Recorder, far: socket.socket) -> None:
        far.shutdown(socket.SHUT_WR)
        await protocol.until(lambda: "eof" in protocol.told)
        await asyncio.sleep(0)
        assert not transport.is_closing()
        transport.write(b"answer")
        assert await receive_all(far, 6) == b"answer"

    assert drive(loop, pair, scenario, keep_open=True).told == ["made", "eof", "lost"]


def test_reading_can_be_paused(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    async def scenario(transport: Any, protocol: Recorder, far: socket.socket) -> None:
        assert transport.is_reading()
        transport.pause_reading()
        transport.pause_reading()
        assert not transport.is_reading()
        far.send(b"later")
        for _ in range(3):
            await asyncio.sleep(0)
        assert protocol.told == ["made"]
        transport.resume_reading()
        transport.resume_reading()
        assert transport.is_reading()
        await protocol.until(lambda: b"later" in protocol.told)
        transport.close()
        assert not transport.is_reading()

    drive(loop, pair, scenario)


def test_reading_can_be_paused_from_the_start(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    class Paused(Recorder):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            self.transport.pause_reading()

    async def main() -> list[Any]:
        near, far = pair
        far.send(b"early")
        transport, protocol = await connect(near, lambda: Paused(loop))
        for _ in range(3):
            await asyncio.sleep(0)
        assert protocol.told == ["made"]
        transport.resume_reading()
        await protocol.until(lambda: b"early" in protocol.told)
        transport.close()
        await protocol.lost
        told: list[Any] = protocol.told
        return told

    assert loop.run_until_complete(main()) == ["made", b"early", "lost"]


def test_a_peer_that_is_gone_is_an_error(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> tuple[Exception | None, list[dict[str, Any]]]:
        reported: list[dict[str, Any]] = []
        loop.set_exception_handler(lambda _, context: reported.append(context))
        with socket.create_server(("127.0.0.1", 0)) as listener:
            near = socket.create_connection(listener.getsockname())
            far, _ = listener.accept()
        transport, protocol = await connect(near, lambda: Recorder(loop))
        # A reset instead of an orderly end.
        far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        far.close()
        error = await protocol.lost
        for _ in range(10):
            transport.write(b"to nobody")
        return error, reported

    error, reported = loop.run_until_complete(main())
    assert isinstance(error, ConnectionResetError)
    assert error.errno == errno.ECONNRESET
    assert reported == []


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


@pytest.mark.parametrize("method", ["data_received", "eof_received"])
def test_an_exception_in_the_protocol_ends_the_connection(
    loop: asyncio.AbstractEventLoop, pair: Pair, method: str
) -> None:
    class Failing(Recorder):
        def data_received(self, data: bytes) -> None:
            if method == "data_received":
                raise LookupError("in the protocol")

        def eof_received(self) -> bool:
            raise LookupError("in the protocol")

    reported: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: reported.append(context))

    async def main() -> tuple[Any, Any, Exception | None]:
        near, far = pair
        transport, protocol = await connect(near, lambda: Failing(loop))
        far.send(b"x")
        far.shutdown(socket.SHUT_WR)
        return transport, protocol, await protocol.lost

    transport, protocol, error = loop.run_until_complete(main())
    assert isinstance(error, LookupError)
    (context,) = reported
    assert context["message"] == f"Fatal error: protocol.{method}() call failed."
    assert context["exception"] is error
    assert context["transport"] is transport
    assert context["protocol"] is protocol


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_a_protocol_may_end_the_program(
    loop: asyncio.AbstractEventLoop, pair: Pair, kind: type[BaseException]
) -> None:
    class Ending(Recorder):
        def data_received(self, data: bytes) -> None:
            raise kind

    near, far = pair
    transport, protocol = loop.run_until_complete(connect(near, lambda: Ending(loop)))
    far.send(b"x")
    with pytest.raises(kind):
        loop.run_forever()
    transport.abort()
    loop.run_until_complete(protocol.lost)


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


def test_buffered_protocols_give_their_own_memory(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    class Buffered(asyncio.BufferedProtocol):
        def __init__(self) -> None:
            self.memory = bytearray(4)
            self.data = b""
            self.done: asyncio.Future[bytes] = loop.create_future()

        def get_buffer(self, sizehint: int) -> bytearray:
            assert sizehint == -1
            return self.memory

        def buffer_updated(self, nbytes: int) -> None:
            self.data += self.memory[:nbytes]

        def eof_received(self) -> None:
            self.done.set_result(self.data)

    async def main() -> bytes:
        near, far = pair
        _transport, protocol = await connect(near, Buffered)
        far.send(b"a longer message")
        far.shutdown(socket.SHUT_WR)
        data: bytes = await protocol.done
        await asyncio.sleep(0)
        return data

    assert loop.run_until_complete(main()) == b"a longer message"


def test_an_empty_buffer_of_a_protocol_is_an_error(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    reported: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: reported.append(context))
    lost: asyncio.Future[Exception | None] = loop.create_future()

    class Empty(asyncio.BufferedProtocol):
        def get_buffer(self, sizehint: int) -> bytearray:
            return bytearray()

        def connection_lost(self, exc: Exception | None) -> None:
            lost.set_result(exc)

    async def main() -> Exception | None:
        near, far = pair
        await connect(near, Empty)
        far.send(b"x")
        return await lost

    assert isinstance(loop.run_until_complete(main()), RuntimeError)
    assert reported[0]["message"] == "Fatal error: protocol.get_buffer() call failed."


def test_a_connection_changes_hands(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    async def scenario(transport: Any, protocol: Recorder, far: socket.socket) -> None:
        assert transport.get_protocol() is protocol
        other = Recorder(loop)
        transport.set_protocol(other)
        assert transport.get_protocol() is other
        far.send(b"to the other")
        await other.until(lambda: b"to the other" in other.told)
        transport.set_protocol(protocol)

    assert drive(loop, pair, scenario).told == ["made", "lost"]


def test_what_a_transport_knows(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            near = socket.create_connection(listener.getsockname())
            far, address = listener.accept()
        transport, protocol = await connect(near, lambda: Recorder(loop))
        assert isinstance(transport, asyncio.Transport)
        assert transport.get_extra_info("sockname") == address
        assert transport.get_extra_info("peername") == far.getsockname()
        face = transport.get_extra_info("socket")
        assert isinstance(face, TransportSocket)
        assert face.fileno() == near.fileno()
        assert face.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert transport.get_extra_info("nonsense") is None
        assert transport.get_extra_info("nonsense", "default") == "default"
        transport.close()
        await protocol.lost
        assert transport.get_extra_info("sockname") == address
        assert near.fileno() == -1
        far.close()

    loop.run_until_complete(main())


def test_callbacks_run_in_the_context_of_the_opening(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    seen: list[str] = []

    class Looking(Recorder):
        def data_received(self, data: bytes) -> None:
            seen.append(variable.get())
            super().data_received(data)

    async def main() -> None:
        near, far = pair
        variable.set("of the opening")
        transport, protocol = await connect(near, lambda: Looking(loop))
        variable.set("of the opener, later")
        far.send(b"x")
        await protocol.until(lambda: b"x" in protocol.told)
        transport.close()
        await protocol.lost

    loop.run_until_complete(main())
    assert seen == ["of the opening"]


def test_nobody_else_may_watch_a_transports_socket(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    async def scenario(transport: Any, _: Recorder, __: socket.socket) -> None:
        fd = transport.get_extra_info("socket").fileno()
        attempts: list[Callable[[], object]] = [
            lambda: loop.add_reader(fd, print),
            lambda: loop.remove_reader(fd),
            lambda: loop.add_writer(fd, print),
            lambda: loop.remove_writer(fd),
        ]
        for attempt in attempts:
            with pytest.raises(RuntimeError, match="is used by transport"):
                attempt()

    drive(loop, pair, scenario)
