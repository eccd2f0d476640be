"""One call of the application that lasts from start-up to shutdown."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from jebi.server.logging import get_logger

if TYPE_CHECKING:
    from jebi.server.config import Config

Message = dict[str, Any]

STATE_TRANSITION_ERROR = "The application sent this lifespan message in the wrong order."


class LifespanOn:
    """Drives the protocol. ``should_exit`` says that the application refused to start or stop.

    With ``lifespan="auto"`` an application that raises instead of answering is taken for one that
    does not know the protocol; with ``"on"`` that is a failure.
    """

    def __init__(self, config: Config) -> None:
        if not config.loaded:
            config.load()
        self.config = config
        self.logger = get_logger()
        self.startup_event = asyncio.Event()
        self.shutdown_event = asyncio.Event()
        self.receive_queue: asyncio.Queue[Message] = asyncio.Queue()
        self.error_occurred = False
        self.startup_failed = False
        self.shutdown_failed = False
        self.should_exit = False
        self.state: dict[str, Any] = {}
        self._task: asyncio.Task[None] | None = None
        self._is_cut_off = False

    async def startup(self) -> None:
        """Wait until the application has started, or has not."""
        self.logger.info("Waiting for application startup.")
        self._task = asyncio.get_running_loop().create_task(self.main())
        self.receive_queue.put_nowait({"type": "lifespan.startup"})
        await self.startup_event.wait()
        if self._is_cut_off:
            return
        if self.startup_failed or (self.error_occurred and self.config.lifespan == "on"):
            self.logger.error("Application startup failed. Exiting.")
            self.should_exit = True
        else:
            self.logger.info("Application startup complete.")

    async def shutdown(self) -> None:
        """Wait until the application has shut down."""
        if self.error_occurred:
            return
        self.logger.info("Waiting for application shutdown.")
        self.receive_queue.put_nowait({"type": "lifespan.shutdown"})
        await self.shutdown_event.wait()
        if self._is_cut_off:
            return
        if self.shutdown_failed or (self.error_occurred and self.config.lifespan == "on"):
            self.logger.error("Application shutdown failed. Exiting.")
            self.should_exit = True
        else:
            self.logger.info("Application shutdown complete.")

    def cut_off(self) -> None:
        """Wait for the application no longer: somebody insists on leaving now."""
        if self._task is None or self._task.done():
            return
        step = "shutdown" if self.startup_event.is_set() else "startup"
        self.logger.error("Application %s is cut off.", step)
        self._is_cut_off = True
        self.startup_event.set()
        self.shutdown_event.set()
        self._task.cancel()

    async def main(self) -> None:
        """The call itself."""
        scope = {
            "type": "lifespan",
            "asgi": {"version": self.config.asgi_version, "spec_version": "2.0"},
            "state": self.state,
        }
        try:
            await self.config.loaded_app(scope, self.receive, self.send)
        except BaseException as error:
            self.error_occurred = True
            if self.startup_failed or self.shutdown_failed or self._is_cut_off:
                return
            if self.config.lifespan == "auto" and not self.startup_event.is_set():
                self.logger.info("ASGI 'lifespan' protocol appears unsupported.")
            else:
                self.logger.error("Exception in 'lifespan' protocol\n", exc_info=error)
        finally:
            self.startup_event.set()
            self.shutdown_event.set()

    async def send(self, message: Message) -> None:
        """What the application answers."""
        kind = message["type"]
        if kind in {"lifespan.startup.complete", "lifespan.startup.failed"}:
            if self.startup_event.is_set() or self.shutdown_event.is_set():
                raise AssertionError(STATE_TRANSITION_ERROR)
            self.startup_event.set()
        elif kind in {"lifespan.shutdown.complete", "lifespan.shutdown.failed"}:
            if not self.startup_event.is_set() or self.shutdown_event.is_set():
                raise AssertionError(STATE_TRANSITION_ERROR)
            self.shutdown_event.set()
        else:
            raise AssertionError(f"{kind!r} is not a message of the lifespan protocol.")
        if kind.endswith(".failed"):
            self.startup_failed = self.startup_failed or kind == "lifespan.startup.failed"
            self.shutdown_failed = self.shutdown_failed or kind == "lifespan.shutdown.failed"
            if message.get("message"):
                # A traceback as a rule: not an argument, whose line breaks would be escaped.
                self.logger.error(message["message"].rstrip("\n"))

    async def receive(self) -> Message:
        """What the server tells the application."""
        return await self.receive_queue.get()
