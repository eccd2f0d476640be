"""The ends of a stream transport, good and bad."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import TYPE_CHECKING, Any

import pytest

from tests.loop.recorder import Recorder, connect, drive, receive_all

if TYPE_CHECKING:
    from tests.loop.recorder import Pair


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
