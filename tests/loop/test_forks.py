"""Children of a fork. They share their parent's epoll list, and Jebi keeps them away from it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import multiprocessing
import os
import signal
import socket
import traceback
import warnings
from typing import TYPE_CHECKING, Any

import pytest

import jebi.loop
from tests.loop.children import hear_oneself, run_a_loop
from tests.loop.ours import ours  # noqa: F401  (the fixture loop)
from tests.loop.test_datagrams import LOCAL, Recorder, close, endpoint

if TYPE_CHECKING:
    from collections.abc import Callable

Pair = tuple[socket.socket, socket.socket]


def fork(child: Callable[[], object]) -> int:
    """Runs ``child`` in a child of this process; answers its number."""
    with warnings.catch_warnings():
        # Python warns of threads that the child lacks, and other tests may have left some.
        warnings.simplefilter("ignore", DeprecationWarning)
        number = os.fork()
    if number:
        return number
    status = 1
    try:
        child()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def wait(number: int) -> None:
    _, status = os.waitpid(number, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def in_a_child(child: Callable[[], object]) -> None:
    wait(fork(child))


def check_reader(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    """The reader that the loop has for the near end still works."""
    near, far = pair
    far.send(b"x")
    loop.run_forever()
    assert near.recv(10) == b"x"


def test_closing_an_inherited_loop(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    loop.add_reader(pair[0], loop.stop)
    in_a_child(loop.close)
    check_reader(loop, pair)


def test_dropping_an_inherited_reader(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    loop.add_reader(pair[0], loop.stop)

    def child() -> None:
        assert loop.remove_reader(pair[0])
        loop.close()

    in_a_child(child)
    check_reader(loop, pair)


def test_an_inherited_loop_goes_on_in_a_child(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    near, _ = pair
    loop.add_reader(near, loop.stop)

    def child() -> None:
        check_reader(loop, pair)
        loop.remove_reader(near)
        assert loop.run_until_complete(loop.run_in_executor(None, lambda: 3)) == 3
        loop.run_until_complete(loop.shutdown_default_executor())
        data = loop.run_until_complete(hear_oneself())
        assert data == b"to myself"
        loop.close()

    in_a_child(child)
    check_reader(loop, pair)


def test_a_child_of_a_running_loop_runs_one_of_its_own(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        transport, protocol = await endpoint(local_addr=LOCAL)
        address = transport.get_extra_info("sockname")

        def child() -> None:
            with pytest.raises(RuntimeError, match="no running event loop"):
                asyncio.get_running_loop()
            transport.abort()
            assert jebi.loop.run(hear_oneself()) == b"to myself"
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                assert runner.run(hear_oneself()) == b"to myself"

        await loop.run_in_executor(None, wait, fork(child))
        assert asyncio.get_running_loop() is loop
        transport.sendto(b"still here", address)
        assert await protocol.next() == (b"still here", address)
        await close(protocol)

    loop.run_until_complete(main())


def test_a_child_that_returns_into_the_loop(loop: asyncio.AbstractEventLoop) -> None:
    """It has the callbacks and timers of its parent, and events of its own."""

    async def main() -> None:
        transport, protocol = await endpoint(local_addr=LOCAL)
        address = transport.get_extra_info("sockname")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            number = os.fork()
        if not number:
            status = 1
            try:
                asyncio._set_running_loop(loop)
                await asyncio.sleep(0.01)
                near, far = socket.socketpair()
                near.setblocking(False)
                loop.call_soon(far.send, b"x")
                assert await loop.sock_recv(near, 10) == b"x"
                transport.close()
                status = 0
            finally:
                os._exit(status)
        await loop.run_in_executor(None, wait, number)
        transport.sendto(b"still here", address)
        assert await protocol.next() == (b"still here", address)
        await close(protocol)

    loop.run_until_complete(main())


def test_a_childs_signals_are_not_its_parents(loop: asyncio.AbstractEventLoop) -> None:
    seen: list[str] = []
    loop.add_signal_handler(signal.SIGUSR1, seen.append, "signal")

    def child() -> None:
        os.kill(os.getpid(), signal.SIGUSR1)
        own = jebi.loop.new_event_loop()
        own.add_signal_handler(signal.SIGUSR1, own.stop)
        own.call_soon(os.kill, os.getpid(), signal.SIGUSR1)
        own.run_forever()
        own.close()

    async def main() -> None:
        await loop.run_in_executor(None, wait, fork(child))
        for _ in range(3):
            await asyncio.sleep(0)
        assert not seen
        os.kill(os.getpid(), signal.SIGUSR1)
        while not seen:
            await asyncio.sleep(0)

    loop.run_until_complete(main())
    assert seen == ["signal"]


def test_waking_the_loop_in_a_child(loop: asyncio.AbstractEventLoop) -> None:
    """A thread of the child wakes the child's loop, though it is the parent's."""

    def child() -> None:
        async def woken() -> None:
            future = loop.create_future()
            await loop.run_in_executor(None, loop.call_soon_threadsafe, future.set_result, None)
            await future

        loop.run_until_complete(woken())

    in_a_child(child)


METHODS = ["fork", pytest.param("spawn", marks=pytest.mark.timeout(60))]


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_process_of_multiprocessing(loop: asyncio.AbstractEventLoop) -> None:
    context: Any = multiprocessing.get_context("fork")

    async def main() -> None:
        transport, protocol = await endpoint(local_addr=LOCAL)
        process = context.Process(target=run_a_loop, args=(3,))
        process.start()
        await loop.run_in_executor(None, process.join)
        assert process.exitcode == 0
        await exchange(transport, protocol)
        await close(protocol)

    loop.run_until_complete(main())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_pool_of_processes(loop: asyncio.AbstractEventLoop, method: str) -> None:
    context: Any = multiprocessing.get_context(method)

    async def main() -> None:
        transport, protocol = await endpoint(local_addr=LOCAL)
        with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
            calls = [loop.run_in_executor(pool, run_a_loop, number) for number in range(4)]
            assert await asyncio.gather(*calls) == [0, 1, 4, 9]
        await exchange(transport, protocol)
        await close(protocol)

    loop.run_until_complete(main())


async def exchange(transport: Any, protocol: Recorder) -> None:
    address = transport.get_extra_info("sockname")
    transport.sendto(b"still here", address)
    assert await protocol.next() == (b"still here", address)
