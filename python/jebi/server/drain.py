"""The end of serving: what is in flight finishes, within a bound."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from jebi.server.logging import get_logger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from jebi import _engine

# An answer of no known length that lasts longer than this may have no end, as server-sent events
# have none: its application is told. A shorter one is not disturbed.
STREAM_SECONDS = 0.5

# What cancelled handlers get to clean up in.
_CLEAN_UP_SECONDS = 1.0


class Drain:
    """Waits for connections, then for what requests have left to do.

    ``until_forced`` makes an awaitable that ends when somebody insists on leaving now.
    """

    def __init__(
        self,
        running: _engine.HttpServer,
        seconds: float,
        until_forced: Callable[[], Awaitable[None]],
    ) -> None:
        self._running = running
        self._seconds = seconds
        self._until_forced = until_forced

    async def run(self) -> None:
        """Return when everything is over or the time is; what is left then is cut off."""
        now = asyncio.get_running_loop().time
        until = now() + self._seconds
        forced = asyncio.ensure_future(self._until_forced())
        try:
            await self._close_connections(forced, until)
            if self._running.running and not forced.done() and now() < until:
                text = "Waiting for background tasks to complete. (CTRL+C to force quit)"
                get_logger().info(text)
                ends = {self._running.wait_for_runs(), forced}
                left = until - now()
                await asyncio.wait(ends, timeout=left, return_when="FIRST_COMPLETED")
            if self._running.connections or self._running.running:
                await self._cut_off(quietly=forced.done())
        finally:
            forced.cancel()

    async def _close_connections(self, forced: asyncio.Future[None], until: float) -> None:
        closed = self._running.closed
        if closed.done() or forced.done():
            return
        get_logger().info("Waiting for connections to close. (CTRL+C to force quit)")
        now = asyncio.get_running_loop().time
        ends: set[asyncio.Future[Any]] = {closed, forced}
        first = min(STREAM_SECONDS, self._seconds)
        done, _ = await asyncio.wait(ends, timeout=first, return_when="FIRST_COMPLETED")
        if not done:
            self._running.end_streams()
            left = max(0.0, until - now())
            await asyncio.wait(ends, timeout=left, return_when="FIRST_COMPLETED")

    async def _cut_off(self, *, quietly: bool) -> None:
        tasks = [task for task in asyncio.all_tasks() if _is_request(task)]
        if not quietly and self._running.running:
            get_logger().error(
                "Cancel %d running task(s), timeout graceful shutdown exceeded",
                self._running.running,
            )
        elif not quietly:
            get_logger().error(
                "%d connection(s) did not finish in %g s: cut off",
                self._running.connections,
                self._seconds,
            )
        self._running.abort()
        for task in tasks:
            task.cancel(msg="Task cancelled, timeout graceful shutdown exceeded")
        closed = self._running.closed
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLEAN_UP_SECONDS):
                await asyncio.shield(closed)
                if tasks:
                    await asyncio.wait(tasks)


def _is_request(task: asyncio.Task[Any]) -> bool:
    """Whether the task is a request's; the application's own are left to its lifespan."""
    return type(task.get_coro()).__name__ == "RequestCoroutine"
