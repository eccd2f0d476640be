"""Addresses of datagrams. Here Jebi follows uvloop or promises more, so only Jebi is tested."""

from __future__ import annotations

import ctypes
import gc
import socket
import sys
import weakref
from typing import TYPE_CHECKING, Any

import pytest

import jebi.loop
from tests.loop.test_datagrams import LOCAL, close, endpoint

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = jebi.loop.new_event_loop()
    yield made
    made.close()


REFUSED: list[tuple[Any, type[Exception], str]] = [
    (("example.com", 80), ValueError, "a DNS lookup is required"),
    (("::1", 80), ValueError, "socket family mismatch"),
    (("127.0.0.1", 70000), OverflowError, "port must be 0-65535"),
    (("127.0.0.1", -1), OverflowError, "port must be 0-65535"),
    (("127.0.0.1", 1 << 70), OverflowError, "port must be 0-65535"),
    (("127.0.0.1", "80"), TypeError, "int"),
    ((b"127.0.0.1", None), TypeError, "int"),
    (("127.0.0.1",), TypeError, "must be a pair"),
    (("127.0.0.1", 1, 2), TypeError, "must be a pair"),
    ("127.0.0.1", TypeError, "must be tuple, not str"),
    ((None, 80), TypeError, "str"),
]


@pytest.mark.parametrize(("address", "error", "text"), REFUSED)
def test_addresses_that_are_refused(
    loop: asyncio.AbstractEventLoop, address: Any, error: type[Exception], text: str
) -> None:
    """asyncio looks names up, which holds up the loop, and closes the transport over the others."""

    async def main() -> None:
        transport, protocol = await endpoint(local_addr=LOCAL)
        with pytest.raises(error, match=text):
            transport.sendto(b"x", address)
        transport.sendto(b"it still works", transport.get_extra_info("sockname"))
        assert (await protocol.next())[0] == b"it still works"
        await close(protocol)

    loop.run_until_complete(main())


def test_spellings_of_an_ipv4_address(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        transport, protocol = await endpoint(local_addr=LOCAL)
        port = transport.get_extra_info("sockname")[1]
        for host in ("127.0.0.1", b"127.0.0.1", ""):
            transport.sendto(b"x", (host, port))
            assert await protocol.next() == (b"x", ("127.0.0.1", port))
        transport.sendto(b"x", ("<broadcast>", port))
        assert isinstance(await protocol.next(), OSError)
        await close(protocol)

    loop.run_until_complete(main())


def test_spellings_of_an_ipv6_address(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        transport, protocol = await endpoint(local_addr=("::1", 0))
        port = transport.get_extra_info("sockname")[1]
        for address in (
            ("::1", port),
            ("0:0::1", port, 0),
            ("::1", port, 5, 0),
            ("", port),
            ("::1%lo", port),
            ("::1%1", port),
        ):
            transport.sendto(b"x", address)
            assert await protocol.next() == (b"x", ("::1", port, 0, 0))
        refused: list[tuple[Any, type[Exception]]] = [
            (("127.0.0.1", port), ValueError),
            (("::1%nonsense", port), ValueError),
            (("::1", port, 1 << 20), OverflowError),
            (("::1", port, 0, -1), OverflowError),
            (("::1", port, 0, 0, 0), TypeError),
        ]
        for wrong, error in refused:
            with pytest.raises(error):
                transport.sendto(b"x", wrong)
        await close(protocol)

    loop.run_until_complete(main())


def test_ipv4_senders_of_an_ipv6_socket(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(("::", 0))
        transport, protocol = await endpoint(sock=sock)
        with socket.socket(type=socket.SOCK_DGRAM) as other:
            other.bind(LOCAL)
            other.settimeout(5)
            other.sendto(b"x", ("127.0.0.1", sock.getsockname()[1]))
            data, sender = await protocol.next()
            assert sender == ("::ffff:127.0.0.1", other.getsockname()[1], 0, 0)
            transport.sendto(data, sender)
            assert other.recv(10) == b"x"
        await close(protocol)

    loop.run_until_complete(main())


def test_a_path_that_fills_the_whole_field(
    loop: asyncio.AbstractEventLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel takes it without a NUL at its end, and so may programs that are not Python."""
    monkeypatch.chdir(tmp_path)
    path = "x" * 108
    raw = socket.AF_UNIX.to_bytes(2, sys.byteorder) + path.encode()

    async def main() -> None:
        server, received = await endpoint(local_addr="server", family=socket.AF_UNIX)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
            other.settimeout(5)
            assert ctypes.CDLL(None).bind(other.fileno(), raw, len(raw)) == 0
            other.sendto(b"x", "server")
            assert await received.next() == (b"x", path)
            server.sendto(b"y", path)
            assert other.recv(10) == b"y"
        await close(received)

    loop.run_until_complete(main())


def test_paths_that_nobody_can_have(loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    async def main() -> None:
        path = str(tmp_path / "here")
        transport, protocol = await endpoint(local_addr=path, family=socket.AF_UNIX)
        for nowhere in ("x" * 109, "", str(tmp_path / "nobody"), "a\0b"):
            transport.sendto(b"x", nowhere)
            assert isinstance(await protocol.next(), OSError)
        with pytest.raises(TypeError, match="str or bytes, not tuple"):
            transport.sendto(b"x", (path, 1))
        await close(protocol)

    loop.run_until_complete(main())


def test_a_connected_socket_without_names(loop: asyncio.AbstractEventLoop) -> None:
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)

    async def main() -> None:
        transport, protocol = await endpoint(sock=near)
        far.send(b"x")
        assert await protocol.next() == (b"x", None)
        transport.sendto(b"y")
        assert far.recv(10) == b"y"
        await close(protocol)

    with near, far:
        loop.run_until_complete(main())


def test_sending_to_nobody_is_an_error_of_the_network(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        transport, protocol = await endpoint(local_addr=LOCAL)
        transport.sendto(b"x")
        assert isinstance(await protocol.next(), OSError)
        await close(protocol)

    loop.run_until_complete(main())


def test_families_that_only_python_knows(loop: asyncio.AbstractEventLoop) -> None:
    experimental = 0x88B5  # an EtherType for anybody's use
    try:
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(experimental))
    except PermissionError:
        pytest.skip("packet sockets are for root")

    async def main() -> None:
        sock.bind(("lo", experimental))
        transport, protocol = await endpoint(sock=sock)
        transport.sendto(b"a frame", ("lo", experimental))
        data, sender = await protocol.next()
        assert data == b"a frame"
        assert sender[:2] == ("lo", experimental)
        with pytest.raises(TypeError):
            transport.sendto(b"x", "nonsense")
        transport.sendto(b"x", ("no such device", experimental))
        assert isinstance(await protocol.next(), OSError)
        await close(protocol)

    loop.run_until_complete(main())


def test_the_same_sender_is_the_same_object(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        server, received = await endpoint(local_addr=LOCAL)
        address = server.get_extra_info("sockname")
        with socket.socket(type=socket.SOCK_DGRAM) as one, socket.socket(type=2) as two:
            senders = []
            for sock in (one, one, two, one):
                sock.sendto(b"x", address)
                senders.append((await received.next())[1])
            assert senders[0] is senders[1]
            expected = [("127.0.0.1", sock.getsockname()[1]) for sock in (one, one, two, one)]
            assert senders == expected
        await close(received)

    loop.run_until_complete(main())


def test_a_closed_transport_leaves_nothing_behind(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> tuple[weakref.ref[Any], weakref.ref[Any]]:
        transport, protocol = await endpoint(local_addr=LOCAL)
        await close(protocol)
        return weakref.ref(transport), weakref.ref(protocol)

    transport, protocol = loop.run_until_complete(main())
    gc.collect()
    assert transport() is None
    assert protocol() is None


def test_a_loop_that_is_closed_takes_its_endpoints_along(
    loop: asyncio.AbstractEventLoop,
) -> None:
    sock = socket.socket(type=socket.SOCK_DGRAM)

    async def main() -> weakref.ref[Any]:
        transport, _ = await endpoint(sock=sock)
        return weakref.ref(transport)

    transport = loop.run_until_complete(main())
    sock.close()
    assert transport() is not None
    assert sock.fileno() >= 0
    loop.close()
    with pytest.warns(ResourceWarning, match="unclosed transport <DatagramTransport fd="):
        gc.collect()
    assert transport() is None
    assert sock.fileno() == -1


def test_a_transport_is_closed_after_its_loop(loop: asyncio.AbstractEventLoop) -> None:
    sock = socket.socket(type=socket.SOCK_DGRAM)
    transport, _ = loop.run_until_complete(endpoint(sock=sock))
    loop.close()
    transport.close()
    assert sock.fileno() == -1
