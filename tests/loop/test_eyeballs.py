"""Connecting to hosts that have several addresses, one by one and in overlapping attempts."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Address = tuple[str, int]


def found(*addresses: Address) -> Callable[..., Any]:
    """A ``getaddrinfo`` that finds these."""

    async def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        kind = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [(*kind, address) for address in addresses]

    return getaddrinfo


class Network:
    """A loop's ``sock_connect`` and ``getaddrinfo``, scripted.

    Each address answers when the test says so. Nothing else about a connection is scripted: those
    that are let through reach a real listener.
    """

    def __init__(self, loop: Any, listener: Address) -> None:
        self._loop = loop
        self._listener = listener
        self._connect = loop.sock_connect
        self.started: list[Address] = []
        self.sockets: list[socket.socket] = []
        self.verdicts: dict[Address, asyncio.Future[Exception | None]] = {}
        self._changed = asyncio.Event()
        loop.sock_connect = self.sock_connect

    def resolves_to(self, *addresses: Address) -> None:
        self._loop.getaddrinfo = found(*addresses)
        for address in addresses:
            self.verdicts[address] = self._loop.create_future()

    async def sock_connect(self, sock: socket.socket, address: Address) -> None:
        self.started.append(address)
        self.sockets.append(sock)
        self._changed.set()
        error = await self.verdicts[address]
        if error is not None:
            raise error
        await self._connect(sock, self._listener)

    async def until_started(self, count: int) -> None:
        while len(self.started) < count:
            self._changed.clear()
            await self._changed.wait()

    def refuse(self, address: Address, text: str = "refused") -> None:
        self.verdicts[address].set_result(ConnectionRefusedError(111, text))

    def accept(self, address: Address) -> None:
        self.verdicts[address].set_result(None)


A, B, C = ("127.0.0.1", 1), ("127.0.0.2", 1), ("127.0.0.3", 1)
# Far beyond the test's timeout: nothing in a test happens because it has passed.
NEVER = 1000.0


@pytest.fixture
def network(loop: asyncio.AbstractEventLoop, listener: socket.socket) -> Iterator[Network]:
    """Three addresses, A, B and C."""
    made = Network(loop, listener.getsockname())
    made.resolves_to(A, B, C)
    yield made
    gc.collect()


def connect(loop: asyncio.AbstractEventLoop, **options: Any) -> asyncio.Task[Any]:
    return asyncio.ensure_future(
        loop.create_connection(asyncio.Protocol, "three.example", 1, **options)
    )


async def close(connecting: asyncio.Task[Any]) -> None:
    transport, _ = await connecting
    transport.close()
    await asyncio.sleep(0)


def test_without_a_delay_attempts_do_not_overlap(
    loop: asyncio.AbstractEventLoop, network: Network
) -> None:
    async def main() -> None:
        connecting = connect(loop)
        await network.until_started(1)
        await asyncio.sleep(0.01)
        assert network.started == [A]
        network.refuse(A)
        await network.until_started(2)
        network.accept(B)
        await close(connecting)
        assert network.started == [A, B]
        assert [sock.fileno() for sock in network.sockets] == [-1, -1]

    loop.run_until_complete(main())


def test_the_next_attempt_starts_when_the_delay_is_over(
    loop: asyncio.AbstractEventLoop, network: Network
) -> None:
    """The first has not answered yet, and is the one that wins."""

    async def main() -> None:
        connecting = connect(loop, happy_eyeballs_delay=0.001)
        await network.until_started(3)
        assert network.started == [A, B, C]
        network.accept(A)
        await close(connecting)
        assert [sock.fileno() for sock in network.sockets] == [-1, -1, -1]

    loop.run_until_complete(main())


def test_the_next_attempt_starts_when_the_latest_has_failed(
    loop: asyncio.AbstractEventLoop, network: Network
) -> None:
    async def main() -> None:
        connecting = connect(loop, happy_eyeballs_delay=NEVER)
        await network.until_started(1)
        network.refuse(A)
        await network.until_started(2)
        network.accept(B)
        await close(connecting)
        assert network.started == [A, B]

    loop.run_until_complete(main())


def test_losers_are_closed(loop: asyncio.AbstractEventLoop, network: Network) -> None:
    async def main() -> None:
        connecting = connect(loop, happy_eyeballs_delay=0.001)
        await network.until_started(3)
        network.accept(B)
        transport, _ = await connecting
        first, second, third = network.sockets
        assert transport.get_extra_info("socket").fileno() == second.fileno()
        assert (first.fileno(), third.fileno()) == (-1, -1)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        await close(connecting)

    loop.run_until_complete(main())


@pytest.mark.parametrize("delay", [None, 0.001, NEVER])
def test_every_failure_is_told(
    loop: asyncio.AbstractEventLoop, network: Network, delay: float | None
) -> None:
    async def main() -> None:
        for number, address in enumerate([A, B, C]):
            network.refuse(address, f"number {number}")
        with pytest.raises(OSError, match=r"Multiple exceptions: .*number 0.*number 1.*number 2"):
            await connect(loop, happy_eyeballs_delay=delay)

    loop.run_until_complete(main())


@pytest.mark.parametrize("delay", [None, 0.001])
def test_equal_failures_are_told_once(
    loop: asyncio.AbstractEventLoop, network: Network, delay: float | None
) -> None:
    async def main() -> None:
        for address in (A, B, C):
            network.refuse(address)
        with pytest.raises(ConnectionRefusedError, match="refused"):
            await connect(loop, happy_eyeballs_delay=delay)

    loop.run_until_complete(main())


@pytest.mark.parametrize("delay", [None, 0.001])
def test_all_failures_can_be_had_one_by_one(
    loop: asyncio.AbstractEventLoop, network: Network, delay: float | None
) -> None:
    if sys.version_info < (3, 12) and isinstance(loop, asyncio.SelectorEventLoop):
        pytest.skip("Python 3.12 brought all_errors to asyncio")

    async def main() -> None:
        for address in (A, B, C):
            network.refuse(address, str(address))
        with pytest.raises(ExceptionGroup, match="create_connection failed") as raised:
            await connect(loop, happy_eyeballs_delay=delay, all_errors=True)
        assert [error.args[1] for error in raised.value.exceptions] == [str(A), str(B), str(C)]

    loop.run_until_complete(main())


@pytest.mark.parametrize("delay", [None, 0.001])
def test_cancelling_closes_every_socket(
    loop: asyncio.AbstractEventLoop, network: Network, delay: float | None
) -> None:
    async def main() -> None:
        connecting = connect(loop, happy_eyeballs_delay=delay)
        await network.until_started(1 if delay is None else 3)
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        await asyncio.sleep(0)
        assert {sock.fileno() for sock in network.sockets} == {-1}

    loop.run_until_complete(main())


@pytest.mark.parametrize("delay", [None, 0.001])
@pytest.mark.parametrize("all_errors", [False, True])
def test_failures_leave_no_cycle(
    loop: asyncio.AbstractEventLoop, delay: float | None, all_errors: bool
) -> None:
    """Nobody listens at port 1, so these are refused for good."""
    if isinstance(loop, asyncio.SelectorEventLoop):
        if delay is not None:
            pytest.skip("asyncio leaves one behind a race")
        if sys.version_info < (3, 12):
            pytest.skip("asyncio leaves one, and takes no all_errors")

    async def fail() -> None:
        try:
            await connect(loop, happy_eyeballs_delay=delay, all_errors=all_errors)
        except (OSError, ExceptionGroup):
            return
        pytest.fail("somebody listens at port 1")

    loop.getaddrinfo = found(A, B, C)  # type: ignore[method-assign]  # replaced on purpose
    loop.run_until_complete(fail())
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        loop.run_until_complete(fail())
        gc.collect()
        kinds = [type(item) for item in gc.garbage if isinstance(item, OSError)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
    assert kinds == []


def families(*letters: str) -> Callable[..., Any]:
    """A ``getaddrinfo`` that finds addresses of these families, "4" or "6", in this order."""

    async def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        kinds = {"4": socket.AF_INET, "6": socket.AF_INET6}
        return [
            (kinds[letter], socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (letter, number))
            for number, letter in enumerate(letters)
        ]

    return getaddrinfo


@pytest.mark.parametrize(
    ("options", "order"),
    [
        ({}, "666644"),
        ({"interleave": 0, "happy_eyeballs_delay": NEVER}, "666644"),
        ({"interleave": 1}, "646466"),
        ({"happy_eyeballs_delay": NEVER}, "646466"),
        ({"interleave": 2}, "664646"),
        ({"interleave": 9}, "666644"),
    ],
)
def test_families_take_turns(
    loop: asyncio.AbstractEventLoop, options: dict[str, Any], order: str
) -> None:
    asked: list[str] = []

    async def refuse(_: socket.socket, address: Address) -> None:
        asked.append(address[0])
        raise ConnectionRefusedError(111, str(address))

    loop.getaddrinfo = families(*"666644")  # type: ignore[method-assign]  # replaced on purpose
    loop.sock_connect = refuse  # type: ignore[assignment,method-assign]  # replaced on purpose
    with pytest.raises(OSError, match="Multiple exceptions"):
        loop.run_until_complete(
            loop.create_connection(asyncio.Protocol, "some.example", 1, **options)
        )
    assert "".join(asked) == order


def test_local_addresses_of_other_families_do_not_count(
    loop: asyncio.AbstractEventLoop, listener: socket.socket
) -> None:
    async def main() -> None:
        with pytest.raises(OSError, match="no matching local address with family"):
            await loop.create_connection(
                asyncio.Protocol, *listener.getsockname(), local_addr=("::1", 0)
            )

    loop.run_until_complete(main())


def test_a_local_address_that_cannot_be_had(
    loop: asyncio.AbstractEventLoop, listener: socket.socket
) -> None:
    async def main() -> None:
        with pytest.raises(OSError, match="error while attempting to bind on address"):
            await loop.create_connection(
                asyncio.Protocol, *listener.getsockname(), local_addr=("192.0.2.1", 0)
            )

    loop.run_until_complete(main())
