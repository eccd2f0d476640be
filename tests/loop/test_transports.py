"""What a stream transport knows and whom it talks to."""

from __future__ import annotations

import asyncio
import contextvars
import socket
from asyncio.trsock import TransportSocket
from typing import TYPE_CHECKING, Any

import pytest

from tests.loop.recorder import Recorder, connect, drive, receive_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.loop.recorder import Pair

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


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


def test_states_show_where_libraries_look_for_them(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    async def scenario(transport: Any, _protocol: Recorder, _far: socket.socket) -> None:
        assert not transport._closing
        assert not transport._paused
        transport.pause_reading()
        assert transport._paused
        transport.close()
        assert transport._closing

    drive(loop, pair, scenario)


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


def test_flow_control_runs_in_the_context_of_the_opening(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    if isinstance(loop, asyncio.SelectorEventLoop):
        pytest.skip("asyncio calls pause_writing in the context of whoever writes")
    seen: list[str] = []

    class Looking(Recorder):
        def pause_writing(self) -> None:
            seen.append(variable.get())

        def resume_writing(self) -> None:
            seen.append(variable.get())
            self.tell("resumed")

    async def main() -> None:
        near, far = pair
        variable.set("of the opening")
        transport, protocol = await connect(near, lambda: Looking(loop))
        variable.set("of the writer")
        transport.write(b"x" * (4 << 20))
        while "resumed" not in protocol.told:
            await loop.sock_recv(far, 1 << 20)
        transport.abort()
        await protocol.lost

    loop.run_until_complete(main())
    assert seen == ["of the opening"] * 2


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


def test_what_a_transport_says_of_itself(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    near, far = pair
    number = near.fileno()

    async def main() -> None:
        transport, protocol = await connect(near, lambda: Recorder(loop))
        assert f" fd={number} read=polling write=<idle, bufsize=0>>" in repr(transport)
        transport.pause_reading()
        assert f" fd={number} read=idle write=<idle, bufsize=0>>" in repr(transport)
        transport.write(b"x" * (4 << 20))
        waiting = transport.get_write_buffer_size()
        assert f" read=idle write=<polling, bufsize={waiting}>>" in repr(transport)
        transport.close()
        assert f" closing fd={number} read=idle write=<polling, bufsize=" in repr(transport)
        transport.abort()
        await protocol.lost
        await asyncio.sleep(0)
        assert repr(transport).endswith(f"SocketTransport closed fd={number}>")
        assert far.fileno() >= 0

    loop.run_until_complete(main())


def test_debug_mode_tells_of_reading(
    loop: asyncio.AbstractEventLoop, pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(transport: Any, protocol: Recorder, far: socket.socket) -> None:
        transport.pause_reading()
        transport.resume_reading()
        far.close()
        await protocol.until(lambda: "eof" in protocol.told)

    loop.set_debug(True)
    with caplog.at_level("DEBUG", "asyncio"):
        drive(loop, pair, scenario)
    messages = [record.getMessage() for record in caplog.records]
    said = [message for message in messages if "SocketTransport" in message]
    for end in ("pauses reading", "resumes reading", "received EOF"):
        assert any(message.endswith(end) for message in said), messages
