"""Generator dependencies that were entered and have to be left again."""

from __future__ import annotations

from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from jebi.concurrency import (
    DependencyConcurrency,
    asynccontextmanager,
    contextmanager_in_threadpool,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from contextlib import AbstractAsyncContextManager

    from anyio import CancelScope

    from jebi._plan import Kind, Scope
    from jebi.dependencies.together import UnderWay


class Exits:
    """The entered generators of one request; most requests have none, so stacks come late.

    Attributes:
        under_way: Dependencies that the request does not wait for yet, if there are any.
    """

    __slots__ = ("_cleanup", "_stacks", "under_way")

    def __init__(self) -> None:
        """Hold nothing yet."""
        self._stacks: dict[str, AsyncExitStack] = {}
        self._cleanup: CancelScope | None = None
        self.under_way: UnderWay | None = None

    def stack(self, scope: Scope) -> AsyncExitStack:
        """The stack of what is left at the end of ``scope``."""
        return self._stacks.setdefault(scope, AsyncExitStack())

    def cleanup_scope(self) -> CancelScope:
        """The cancel scope around all asynchronous generators; it outlives both stacks."""
        if self._cleanup is None:
            from anyio import CancelScope

            self._cleanup = self.stack("request").enter_context(CancelScope())
        return self._cleanup

    async def close(self, scope: Scope, error: BaseException | None) -> BaseException | None:
        """Leave the generators of ``scope``, ``error`` thrown in; return what is left of it.

        Nothing is left while something is under way that may be using it.
        """
        if self.under_way is not None:
            under_way, self.under_way = self.under_way, None
            error = await under_way.settle(error)
        stack = self._stacks.pop(scope, None)
        if stack is None:
            return error
        try:
            if error is None:
                await stack.__aexit__(None, None, None)
                return None
            swallowed = await stack.__aexit__(type(error), error, error.__traceback__)
        except BaseException as raised:
            return raised
        return None if swallowed else error


async def enter(
    exits: Exits, scope: Scope, kind: Kind, call: Callable[..., Any], values: dict[str, Any]
) -> Any:
    """Run a generator dependency up to its ``yield`` and return what it yielded."""
    cleanup = exits.cleanup_scope() if kind == "async_generator" else None
    return await exits.stack(scope).enter_async_context(managed(kind, call, values, cleanup))


def managed(
    kind: Kind,
    call: Callable[..., Any],
    values: dict[str, Any],
    cleanup: CancelScope | None = None,
) -> AbstractAsyncContextManager[Any]:
    """A generator dependency as a context manager.

    ``cleanup`` is the cancel scope that an asynchronous one is shielded from while it is left.
    """
    limited = call if isinstance(call, Limited) else None
    if limited is not None:
        call = limited.call
    manager: AbstractAsyncContextManager[Any]
    if kind == "async_generator":
        manager = asynccontextmanager(call)(**values)
        if cleanup is not None:
            manager = _shielded(manager, cleanup)
    else:
        manager = contextmanager_in_threadpool(contextmanager(call)(**values))
    return manager if limited is None else _limited(manager, limited.limit)


class Limited:
    """A dependency with a limit of concurrent calls, for generators held until they are left."""

    __slots__ = ("call", "limit")

    def __init__(self, call: Callable[..., Any], limit: DependencyConcurrency) -> None:
        """Limit ``call``."""
        self.call = call
        self.limit = limit

    def __call__(self, **values: Any) -> Any:
        """Generators are entered by :func:`enter`, which takes the call out."""
        return self.call(**values)


@asynccontextmanager
async def _shielded(
    manager: AbstractAsyncContextManager[Any], cleanup: CancelScope
) -> AsyncGenerator[Any, None]:
    """Let the code after ``yield`` await, even when the request was cancelled."""
    from anyio.lowlevel import checkpoint_if_cancelled

    before = cleanup.shield
    try:
        async with manager as value:
            try:
                yield value
            finally:
                cleanup.shield = True
    finally:
        cleanup.shield = before
    await checkpoint_if_cancelled()


@asynccontextmanager
async def _limited(
    manager: AbstractAsyncContextManager[Any], limit: DependencyConcurrency
) -> AsyncGenerator[Any, None]:
    async with limit.get_semaphore(), manager as value:
        yield value
