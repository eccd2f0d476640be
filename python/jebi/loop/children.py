"""A child process as a transport."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import warnings
from typing import TYPE_CHECKING, Any

from . import exits
from .log import logger

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

# Iterations that the ends of a dead child's pipes take, from the poller to `connection_lost`.
SETTLING = 5


class ChildPipe(asyncio.Protocol):
    """Passes on to the child's protocol what happens to one of its pipes."""

    def __init__(self, child: SubprocessTransport, fd: int) -> None:
        self._child: SubprocessTransport | None = child
        self._fd = fd
        self.transport: Any = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} fd={self._fd} pipe={self.transport!r}>"

    @property
    def is_connected(self) -> bool:
        """Whether the child may still use the pipe."""
        return self._child is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The pipe is open."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """The child has written."""
        if self._child is not None:
            self._child._receive(self._fd, data)

    def pause_writing(self) -> None:
        """The child does not read as fast as we write."""
        if self._child is not None:
            self._child.get_protocol().pause_writing()

    def resume_writing(self) -> None:
        """The child has caught up."""
        if self._child is not None:
            self._child.get_protocol().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """The pipe is closed."""
        child, self._child = self._child, None
        if child is not None:
            child._lose_pipe(self._fd, exc)


class SubprocessTransport(asyncio.SubprocessTransport):
    """A child process: its pipes, its signals, its end.

    The protocol hears of it in asyncio's order: ``connection_made``; then ``pipe_data_received``
    and ``pipe_connection_lost`` for each pipe, and ``process_exited``, as they happen; at last,
    when the process has ended and every pipe is closed, ``connection_lost``.
    """

    def __init__(self, loop: Any, protocol: Any, process: subprocess.Popen[bytes]) -> None:
        super().__init__({"subprocess": process})
        self._loop = loop
        self._protocol = protocol
        self._process: subprocess.Popen[bytes] | None = process
        self._pid = process.pid
        self._returncode: int | None = None
        self._pipes: dict[int, ChildPipe] = {}
        self._closed = False
        self._finished = False
        self._waiters: list[asyncio.Future[int]] = []
        # What the protocol is told later, while the pipes are being opened.
        self._untold: list[tuple[Callable[..., object], tuple[Any, ...]]] | None = []
        exits.watch(loop, process, self._exit)

    def __repr__(self) -> str:
        words = [type(self).__name__]
        if self._closed:
            words.append("closed")
        words.append(f"pid={self._pid}")
        words.append("running" if self._returncode is None else f"returncode={self._returncode}")
        for fd, name in enumerate(("stdin", "stdout", "stderr")):
            if fd in self._pipes:
                words.append(f"{name}={self._pipes[fd].transport}")
        return f"<{' '.join(words)}>"

    def __del__(self) -> None:
        if self._closed:
            return
        warnings.warn(f"unclosed transport {self!r}", ResourceWarning, source=self)  # noqa: B028 - nobody calls it
        self.close()

    def get_pid(self) -> int:
        """The number of the process."""
        return self._pid

    def get_returncode(self) -> int | None:
        """What the process ended with, negative for a signal; ``None`` as long as it runs."""
        return self._returncode

    def get_pipe_transport(self, fd: int) -> Any:
        """The transport of the child's descriptor 0, 1 or 2 if that is a pipe, else ``None``."""
        pipe = self._pipes.get(fd)
        return pipe.transport if pipe is not None else None

    def get_protocol(self) -> Any:
        """Who is told; ``None`` after the end."""
        return self._protocol

    def set_protocol(self, protocol: Any) -> None:
        """Has another protocol be told from now on."""
        self._protocol = protocol

    def send_signal(self, signal: int) -> None:
        """Sends a signal; raises ``ProcessLookupError`` after the end."""
        if self._process is None:
            raise ProcessLookupError
        # Once it is reaped, its number may be that of a stranger.
        if self._returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal)

    def terminate(self) -> None:
        """Asks the process to end, by SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends the process, by SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def is_closing(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def close(self) -> None:
        """Closes the pipes, and kills the process if it still runs."""
        if self._closed:
            return
        self._closed = True
        for pipe in self._pipes.values():
            if pipe.transport is not None:
                pipe.transport.close()
        process = self._process
        if process is None or self._returncode is not None or process.poll() is not None:
            return
        if self._loop.get_debug():
            logger.warning("Close running child process: kill %r", self)
        # It may have ended meanwhile, or run as another user.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            process.kill()

    async def _open(self) -> None:
        """Opens the pipes; after it, the protocol knows the transport."""
        loop, process = self._loop, self._process
        assert process is not None
        try:
            for fd, pipe in enumerate((process.stdin, process.stdout, process.stderr)):
                if pipe is not None:
                    passing = self._pipes[fd] = ChildPipe(self, fd)
                    connect = loop.connect_read_pipe if fd else loop.connect_write_pipe
                    passing.transport, _ = await connect(lambda: passing, pipe)  # noqa: B023 - called at once
            opened = loop.create_future()
            loop.call_soon(self._protocol.connection_made, self)
            untold, self._untold = self._untold or [], None
            for callback, args in untold:
                loop.call_soon(callback, *args)
            loop.call_soon(_wake, opened, None)
            await opened
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException:
            await self._give_up(process)
            raise

    async def _give_up(self, process: subprocess.Popen[bytes]) -> None:
        """Ends a process whose pipes could not be opened, or that nobody waits for any more."""
        self.close()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                # If it has a transport by now, that works on a descriptor of its own.
                pipe.close()
        await self._wait()

    async def _wait(self) -> int:
        """The return code, when the process has ended."""
        if self._returncode is not None:
            return self._returncode
        waiter: asyncio.Future[int] = self._loop.create_future()
        self._waiters.append(waiter)
        return await waiter

    def _tell(self, callback: Callable[..., object], *args: Any) -> None:
        if self._untold is not None:
            self._untold.append((callback, args))
        else:
            self._loop.call_soon(callback, *args)

    def _receive(self, fd: int, data: bytes) -> None:
        self._tell(self._protocol.pipe_data_received, fd, data)

    def _lose_pipe(self, fd: int, exc: Exception | None) -> None:
        self._tell(self._protocol.pipe_connection_lost, fd, exc)
        self._finish_if_over()

    def _exit(self, returncode: int) -> None:
        if self._loop.get_debug():
            logger.info("%r exited with return code %r", self, returncode)
        self._returncode = returncode
        self._tell(self._protocol.process_exited)
        self._finish_if_over()
        self._wake_after(SETTLING)

    def _finish_if_over(self) -> None:
        if self._returncode is None or any(pipe.is_connected for pipe in self._pipes.values()):
            return
        if not self._finished:
            self._finished = True
            self._tell(self._finish)

    def _finish(self) -> None:
        try:
            self._protocol.connection_lost(None)
        finally:
            self._wake_waiters()
            self._process = None
            self._protocol = None

    def _wake_after(self, iterations: int) -> None:
        """Ends the waiting for the process even if a child of its own holds the pipes open.

        Not at once: normally its pipes end with it, and then ``connection_lost`` comes first.
        """
        if iterations and self._waiters:
            self._loop.call_soon(self._wake_after, iterations - 1)
        else:
            self._wake_waiters()

    def _wake_waiters(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            _wake(waiter, self._returncode)


def _wake(waiter: asyncio.Future[Any], result: Any) -> None:
    if not waiter.done():
        waiter.set_result(result)
