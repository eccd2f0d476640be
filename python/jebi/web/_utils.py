"""Small helpers that several modules share."""

from __future__ import annotations

import functools
import sys
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import FunctionType
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar

from jebi._engine import split_host

if sys.version_info >= (3, 12):
    from inspect import iscoroutinefunction
else:
    from asyncio import iscoroutinefunction

from jebi.web.types import Scope

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
    from types import ModuleType, TracebackType

    from anyio.abc import TaskGroup
    from typing_extensions import TypeIs


T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


def is_async_callable(obj: Any) -> TypeIs[Callable[..., Awaitable[Any]]]:
    """Whether calling ``obj`` gives something to await; sees through partials and ``__call__``."""
    while isinstance(obj, functools.partial):
        obj = obj.func
    if iscoroutinefunction(obj):
        return True
    return callable(obj) and iscoroutinefunction(obj.__call__)


def is_written_in(module: ModuleType, function: object) -> bool:
    """Whether ``function`` is one that stands in ``module``, whoever has put it where it is."""
    # The type itself: proxies say that they are functions when asked through isinstance.
    return type(function) is FunctionType and function.__code__.co_filename == module.__file__


class SupportsAsyncClose(Protocol):
    """Anything with an asynchronous ``close``."""

    async def close(self) -> None:
        """Let go of what is held."""


CloseableT = TypeVar("CloseableT", bound=SupportsAsyncClose)


class AwaitableOrContextManager(Protocol[T_co]):
    """``await`` it for the value, or enter it to have the value closed at the end."""

    def __await__(self) -> Generator[Any, Any, T_co]: ...

    async def __aenter__(self) -> T_co: ...

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> bool | None: ...


class AwaitableOrContextManagerWrapper(Generic[CloseableT]):
    """Makes an awaitable of something closeable usable in both ways."""

    __slots__ = ("_awaitable", "_value")

    def __init__(self, awaitable: Awaitable[CloseableT]) -> None:
        self._awaitable = awaitable

    def __await__(self) -> Generator[Any, Any, CloseableT]:
        return self._awaitable.__await__()

    async def __aenter__(self) -> CloseableT:
        self._value = await self._awaitable
        return self._value

    async def __aexit__(self, *exc_info: object) -> None:
        await self._value.close()


@asynccontextmanager
async def _collapsing_task_group() -> AsyncGenerator[TaskGroup, None]:
    import anyio

    try:
        async with anyio.create_task_group() as task_group:
            yield task_group
    except BaseExceptionGroup as group:
        if len(group.exceptions) > 1:
            raise
        (only,) = group.exceptions
        # The group must not show up in the traceback of the exception that it wrapped.
        hidden = None if only.__suppress_context__ else only.__context__
        raise only from only.__cause__ or hidden


def create_collapsing_task_group() -> AbstractAsyncContextManager[TaskGroup]:
    """A task group that raises a lone exception as itself and not in an exception group."""
    return _collapsing_task_group()


class ParsedHost(NamedTuple):
    """A ``Host`` header, taken apart; ``host`` keeps the brackets of an IP literal."""

    host: str
    port: str | None


def parse_host_header(host_header: str | None) -> ParsedHost | None:
    """Take a ``Host`` header apart; ``None`` for one that is missing or not an authority.

    Nothing gets through that would end the authority of a URL, so a client cannot move the path.
    """
    found = None if host_header is None else split_host(host_header)
    return None if found is None else ParsedHost(*found)


def get_route_path(scope: Scope) -> str:
    """The part of the path that routes match: without ``root_path``, cut at a segment's end."""
    path: str = scope["path"]
    root_path: str = scope.get("root_path", "")
    if root_path and path.startswith(root_path):
        rest = path[len(root_path) :]
        if not rest or rest[0] == "/":
            return rest
    return path
