"""Running blocking code beside the event loop."""

from __future__ import annotations

import functools
import warnings
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from jebi._pool import ThreadPool
from jebi.web.exceptions import StarletteDeprecationWarning

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator

P = ParamSpec("P")
T = TypeVar("T")

# ``StopIteration`` cannot leave a future, so the end is a value.
_END: Final = object()


async def run_in_threadpool(func: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call ``func`` in a worker thread and wait for its result.

    On Jebi's loop that is a thread of its pool, on any other one of AnyIO's.
    """
    pool = ThreadPool.running()
    if pool is not None:
        return await pool.run(func, *args, **kwargs)
    import anyio.to_thread

    if kwargs:
        return await anyio.to_thread.run_sync(functools.partial(func, *args, **kwargs))
    return await anyio.to_thread.run_sync(func, *args)


async def iterate_in_threadpool(iterator: Iterable[T]) -> AsyncIterator[T]:
    """Walk a blocking iterable, taking each item in a worker thread."""
    items: Iterator[T] = iter(iterator)
    while True:
        item: Any = await run_in_threadpool(next, items, _END)
        if item is _END:
            return
        yield item


async def run_until_first_complete(
    *args: tuple[Callable[..., Awaitable[Any]], dict[str, Any]],
) -> None:
    """Run several coroutine functions and cancel the rest when one ends (deprecated)."""
    warnings.warn(
        "run_until_first_complete is deprecated and will be removed in a future version.",
        StarletteDeprecationWarning,
        stacklevel=2,
    )
    import anyio

    async with anyio.create_task_group() as task_group:

        async def first(func: Callable[..., Awaitable[Any]], options: dict[str, Any]) -> None:
            await func(**options)
            task_group.cancel_scope.cancel()

        for func, options in args:
            task_group.start_soon(first, func, options)
