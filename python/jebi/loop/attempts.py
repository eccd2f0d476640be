"""Connecting to whichever of several addresses answers first."""

from __future__ import annotations

import asyncio
import itertools
import socket
from typing import TYPE_CHECKING, Any, NoReturn

from .sockets import Sockets

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

    from .names import AddressInfo

    #: Returns the connected socket, or ``None`` if the attempt failed.
    Attempt = Coroutine[Any, Any, socket.socket | None]


class Attempts(Sockets):
    """What ``create_connection`` does with the addresses of a host."""

    async def _connect_to_any(
        self,
        infos: list[AddressInfo],
        local: list[AddressInfo] | None,
        delay: float | None,
        all_errors: bool,
    ) -> socket.socket:
        """A socket that is connected to one of ``infos``, bound to one of ``local`` before.

        The addresses are tried one after the other or, if a ``delay`` in seconds is given, in
        attempts that overlap (RFC 8305). When all have failed it raises their errors: the one
        there is, one that sums them up, or with ``all_errors`` an ``ExceptionGroup``.
        """
        errors: list[list[OSError]] = [[] for _ in infos]
        attempts = (
            self._attempt(info, local, failed) for info, failed in zip(infos, errors, strict=True)
        )
        try:
            if delay is None:
                sock = await _one_by_one(attempts)
            else:
                sock = await _Race(self, attempts, delay).run()
            if sock is None:
                _raise_together(list(itertools.chain.from_iterable(errors)), all_errors)
            return sock
        finally:
            # Their frames hold these lists, which must not hold them in turn.
            for failed in errors:
                failed.clear()

    async def _attempt(
        self, info: AddressInfo, local: list[AddressInfo] | None, errors: list[OSError]
    ) -> socket.socket | None:
        family, kind, proto, _, address = info
        try:
            sock = socket.socket(family=family, type=kind, proto=proto)
        except OSError as error:
            errors.append(error)
            return None
        try:
            sock.setblocking(False)
            if local is not None:
                _bind_to_any(sock, local, errors)
            await self.sock_connect(sock, address)
        except OSError as error:
            sock.close()
            errors.append(error)
            return None
        except BaseException:
            sock.close()
            raise
        return sock


class _Race:
    """Attempts that overlap: the first that connects ends all others.

    The next one starts when the latest has failed, or ``delay`` seconds after the latest's start
    (RFC 8305, section 5; ``asyncio.staggered``).
    """

    def __init__(self, loop: Attempts, attempts: Iterable[Attempt], delay: float) -> None:
        self._loop = loop
        self._upcoming = iter(attempts)
        self._delay = delay
        self._running: set[asyncio.Task[socket.socket | None]] = set()
        self._latest: asyncio.Task[socket.socket | None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._winner: asyncio.Future[socket.socket | None] = loop.create_future()

    async def run(self) -> socket.socket | None:
        """The socket of the winner, ``None`` if every attempt failed."""
        self._start_next()
        try:
            return await self._winner
        except asyncio.CancelledError:
            if not self._winner.cancelled():
                # It was decided, but whoever waited was cancelled before it heard of it.
                _close_socket_of(self._winner)
            raise
        finally:
            if self._timer is not None:
                self._timer.cancel()
            for task in self._running:
                task.cancel()
            if self._running:
                # Nobody else knows these tasks, so none may outlive the race.
                await asyncio.wait(self._running)

    def _start_next(self) -> None:
        attempt = next(self._upcoming, None)
        if attempt is None:
            return
        self._timer = self._loop.call_later(self._delay, self._start_next)
        self._latest = self._loop.create_task(attempt)
        self._running.add(self._latest)
        self._latest.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[socket.socket | None]) -> None:
        self._running.discard(task)
        if task.cancelled():
            return
        if self._winner.done():
            _close_socket_of(task)
            return
        error = task.exception()
        if error is not None:
            self._winner.set_exception(error)
        elif task.result() is not None:
            self._winner.set_result(task.result())
        else:
            self._go_on_after(task)

    def _go_on_after(self, failed: asyncio.Task[socket.socket | None]) -> None:
        if failed is self._latest:
            if self._timer is not None:
                self._timer.cancel()
            self._start_next()
        if not self._running:
            self._winner.set_result(None)


def _close_socket_of(attempt: asyncio.Future[socket.socket | None]) -> None:
    sock = None if attempt.exception() is not None else attempt.result()
    if sock is not None:
        sock.close()


async def _one_by_one(attempts: Iterable[Attempt]) -> socket.socket | None:
    for attempt in attempts:
        sock = await attempt
        if sock is not None:
            return sock
    return None


def _bind_to_any(sock: socket.socket, local: list[AddressInfo], errors: list[OSError]) -> None:
    """Binds to the first local address of the socket's family that can be had."""
    failure: OSError | None = None
    for family, _, _, _, address in local:
        if family != sock.family:
            continue
        if failure is not None:
            errors.append(failure)
        try:
            sock.bind(address)
        except OSError as error:
            text = f"error while attempting to bind on address {address!r}: {str(error).lower()}"
            failure = OSError(error.errno, text)
        else:
            return
    raise failure or OSError(f"no matching local address with family={sock.family!r} found")


def _raise_together(errors: list[OSError], all_errors: bool) -> NoReturn:
    try:
        if all_errors:
            raise ExceptionGroup("create_connection failed", errors)
        if len({str(error) for error in errors}) == 1:
            raise errors[0]
        raise OSError(f"Multiple exceptions: {', '.join(str(error) for error in errors)}")
    finally:
        # Their frames hold this one.
        del errors
