"""``create_datagram_endpoint``: the sockets it makes and the arguments it refuses."""

from __future__ import annotations

import asyncio
import logging
import socket
from asyncio.trsock import TransportSocket
from typing import TYPE_CHECKING, Any

import pytest

import jebi.loop
from tests.loop.recorder import Notes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LOCAL = ("127.0.0.1", 0)


class Recorder(Notes, asyncio.DatagramProtocol):
    """Notes each datagram, with its sender, and each error."""

    def datagram_received(self, data: bytes, addr: Any) -> None:
        assert type(data) is bytes
        self.tell((data, addr))

    def error_received(self, exc: Exception) -> None:
        self.tell(exc)

    async def next(self) -> Any:
        """What it is told next, and forgets it."""
        await self.until(lambda: bool(self.told))
        return self.told.pop(0)


async def endpoint(kind: type[Recorder] = Recorder, **options: Any) -> tuple[Any, Recorder]:
    """An endpoint that has told its protocol that it is there."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(kind, **options)
    assert protocol.told == ["made"]
    assert protocol.transport is transport
    protocol.told.clear()
    return transport, protocol


async def close(*protocols: Recorder) -> None:
    for protocol in protocols:
        protocol.transport.close()
        assert await protocol.lost is None


@pytest.mark.parametrize(
    ("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
)
def test_datagrams_go_both_ways(
    loop: asyncio.AbstractEventLoop, family: socket.AddressFamily, host: str
) -> None:
    async def main() -> None:
        server, received = await endpoint(local_addr=(host, 0), family=family)
        address = server.get_extra_info("sockname")
        client, answered = await endpoint(remote_addr=address[:2])
        client.sendto(b"hello")
        assert await received.next() == (b"hello", client.get_extra_info("sockname"))
        server.sendto(b"yes?", client.get_extra_info("sockname"))
        assert await answered.next() == (b"yes?", address)
        assert client.get_extra_info("peername") == address
        assert server.get_extra_info("peername") is None
        await close(received, answered)

    loop.run_until_complete(main())


def test_names_are_looked_up(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        server, received = await endpoint(local_addr=("localhost", 0), family=socket.AF_INET)
        port = server.get_extra_info("sockname")[1]
        client, sent = await endpoint(remote_addr=("localhost", port), family=socket.AF_INET)
        client.sendto(b"by name")
        assert (await received.next())[0] == b"by name"
        await close(received, sent)

    loop.run_until_complete(main())


def test_an_endpoint_without_an_address_sends_anywhere(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        server, received = await endpoint(local_addr=LOCAL)
        client, sent = await endpoint(family=socket.AF_INET)
        client.sendto(b"from nowhere", server.get_extra_info("sockname"))
        assert (await received.next())[0] == b"from nowhere"
        await close(received, sent)

    loop.run_until_complete(main())


def test_both_addresses(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        server, received = await endpoint(local_addr=LOCAL)
        address = server.get_extra_info("sockname")
        client, sent = await endpoint(local_addr=LOCAL, remote_addr=address)
        client.sendto(b"x")
        assert await received.next() == (b"x", client.get_extra_info("sockname"))
        await close(received, sent)

    loop.run_until_complete(main())


def test_ports_can_be_shared(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        first, one = await endpoint(local_addr=LOCAL, reuse_port=True)
        address = first.get_extra_info("sockname")
        _, two = await endpoint(local_addr=address, reuse_port=True)
        with pytest.raises(OSError, match="in use"):
            await endpoint(local_addr=address)
        await close(one, two)

    loop.run_until_complete(main())


def test_an_endpoint_for_broadcasts_is_not_connected(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        server, received = await endpoint(local_addr=LOCAL)
        stranger, _unheard = await endpoint(local_addr=LOCAL)
        address = server.get_extra_info("sockname")
        client, answered = await endpoint(
            local_addr=LOCAL, remote_addr=address, allow_broadcast=True
        )
        sock = client.get_extra_info("socket")
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST)
        assert client.get_extra_info("peername") is None
        client.sendto(b"who is there?")
        assert (await received.next())[0] == b"who is there?"
        stranger.sendto(b"me", client.get_extra_info("sockname"))
        assert await answered.next() == (b"me", stranger.get_extra_info("sockname"))
        with pytest.raises(ValueError, match="Invalid address: must be None or"):
            client.sendto(b"x", stranger.get_extra_info("sockname"))
        await close(received, _unheard, answered)

    loop.run_until_complete(main())


def test_a_socket_is_taken_over(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(LOCAL)
        transport, protocol = await endpoint(sock=sock)
        assert sock.gettimeout() == 0
        face = transport.get_extra_info("socket")
        assert isinstance(face, TransportSocket)
        assert face.fileno() == sock.fileno()
        # asyncio's own are none on CPython 3.11.
        if type(transport).__module__ != "asyncio.selector_events":
            assert isinstance(transport, asyncio.DatagramTransport)
        transport.sendto(b"to myself", sock.getsockname())
        assert await protocol.next() == (b"to myself", sock.getsockname())
        await close(protocol)
        assert sock.fileno() == -1

    loop.run_until_complete(main())


def test_unix_sockets(loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    here, there = str(tmp_path / "here"), str(tmp_path / "thére")

    async def main() -> None:
        server, received = await endpoint(local_addr=here, family=socket.AF_UNIX)
        client, answered = await endpoint(local_addr=there, remote_addr=here, family=socket.AF_UNIX)
        client.sendto(b"hello")
        assert await received.next() == (b"hello", there)
        server.sendto(b"yes?", there)
        assert await answered.next() == (b"yes?", here)
        await close(received, answered)
        # What they left is no obstacle.
        _, again = await endpoint(local_addr=here, family=socket.AF_UNIX)
        await close(again)

    loop.run_until_complete(main())


def test_abstract_unix_sockets(loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    name = f"\0jebi{tmp_path}"

    async def main() -> None:
        _server, received = await endpoint(local_addr=name, family=socket.AF_UNIX)
        client, sent = await endpoint(local_addr=name + "2", family=socket.AF_UNIX)
        client.sendto(b"from a name", name)
        assert await received.next() == (b"from a name", (name + "2").encode())
        client.sendto(b"bytes", name.encode())
        assert (await received.next())[0] == b"bytes"
        await close(received, sent)

    loop.run_until_complete(main())


def test_a_stale_unix_socket_that_stays_is_logged(
    loop: asyncio.AbstractEventLoop,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = str(tmp_path / "stale")

    def refuse(_: str) -> None:
        raise PermissionError("not yours")

    async def main() -> None:
        _, stale = await endpoint(local_addr=path, family=socket.AF_UNIX)
        monkeypatch.setattr("os.remove", refuse)
        with pytest.raises(OSError, match="in use"):
            await endpoint(local_addr=path, family=socket.AF_UNIX)
        await close(stale)

    loop.run_until_complete(main())
    assert "Unable to check or remove stale UNIX socket" in caplog.text


REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({}, ValueError, "unexpected address family"),
    ({"local_addr": "nonsense"}, TypeError, "2-tuple is expected"),
    ({"remote_addr": ("127.0.0.1", 1, 2)}, TypeError, "2-tuple is expected"),
    ({"local_addr": LOCAL, "family": socket.AF_UNIX}, TypeError, "string is expected"),
    (
        {"local_addr": LOCAL, "remote_addr": ("::1", 1)},
        ValueError,
        "can not get address information",
    ),
    ({"local_addr": ("192.0.2.1", 0)}, OSError, "assign requested address"),
]


@pytest.mark.parametrize(("options", "error", "text"), REFUSED)
def test_arguments_that_are_refused(
    loop: asyncio.AbstractEventLoop, options: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        loop.run_until_complete(loop.create_datagram_endpoint(asyncio.DatagramProtocol, **options))


def test_sockets_that_are_refused(loop: asyncio.AbstractEventLoop) -> None:
    open_endpoint: Callable[..., Any] = loop.create_datagram_endpoint
    expected = "A (UDP|datagram) [Ss]ocket was expected"
    with socket.socket() as stream, pytest.raises(ValueError, match=expected):
        loop.run_until_complete(open_endpoint(asyncio.DatagramProtocol, sock=stream))
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        for name, value in {
            "local_addr": LOCAL,
            "remote_addr": LOCAL,
            "family": 1,
            "proto": 1,
            "flags": 1,
            "reuse_port": True,
            "allow_broadcast": True,
        }.items():
            with pytest.raises(ValueError, match=f"can not be used when sock is .*{name}="):
                loop.run_until_complete(
                    open_endpoint(asyncio.DatagramProtocol, sock=sock, **{name: value})
                )


def test_reuse_address_is_refused() -> None:
    """asyncio has dropped the argument; uvloop still takes it, in order to refuse it."""
    loop = jebi.loop.new_event_loop()
    try:
        with pytest.raises(ValueError, match="reuse_address=True is not supported"):
            loop.run_until_complete(
                loop.create_datagram_endpoint(Recorder, local_addr=LOCAL, reuse_address=True)
            )
        with pytest.warns(DeprecationWarning, match="no use for reuse_address"):
            transport, _ = loop.run_until_complete(
                loop.create_datagram_endpoint(
                    asyncio.DatagramProtocol, local_addr=LOCAL, reuse_address=False
                )
            )
        transport.close()
        loop.run_until_complete(asyncio.sleep(0))
    finally:
        loop.close()


def test_a_cancelled_opening_leaves_no_socket(loop: asyncio.AbstractEventLoop) -> None:
    sock = socket.socket(type=socket.SOCK_DGRAM)

    async def main() -> None:
        opening = asyncio.ensure_future(
            loop.create_datagram_endpoint(asyncio.DatagramProtocol, sock=sock)
        )
        await asyncio.sleep(0)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        await asyncio.sleep(0)

    loop.run_until_complete(main())
    assert sock.fileno() == -1


def test_debug_mode_logs_the_opening(
    loop: asyncio.AbstractEventLoop, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        server, one = await endpoint(local_addr=LOCAL)
        _, two = await endpoint(remote_addr=server.get_extra_info("sockname"))
        await close(one, two)

    loop.set_debug(True)
    with caplog.at_level(logging.DEBUG, "asyncio"):
        loop.run_until_complete(main())
    lines = [record for record in caplog.records if "Datagram endpoint" in record.getMessage()]
    assert [record.levelname for record in lines] == ["INFO", "DEBUG"]
