"""What an application does before the first and after the last connection."""

from __future__ import annotations

import inspect
import traceback
import warnings
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, cast

from jebi.web.exceptions import StarletteDeprecationWarning

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator
    from types import FunctionType

    from jebi.web.types import Lifespan, Receive, Scope, Send


@asynccontextmanager
async def default_lifespan(app: Any) -> AsyncGenerator[None, None]:  # noqa: ARG001 - a lifespan takes it
    """Does nothing."""
    yield


def as_lifespan(lifespan: Any) -> Lifespan[Any]:
    """``lifespan`` as a function that returns an asynchronous context manager.

    Bare generator functions work as well, but are deprecated.
    """
    if lifespan is None:
        return default_lifespan
    if inspect.isasyncgenfunction(lifespan):
        _warn(lifespan, "async generator function lifespans are deprecated")
        return asynccontextmanager(lifespan)
    if inspect.isgeneratorfunction(lifespan):
        _warn(lifespan, "generator function lifespans are deprecated")
        return _from_generator(lifespan)
    return cast("Lifespan[Any]", lifespan)


def _warn(lifespan: FunctionType, message: str) -> None:
    """Point at the function; the module is the one that filters of warnings name."""
    warnings.warn_explicit(
        f"{message}, use an @contextlib.asynccontextmanager function instead",
        StarletteDeprecationWarning,
        filename=lifespan.__code__.co_filename,
        lineno=lifespan.__code__.co_firstlineno,
        module=__package__,
    )


def _from_generator(function: Callable[[Any], Generator[Any, Any, Any]]) -> Lifespan[Any]:
    blocking = contextmanager(function)

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncGenerator[Any, None]:
        with blocking(app) as state:
            yield state

    return lifespan


async def run_lifespan(context: Lifespan[Any], scope: Scope, receive: Receive, send: Send) -> None:
    """Go through the ASGI lifespan protocol; what ``context`` yields becomes the state."""
    failed = "lifespan.startup.failed"
    await receive()
    try:
        async with context(scope.get("app")) as state:
            if state is not None:
                if "state" not in scope:
                    raise RuntimeError('The server does not support "state" in the lifespan scope.')
                scope["state"].update(state)
            await send({"type": "lifespan.startup.complete"})
            failed = "lifespan.shutdown.failed"
            await receive()
    except BaseException:
        await send({"type": failed, "message": traceback.format_exc()})
        raise
    await send({"type": "lifespan.shutdown.complete"})
