"""One serving process: start the application, accept, drain, stop."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import math
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

from jebi.server import engine
from jebi.server.drain import Drain
from jebi.server.errors import STARTUP_FAILURE, reported
from jebi.server.lifespan.off import LifespanOff
from jebi.server.listener import HANDSHAKE_SECONDS, may_be_in_handshake, shut_doors
from jebi.server.logging import get_logger, styled
from jebi.server.sockets import describe
from jebi.server.state import Listening, ServerState
from jebi.server.tls import settings
from jebi.server.wear import Wear

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncGenerator, Callable, Generator

    from jebi import _engine
    from jebi.server.beat import Beat
    from jebi.server.config import Config
    from jebi.server.lifespan.on import LifespanOn
    from jebi.server.metrics.page import Page

HANDLED_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_TICK_SECONDS = 0.1


class Server:
    """Serves one application in this process, on the running loop.

    Set ``should_exit`` from anywhere to stop it, ``force_exit`` to stop it without waiting. The
    attributes and methods are those of uvicorn's, and a subclass may override the same ones:
    :meth:`startup`, :meth:`main_loop`, :meth:`on_tick`, :meth:`shutdown`, :meth:`capture_signals`,
    :meth:`handle_exit`.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.server_state = ServerState()
        self.servers: list[Listening] = []
        self.lifespan: LifespanOn | LifespanOff = LifespanOff(config)
        self.started = False
        self.last_notified = -math.inf
        self.on_started: Callable[[], None] | None = None
        self.on_stopping: Callable[[], None] | None = None
        self.on_spent: Callable[[str], None] | None = None
        """Told why this process had better be replaced; without it the server leaves then."""
        self.board: tuple[Any, int] | None = None
        """The file in which workers note how many connections they have, and this one's place."""
        self.beat: Beat | None = None
        """What the loop does again and again while it serves."""
        self.page: Page | None = None
        """Where this process counts for a supervisor; without one it serves its metrics itself."""
        self._exits = contextlib.ExitStack()
        self._should_exit = False
        self._force_exit = False
        self._wake: Callable[[], None] = lambda: None
        self._woken = asyncio.Event()
        self._captured_signals: list[int] = []
        self._engine: _engine.HttpServer | None = None
        self._bound: list[socket.socket] = []
        self._listeners: list[socket.socket] = []
        self._passes_signals_on = True
        self._told_spent = False
        self._wear: Wear | None = None
        self._shut_down: asyncio.Event | None = None

    @property
    def should_exit(self) -> bool:
        """Whether the server has been asked to stop."""
        return self._should_exit

    @should_exit.setter
    def should_exit(self, value: bool) -> None:
        self._should_exit = value
        self._wake()

    @property
    def force_exit(self) -> bool:
        """Whether the server has been asked to stop without finishing what is in flight."""
        return self._force_exit

    @force_exit.setter
    def force_exit(self, value: bool) -> None:
        self._force_exit = value
        self._wake()

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve on a loop of its own until told to stop.

        Raises:
            SystemExit: Serving is impossible; the log says why.
        """
        # A signal that ends the process has to wait until the loop has been closed.
        self._passes_signals_on = False
        with asyncio.Runner(loop_factory=self.config.get_loop_factory()) as runner:
            runner.run(self.serve(sockets=sockets))
        self._pass_signals_on()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve on the running loop, which must be Jebi's, until told to stop.

        The signals that were handled meanwhile are raised again at the end: what happens on them
        otherwise is not ours to swallow.

        Raises:
            SystemExit: Serving is impossible; the log says why.
        """
        with self.capture_signals(), reported():
            try:
                await self._serve(sockets)
            finally:
                self._wake = lambda: None
                if self.beat is not None:
                    self.beat.stop()
                self._close_bound()
                self._exits.close()

    async def _serve(self, sockets: list[socket.socket] | None) -> None:
        event_loop = asyncio.get_running_loop()
        self._wake = lambda: _wake(event_loop, self._woken)
        if not self.config.loaded:
            self.config.load()
        if sockets is None:
            self._bound = self._bound or self.config.bind_sockets()
        self._announce("Started server process [{}]", str(os.getpid()))
        self.lifespan = self.config.lifespan_class(self.config)
        await self.startup(sockets=sockets)
        if not self.should_exit:
            await self.main_loop()
        if self.started:
            await self.shutdown(sockets=sockets)
            self._announce("Finished server process [{}]", str(os.getpid()))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then accept connections. A subclass may do more around it.

        Raises:
            SystemExit: The application refused to start.
        """
        config, event_loop = self.config, asyncio.get_running_loop()
        tls = settings(config)
        page = self.page
        if page is None and config.metrics is not None:
            from jebi.server.metrics.exporter import exported

            metrics = self._exits.enter_context(exported(config.metrics))
            page = None if metrics is None else metrics.new_page()
        if sockets is None:
            self._bound = self._bound or config.bind_sockets()
        address = describe(config, self._bound) if self._bound else ""
        # Whoever passed sockets has said where they are.
        self._listeners = listeners = sockets or self._bound
        async with self._insisting("Waiting for the application's start-up to end."):
            await self.lifespan.startup()
        if self.lifespan.should_exit:
            sys.exit(STARTUP_FAILURE)
        if self.force_exit:
            return
        self._wear = Wear(config)
        self._engine = engine.make(
            config, event_loop, listeners, self.lifespan.state, tls, page, self.board
        )
        self._engine.start()
        self.server_state.serve_with(self._engine)
        self.servers = [Listening(event_loop, listeners, self._engine)]
        self._heed_signals(event_loop, tls)
        self.started = True
        if address:
            self._announce("Jebi running on {} (Press CTRL+C to quit)", address, bold=True)
        if self.on_started is not None:
            self.on_started()
        if self.beat is not None:
            self.beat.start()

    def _heed_signals(
        self, event_loop: asyncio.AbstractEventLoop, tls: _engine.TlsSettings | None
    ) -> None:
        """SIGHUP reads certificates anew; with SIGUSR1 it opens the access log's file anew."""
        if threading.current_thread() is not threading.main_thread() or self._engine is None:
            return
        on_hangup: list[Callable[[], None]] = []
        if tls is not None:
            on_hangup.append(functools.partial(_reload, tls))
        if self.config.access_log_file is not None:
            reopen = functools.partial(_reopen, self._engine)
            on_hangup.append(reopen)
            event_loop.add_signal_handler(signal.SIGUSR1, reopen)
        if on_hangup:
            event_loop.add_signal_handler(signal.SIGHUP, lambda: [call() for call in on_hangup])

    async def main_loop(self) -> None:
        """Sleep until told to stop; tick only when there is a reason to look around."""
        config = self.config
        ticks = config.wears_out or config.callback_notify is not None
        ticks = ticks or type(self).on_tick is not Server.on_tick
        counter = 0
        while not (await self.on_tick(counter) or self.force_exit):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TICK_SECONDS if ticks else None):
                    await self._woken.wait()
                    self._woken.clear()
            counter = (counter + 1) % 864_000

    async def on_tick(self, counter: int) -> bool:  # noqa: ARG002 - for those who override it
        """Look around; true when it is time to stop.

        Called ten times a second if requests, memory or age are limited, ``callback_notify`` is
        set, or a subclass overrides it; otherwise when :attr:`should_exit` is set.
        """
        config = self.config
        now = asyncio.get_running_loop().time()
        if config.callback_notify is not None and now - self.last_notified > config.timeout_notify:
            self.last_notified = now
            await config.callback_notify()
        if self.should_exit:
            return True
        reason = self._why_spent()
        return reason is not None and self.is_spent(reason)

    def _why_spent(self) -> str | None:
        limit = self.limit_max_requests
        if limit is not None and self.server_state.total_requests >= limit:
            return f"Maximum request limit of {limit} exceeded."
        return self._wear.reason() if self._wear is not None else None

    def is_spent(self, reason: str) -> bool:
        """This process has done enough; true when it is to stop by itself.

        Under a supervisor it goes on, and is told to stop once another one serves in its place.
        """
        told, self._told_spent = self._told_spent, True
        if self.on_spent is not None:
            if not told:
                self.on_spent(reason)
            return False
        if not told:
            get_logger().info("%s Terminating process.", reason)
        return True

    @functools.cached_property
    def limit_max_requests(self) -> int | None:
        """After how many requests to stop, with the jitter that fell to this process."""
        limit = self.config.limit_max_requests
        if not limit:
            return limit
        from random import randint

        return limit + randint(0, self.config.limit_max_requests_jitter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, let what is in flight finish, and stop the application.

        Called once more, while that goes on or after it, this waits until it is done.
        """
        if self._shut_down is None:
            self._shut_down = asyncio.Event()
            try:
                await self._shut(sockets)
            finally:
                self._shut_down.set()
        await self._shut_down.wait()

    async def _shut(self, sockets: list[socket.socket] | None) -> None:
        get_logger().info("Shutting down")
        if self.on_stopping is not None:
            self.on_stopping()
        if self.on_spent is None and (reason := self._why_spent()) is not None:
            self.is_spent(reason)  # unless a tick has said it
        if self._engine is not None:
            await self._drain(self._engine)
        for listener in sockets or ():
            listener.close()
        if self.force_exit:
            self.lifespan.cut_off()
        else:
            async with self._insisting():
                await self.lifespan.shutdown()

    def _close_bound(self) -> None:
        for listener in self._bound:
            listener.close()

    async def _drain(self, running: _engine.HttpServer) -> None:
        """Let what is in flight finish, within the time that the settings give it."""
        await self._stop_listening(running)
        running.shutdown()
        self._woken.clear()
        await Drain(running, self.config.graceful_seconds, self._until_forced).run()

    async def _stop_listening(self, running: _engine.HttpServer) -> None:
        """Let nobody new in, and accept everybody who has connected already.

        A socket that others listen on too stays open there, and so does what waits in it.
        """
        shut_doors(self._bound)
        if any(map(may_be_in_handshake, self._listeners)):
            await asyncio.sleep(HANDSHAKE_SECONDS)
        running.stop_accepting()
        for listener in self._listeners:
            listener.close()

    async def _until_forced(self, waiting: str = "") -> None:
        """Wait for somebody to insist on leaving; who only asks is told what is waited for."""
        while not self.force_exit:
            if self.should_exit and waiting:
                get_logger().info("%s (CTRL+C to force quit)", waiting)
                waiting = ""
            await self._woken.wait()
            self._woken.clear()

    @contextlib.asynccontextmanager
    async def _insisting(self, waiting: str = "") -> AsyncGenerator[None]:
        """Have whoever insists on leaving end a wait for the application's lifespan."""

        async def cut_off() -> None:
            await self._until_forced(waiting)
            self.lifespan.cut_off()

        insisting = asyncio.ensure_future(cut_off())
        try:
            yield
        finally:
            insisting.cancel()

    def _announce(self, text: str, value: str, *, bold: bool = False) -> None:
        shown = styled(value, bold=True) if bold else styled(value, "cyan")
        colour = {"color_message": text.format("%s").replace("%s", shown)}
        get_logger().info(text.format(value), extra=colour)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Have :meth:`handle_exit` called on SIGINT and SIGTERM, in the main thread; elsewhere
        signals are not this server's.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before: dict[signal.Signals, Any] = {}
        for number in HANDLED_SIGNALS:
            # A worker ignores Ctrl-C and leaves it to its supervisor.
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, self.handle_exit)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        if self._passes_signals_on:
            self._pass_signals_on()

    def _pass_signals_on(self) -> None:
        self._passes_signals_on = True
        for number in reversed(self._captured_signals):
            signal.raise_signal(number)

    def handle_exit(self, sig: int, frame: object) -> None:  # noqa: ARG002 - a handler's signature
        """The first signal asks to stop, the second one insists."""
        self._captured_signals.append(sig)
        if self.should_exit:
            self.force_exit = True
        else:
            self.should_exit = True


def _reload(tls: _engine.TlsSettings) -> None:
    """Read the certificates anew; connections keep those they began with."""
    try:
        tls.reload()
    except ValueError as error:
        get_logger().error("Certificates were not reloaded, the old ones stay: %s", error)
    else:
        get_logger().info("Certificates reloaded")


def _reopen(running: _engine.HttpServer) -> None:
    """Open the access log's file anew, which somebody has moved away."""
    try:
        running.reopen_access_log()
    except OSError as error:
        get_logger().error("The access log was not reopened, the old file stays: %s", error)


def _wake(event_loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has been closed
        event_loop.call_soon_threadsafe(event.set)
