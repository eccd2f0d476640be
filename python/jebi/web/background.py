"""Work that is done after the answer was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ParamSpec

from jebi.web._utils import is_async_callable
from jebi.web.concurrency import run_in_threadpool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

P = ParamSpec("P")


class BackgroundTask:
    """One call: awaited when it is a coroutine function, made in a worker thread otherwise."""

    def __init__(self, func: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> None:
        self.func: Callable[..., Any] = func
        self.args = args
        self.kwargs = kwargs
        self.is_async = is_async_callable(func)

    async def __call__(self) -> None:
        if self.is_async:
            await self.func(*self.args, **self.kwargs)
        else:
            await run_in_threadpool(self.func, *self.args, **self.kwargs)


class BackgroundTasks(BackgroundTask):
    """Several calls, made one after the other; an exception drops those behind it."""

    def __init__(self, tasks: Sequence[BackgroundTask] | None = None) -> None:
        self.tasks: list[BackgroundTask] = list(tasks or ())

    def add_task(self, func: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> None:
        """Add a call to make."""
        self.tasks.append(BackgroundTask(func, *args, **kwargs))

    async def __call__(self) -> None:
        for task in self.tasks:
            await task()
