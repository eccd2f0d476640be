"""How a callable has to be called: awaited, in a thread, or as a generator."""

from __future__ import annotations

import inspect
import sys
from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

if sys.version_info >= (3, 13):
    from inspect import iscoroutinefunction
else:
    # asyncio's also knows the marker that libraries put on wrappers before 3.12.
    from asyncio import iscoroutinefunction

CallKind = Literal["coroutine", "function", "generator", "async_generator"]


def without_partial(call: Any) -> Any:
    """The function inside of ``functools.partial`` objects."""
    while isinstance(call, partial):
        call = call.func
    return call


def unwrapped(call: Any) -> Any:
    """The function behind partials and decorators that kept ``__wrapped__``."""
    return inspect.unwrap(without_partial(call))


def _candidates(call: Any) -> Iterator[Any]:
    """The functions that tell what calling ``call`` means, the nearest first."""
    for function in (without_partial(call), unwrapped(call)):
        if inspect.isroutine(function):
            yield function
    inner = unwrapped(call)
    if inspect.isclass(inner):
        return
    for instance in (without_partial(call), inner):
        method = getattr(instance, "__call__", None)  # noqa: B004  # its kind matters
        if method is not None:
            yield without_partial(method)
            yield unwrapped(method)


def _flags(call: Any) -> int | None:
    """The flags of a plain function's code, which tell all; ``None`` of anything else."""
    if type(call) is not FunctionType or "__wrapped__" in call.__dict__:
        return None
    flags = call.__code__.co_flags
    # Libraries may mark a function by an attribute.
    return None if call.__dict__ and not flags & _ANY_KIND else flags


_ANY_KIND = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR | inspect.CO_COROUTINE


def is_generator_callable(call: Callable[..., Any] | None) -> bool:
    """Calling it makes a generator."""
    if (flags := _flags(call)) is not None:
        return bool(flags & inspect.CO_GENERATOR)
    return call is not None and any(map(inspect.isgeneratorfunction, _candidates(call)))


def is_async_generator_callable(call: Callable[..., Any] | None) -> bool:
    """Calling it makes an asynchronous generator."""
    if (flags := _flags(call)) is not None:
        return bool(flags & inspect.CO_ASYNC_GENERATOR)
    return call is not None and any(map(inspect.isasyncgenfunction, _candidates(call)))


def is_coroutine_callable(call: Callable[..., Any] | None) -> bool:
    """Calling it makes something to await."""
    if (flags := _flags(call)) is not None:
        return bool(flags & inspect.CO_COROUTINE)
    return call is not None and any(map(iscoroutinefunction, _candidates(call)))


def hashable(call: Any) -> Any:
    """What stands for ``call`` in a dictionary.

    Equal methods of one object are one dependency; an object without a hash is one by itself.
    """
    try:
        hash(call)
    except TypeError:
        return id(call)
    return call


def where_written(call: Any) -> str:
    """The dependency ``call`` by its name, with its file and line where these are known."""
    function = unwrapped(call)
    dependency = f'the dependency "{getattr(function, "__name__", type(function).__name__)}"'
    try:
        file, line = inspect.getsourcefile(function), inspect.getsourcelines(function)[1]
    except (OSError, TypeError):
        return dependency
    return f'File "{file}", line {line}: {dependency}'


def call_kind(call: Callable[..., Any]) -> CallKind:
    """The one way to call ``call``."""
    if is_async_generator_callable(call):
        return "async_generator"
    if is_generator_callable(call):
        return "generator"
    if is_coroutine_callable(call):
        return "coroutine"
    return "function"
