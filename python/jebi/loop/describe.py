"""Words for callbacks, as asyncio's messages have them."""

from __future__ import annotations

import asyncio
import functools
import inspect
import reprlib
from typing import Any


def describe_callback(callback: Any, args: tuple[Any, ...], debug: bool) -> str:
    """The callback's name, its arguments in debug mode, and where its source stands.

    Arguments may be secrets, so they only show in debug mode.
    """
    text = _call(callback, args, {}, debug)
    place = _source(callback)
    return f"{text} at {place}" if place else text


def describe_handle(handle: Any) -> str:
    """A handle for the log: the task whose step it is, or else the handle."""
    owner = getattr(handle._callback, "__self__", None)
    return repr(owner) if isinstance(owner, asyncio.Task) else repr(handle)


def _call(callback: Any, args: tuple[Any, ...], keywords: dict[str, Any], debug: bool) -> str:
    given = _arguments(args, keywords) if debug else "()"
    if isinstance(callback, functools.partial):
        return _call(callback.func, callback.args, callback.keywords, debug) + given
    name = getattr(callback, "__qualname__", None) or getattr(callback, "__name__", None)
    return (name or repr(callback)) + given


def _arguments(args: tuple[Any, ...], keywords: dict[str, Any]) -> str:
    words = [reprlib.repr(value) for value in args]
    words += [f"{name}={reprlib.repr(value)}" for name, value in keywords.items()]
    return f"({', '.join(words)})"


def _source(callback: Any) -> str | None:
    """``file:line`` of a function written in Python."""
    try:
        function = inspect.unwrap(callback)
    except ValueError:
        # It claims to wrap itself, as objects do that answer to every name.
        return None
    while isinstance(function, functools.partial | functools.partialmethod):
        function = function.func
    function = getattr(function, "__func__", function)
    code = getattr(function, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else None
