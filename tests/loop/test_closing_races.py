"""What comes while a loop is being closed: calls of other threads, and of finalizers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

import jebi.loop
from tests.loop.ours import ours  # noqa: F401  (the fixture loop)
from tests.loop.test_datagrams import LOCAL, endpoint

if TYPE_CHECKING:
    from collections.abc import Callable

Pair = tuple[socket.socket, socket.socket]


class LastWords:
    """Does something when it is dropped, as a callback or as its argument."""

    def __init__(self, words: Callable[[], object]) -> None:
        self.words = words

    def __call__(self, *_: Any) -> None:
        raise AssertionError("nobody calls it")

    def __del__(self) -> None:
        self.words()


def test_threads_that_call_while_the_loop_closes() -> None:
    for _ in range(20):
        loop = jebi.loop.new_event_loop()
        accepted = threading.Semaphore(0)
        refused: list[str] = []

        def call(
            loop: asyncio.AbstractEventLoop = loop,
            accepted: threading.Semaphore = accepted,
            refused: list[str] = refused,
        ) -> None:
            try:
                while True:
                    loop.call_soon_threadsafe(int)
                    accepted.release()
            except RuntimeError as error:
                refused.append(str(error))

        threads = [threading.Thread(target=call) for _ in range(3)]
        for thread in threads:
            thread.start()
        accepted.acquire()
        loop.call_soon(loop.stop)
        loop.run_forever()
        loop.close()
        for thread in threads:
            thread.join()
        assert refused == ["Event loop is closed"] * 3


def test_finalizers_that_call_a_loop_while_it_is_closed(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    near, far = pair
    said: list[str] = []

    def use_the_loop() -> None:
        attempts: list[Callable[[], object]] = [
            lambda: loop.call_soon(print),
            lambda: loop.call_later(1, print),
            lambda: loop.call_soon_threadsafe(print),
            lambda: loop.add_reader(far, print),
            lambda: loop.run_in_executor(None, print),
        ]
        for attempt in attempts:
            with pytest.raises(RuntimeError, match="Event loop is closed"):
                attempt()
        loop.remove_reader(near)
        loop.remove_writer(near)
        loop.close()
        said.append("words")

    loop.call_soon(LastWords(use_the_loop))
    loop.call_later(1, LastWords(use_the_loop))
    loop.add_reader(near, LastWords(use_the_loop))
    loop.add_writer(near, print, LastWords(use_the_loop))
    loop.close()
    assert said == ["words"] * 4


def test_finalizers_that_call_a_loop_while_it_drops_them(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    """Whatever is exchanged or removed may come back to the loop in the middle of it."""
    near, far = pair
    said: list[str] = []

    def use_the_loop() -> None:
        said.append("words")
        loop.add_reader(far, print)
        loop.remove_reader(far)
        loop.call_soon(int)
        loop.call_later(0, int).cancel()

    loop.add_reader(near, LastWords(use_the_loop))
    loop.add_reader(near, LastWords(use_the_loop))
    loop.add_writer(near, LastWords(use_the_loop))
    loop.remove_writer(near)
    loop.remove_reader(near)
    loop.call_soon(LastWords(use_the_loop)).cancel()
    for _ in range(300):
        # So many that they are swept out together.
        loop.call_later(3600, LastWords(use_the_loop)).cancel()
    loop.run_until_complete(asyncio.sleep(0))
    assert said == ["words"] * 304


def test_a_callback_cannot_close_its_loop(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError, match="Cannot close a running event loop"):
            loop.close()
        transport, protocol = await endpoint(local_addr=LOCAL)
        loop.call_soon(transport.close)
        loop.call_soon(transport.abort)
        assert await protocol.lost is None

    loop.run_until_complete(main())


def test_signals_while_loops_are_closed() -> None:
    seen: list[int] = []
    for _ in range(50):
        loop = jebi.loop.new_event_loop()
        loop.add_signal_handler(signal.SIGUSR1, seen.append, 1)
        before = len(seen)
        os.kill(os.getpid(), signal.SIGUSR1)
        while len(seen) == before:
            loop.run_until_complete(asyncio.sleep(0))
        os.kill(os.getpid(), signal.SIGUSR1)
        loop.close()
    assert len(seen) == 50
    with contextlib.suppress(OSError):
        assert signal.set_wakeup_fd(-1) == -1
