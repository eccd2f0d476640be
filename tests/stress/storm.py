"""A loop in bad weather: everything at once, at random, and everything accounted for."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import os
import random
import signal
import socket
import struct
import sys
import tempfile
import threading
import time
import traceback
import warnings
from typing import TYPE_CHECKING, Any

import jebi.loop
from tests.loop.children import run_a_loop
from tests.stress.ledger import Ledger, Promise
from tests.stress.wires import LONGEST, Box, BufferedEnd, End, Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

PATIENCE = 20.0  # seconds until a promise counts as broken
CROWD = 80  # ends that are open at once
THREADS = 2
MODES = ("rb", "wb")
RESET = struct.pack("ii", 1, 0)


class Trap:
    """Part of a cycle: its finalizer calls the loop wherever the collector happens to run."""

    def __init__(self, spring: Callable[[], None]) -> None:
        self.spring = spring
        self.myself = self

    def __del__(self) -> None:
        self.spring()


class Storm:
    """Random operations on one loop; the seed decides which."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.ledger = Ledger()
        self.done: dict[str, int] = {}
        self._numbers = itertools.count(1)
        self._ends: list[Wire] = []
        self._boxes: list[Box] = []
        self._timers: list[tuple[asyncio.Handle, Promise]] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._children: set[int] = set()
        self._raw: list[Raw] = []
        self._signals: list[Promise] = []
        self._over = threading.Event()

    async def rage(self, seconds: float) -> None:
        """Does what the seed says for so long, then closes everything and waits for it."""
        self.loop = asyncio.get_running_loop()
        self.loop.add_signal_handler(signal.SIGUSR1, self._signalled)
        threads = [threading.Thread(target=self._call_from_outside) for _ in range(THREADS)]
        with tempfile.TemporaryDirectory() as self._directory:
            servers = [
                await self.loop.create_server(self._accept, "127.0.0.1", 0),
                await self.loop.create_unix_server(self._accept, self._path),
            ]
            self._port = servers[0].sockets[0].getsockname()[1]
            for thread in threads:
                thread.start()
            deeds = list(self._deeds())
            end = self.loop.time() + seconds
            try:
                while self.loop.time() < end:
                    await self._do(self.random.choice(deeds))
            finally:
                self._over.set()
                for thread in threads:
                    await self.loop.run_in_executor(None, thread.join)
                await self._calm_down()
                for server in servers:
                    server.close()
                await self._until("the servers' connections", self._all_lost)
        self.loop.remove_signal_handler(signal.SIGUSR1)

    @property
    def _path(self) -> str:
        return os.path.join(self._directory, "stream")

    def _deeds(self) -> Iterator[Callable[[], Any]]:
        """As often as they should be done."""
        weights: list[tuple[int, Callable[[], Any]]] = [
            (60, self.send),
            (6, self.send_much),
            (6, self.open_pair),
            (4, self.open_tcp),
            (3, self.open_unix),
            (3, self.open_pipe),
            (3, self.open_box),
            (20, self.post),
            (6, self.pause),
            (8, self.resume),
            (4, self.close),
            (3, self.abort),
            (3, self.reset),
            (3, self.finish),
            (2, self.ghost),
            (2, self.close_box),
            (4, self.watch_raw),
            (8, self.feed_raw),
            (3, self.drop_raw),
            (8, self.set_timer),
            (4, self.cancel_timer),
            (6, self.call_soon),
            (3, self.set_trap),
            (1, self.collect),
            (5, self.start_task),
            (3, self.cancel_task),
            (2, self.work_elsewhere),
            (1, self.signal),
        ]
        for weight, deed in weights:
            yield from itertools.repeat(deed, weight)

    async def _do(self, deed: Callable[[], Any]) -> None:
        self.done[deed.__name__] = self.done.get(deed.__name__, 0) + 1
        outcome = deed()
        if outcome is not None:
            self._start(outcome)
        if self.random.random() < 0.3:
            await asyncio.sleep(self.random.choice((0, 0, 0, 0.0005)))
        if self.random.random() < 0.002:
            self.fork()

    def _start(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            text = "".join(traceback.format_exception(task.exception()))
            self.ledger.wrong(f"a task failed: {text}")

    # Connections

    def _accept(self) -> Wire:
        return self._end(None)

    def _end(self, wire: int | None, kind: type[Wire] | None = None) -> Wire:
        kind = kind or self.random.choice((End, End, BufferedEnd))
        end = kind(self.ledger, wire)
        self._ends = [known for known in self._ends if not known.lost]
        self._ends.append(end)
        return end

    def _some(self) -> Wire | None:
        alive = [end for end in self._ends if end.is_open and not end.deserted]
        return self.random.choice(alive) if alive else None

    def _crowded(self) -> bool:
        return sum(not end.lost for end in self._ends) > CROWD

    async def _open(self, how: Callable[..., Coroutine[Any, Any, Any]], *args: Any) -> None:
        if self._crowded():
            return
        wire = next(self._numbers)
        _, end = await how(lambda: self._end(wire), *args)
        end.send(self.random.randrange(100))

    async def open_pair(self) -> None:
        if self._crowded():
            return
        near, far = socket.socketpair()
        wire = next(self._numbers)
        opening = [
            self.loop.create_connection(lambda: self._end(wire), sock=near),
            self.loop.connect_accepted_socket(self._accept, far),
        ]
        try:
            (_, end), _ = await asyncio.gather(*opening)
        finally:
            # What was taken over stays open; the rest of a cancelled opening goes.
            near.close()
            far.close()
        end.send(10)

    async def open_tcp(self) -> None:
        await self._open(self.loop.create_connection, "127.0.0.1", self._port)

    async def open_unix(self) -> None:
        await self._open(self.loop.create_unix_connection, self._path)

    async def open_pipe(self) -> None:
        if self._crowded():
            return
        wire = next(self._numbers)
        reading, writing = (
            os.fdopen(end, mode, 0) for end, mode in zip(os.pipe(), MODES, strict=True)
        )
        try:
            await self.loop.connect_read_pipe(lambda: self._end(None, End), reading)
        except BaseException:
            # The writing end was not taken over yet; the other one closes by itself.
            writing.close()
            raise
        _, end = await self.loop.connect_write_pipe(lambda: self._end(wire), writing)
        end.send(10)

    def send(self) -> None:
        if end := self._some():
            end.send(self.random.choice((0, 1, 50, 1000, LONGEST)))

    def send_much(self) -> None:
        if end := self._some():
            for _ in range(10):
                end.send(LONGEST)

    def pause(self) -> None:
        end = self._some()
        if end and isinstance(end.transport, asyncio.ReadTransport):
            end.transport.pause_reading()

    def resume(self) -> None:
        end = self._some()
        if end and isinstance(end.transport, asyncio.ReadTransport):
            end.transport.resume_reading()

    def close(self) -> None:
        if end := self._some():
            end.deserted = True
            end.transport.close()

    def abort(self) -> None:
        if end := self._some():
            end.abort()

    def reset(self) -> None:
        """Closes so that the peer gets an error instead of an end."""
        if end := self._some():
            sock = end.transport.get_extra_info("socket")
            if sock is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            end.abort()

    def finish(self) -> None:
        end = self._some()
        if end and end.writes:
            end.finished = True
            # The peer may have reset the connection, and this is the first to notice.
            with contextlib.suppress(OSError):
                end.transport.write_eof()

    def ghost(self) -> None:
        """Closes a transport's descriptor behind its back; the next one gets its number."""
        end = self._some()
        face = end.transport.get_extra_info("socket") if end else None
        if end and face is not None and not end.transport.get_write_buffer_size():
            end.deserted = True
            if end.transport.is_reading():
                # What it reads in this very iteration would be another's.
                end.transport.pause_reading()
            os.close(face._sock.detach())
            self._start(self.open_pair())
            self.loop.call_later(self.random.random() / 100, self._bury, end)

    def _bury(self, end: Wire) -> None:
        how = self.random.choice(("close", "abort"))
        end.transport.resume_reading()
        getattr(end.transport, how)()
        # What it had buffered can go nowhere.
        end.abort()

    # Datagrams

    async def open_box(self) -> None:
        if self._crowded():
            return
        number = next(self._numbers)
        opening = self.loop.create_datagram_endpoint(
            lambda: Box(self.ledger, number), local_addr=("127.0.0.1", 0)
        )
        _, box = await opening
        self._boxes = [known for known in self._boxes if not known.lost]
        self._boxes.append(box)

    def post(self) -> None:
        if self._boxes:
            sender, to = self.random.choices(self._boxes, k=2)
            sender.send(to, self.random.choice((0, 10, 1000, 9000)))

    def close_box(self) -> None:
        if self._boxes:
            box = self.random.choice(self._boxes)
            if box.is_open:
                self.random.choice((box.transport.close, box.transport.abort))()

    # Descriptors watched by hand

    def watch_raw(self) -> None:
        if len(self._raw) < 10:
            self._raw.append(Raw(self.loop, self.ledger, next(self._numbers)))

    def feed_raw(self) -> None:
        if self._raw:
            self.random.choice(self._raw).feed()

    def drop_raw(self) -> None:
        if self._raw:
            raw = self._raw.pop(self.random.randrange(len(self._raw)))
            raw.drop(properly=self.random.random() < 0.5)

    # Callbacks, timers, tasks, threads

    def call_soon(self) -> None:
        self.loop.call_soon(self.ledger.expect("call_soon"))

    def set_timer(self) -> None:
        promise = self.ledger.expect("call_later")
        handle = self.loop.call_later(self.random.random() / 100, promise)
        self._timers.append((handle, promise))

    def cancel_timer(self) -> None:
        if self._timers:
            handle, promise = self._timers.pop(self.random.randrange(len(self._timers)))
            handle.cancel()
            if promise.is_open:
                promise.cancel()

    def set_trap(self) -> None:
        end, promise = self._some(), self.ledger.expect("a finalizer's callback")

        def spring() -> None:
            self.loop.call_soon(promise)
            if end is not None:
                end.abort()

        Trap(spring)

    def collect(self) -> None:
        gc.collect()

    async def start_task(self) -> None:
        for _ in range(self.random.randrange(5)):
            await asyncio.sleep(self.random.choice((0, 0.001)))

    def cancel_task(self) -> None:
        """Whatever it is doing, also in the middle of opening something."""
        if self._tasks:
            self.random.choice(list(self._tasks)).cancel()

    async def work_elsewhere(self) -> None:
        number = self.random.randrange(1000)
        result = await self.loop.run_in_executor(None, pow, number, 2)
        if result != number**2:
            self.ledger.wrong(f"the executor made {result} of {number}")

    def _call_from_outside(self) -> None:
        chance = random.Random(self.random.random())
        while not self._over.is_set():
            self.loop.call_soon_threadsafe(self.ledger.expect("call_soon_threadsafe"))
            time.sleep(chance.random() / 500)

    def signal(self) -> None:
        self._signals.append(self.ledger.expect("a signal"))
        os.kill(os.getpid(), signal.SIGUSR1)

    def _signalled(self) -> None:
        """One call may stand for several signals."""
        pending, self._signals = self._signals, []
        for promise in pending:
            promise()

    def fork(self) -> None:
        """A child that meddles with everything it has inherited."""
        self.done["fork"] = self.done.get("fork", 0) + 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            number = os.fork()
        if not number:
            self._be_a_child()
        descriptor = os.pidfd_open(number)
        promise = self.ledger.expect("the end of a child")
        self._children.add(number)

        def ended() -> None:
            self.loop.remove_reader(descriptor)
            os.close(descriptor)
            _, status = os.waitpid(number, 0)
            self._children.discard(number)
            if status:
                self.ledger.wrong(f"a child ended with {status}")
            promise()

        self.loop.add_reader(descriptor, ended)

    def _be_a_child(self) -> None:
        status = 1
        try:
            for raw in self._raw:
                self.loop.remove_reader(raw.near)
            for end in self._ends:
                end.abort()
            run_a_loop(1)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)

    # The end

    async def _calm_down(self) -> None:
        for raw in self._raw:
            raw.drop(properly=True)
        self._raw.clear()
        await self._until("the tasks", lambda: not self._tasks)
        gc.collect()
        for end in self._ends:
            if end.is_open:
                end.transport.close()
        await asyncio.sleep(0.05)
        for end in self._ends:
            end.abort()
        for box in self._boxes:
            box.transport.abort()
        self._timers.clear()
        await self._until("the children", lambda: not self._children)
        await self._until("what was promised", lambda: not self.ledger.broken())
        await self._until("the boxes", lambda: all(box.lost for box in self._boxes))

    def _all_lost(self) -> bool:
        for end in self._ends:
            end.abort()
        return all(end.lost or end.transport is None for end in self._ends)

    async def _until(self, what: str, condition: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                while not condition():
                    await asyncio.sleep(0.005)
        except TimeoutError:
            self.ledger.wrong(f"{what}: still not at an end after {PATIENCE} s")


class Raw:
    """A socket that is watched by ``add_reader``."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ledger: Ledger, number: int) -> None:
        self._loop = loop
        self._ledger = ledger
        self._number = number
        self._dropped = False
        self.near, self._far = socket.socketpair()
        self.near.setblocking(False)
        self._far.setblocking(False)
        loop.add_reader(self.near, self._read)

    def feed(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._far.send(struct.pack("!I", self._number))

    def _read(self) -> None:
        if self._dropped:
            self._ledger.wrong(f"raw {self._number} was called after it was dropped")
            return
        # Part of it only: what is left has to be reported again.
        data = self.near.recv(4)
        if data != struct.pack("!I", self._number):
            self._ledger.wrong(f"raw {self._number} read {data!r}")

    def drop(self, *, properly: bool) -> None:
        """Stops watching and closes, or the other way round."""
        self._dropped = True
        if not properly:
            self.near.close()
        if not self._loop.remove_reader(self.near):
            self._ledger.wrong(f"nobody watched raw {self._number}")
        self.near.close()
        self._far.close()


def weather(seed: int, seconds: float) -> Storm:
    """One storm on a loop of its own."""
    storm = Storm(seed)
    reported: list[Any] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: reported.append(context))
        await storm.rage(seconds)

    jebi.loop.run(main())
    for context in reported:
        storm.ledger.wrong(f"reported to the loop: {context}")
    storm.ledger.wrongs += storm.ledger.broken()
    return storm
