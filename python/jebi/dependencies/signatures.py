"""Signatures with their annotations evaluated."""

from __future__ import annotations

import inspect
import sys
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Generator,
    Iterable,
    Iterator,
)
from types import FunctionType
from typing import TYPE_CHECKING, Any, ForwardRef, get_args, get_origin

from jebi._compat import evaluate_forwardref

if TYPE_CHECKING:
    from collections.abc import Callable

_STREAMS = {AsyncIterable, AsyncIterator, AsyncGenerator, Iterable, Iterator, Generator}


def _signature(call: Callable[..., Any]) -> inspect.Signature:
    try:
        return inspect.signature(call, eval_str=True)
    except NameError:
        pass  # a name that only type checkers import; not every annotation is ours to need
    if sys.version_info >= (3, 14):
        from annotationlib import Format

        return inspect.signature(call, annotation_format=Format.FORWARDREF)
    return inspect.signature(call)


def _globals(call: Callable[..., Any]) -> dict[str, Any]:
    found: dict[str, Any] = getattr(inspect.unwrap(call), "__globals__", {})
    return found


def get_typed_annotation(annotation: Any, globalns: dict[str, Any]) -> Any:
    """The annotation, evaluated if it is in quotes and its names are known."""
    if isinstance(annotation, str):
        annotation = evaluate_forwardref(ForwardRef(annotation), globalns, globalns)
        if annotation is type(None):
            return None
    return annotation


def get_typed_signature(call: Callable[..., Any]) -> inspect.Signature:
    """The parameters of ``call`` with evaluated annotations."""
    names = _globals(call)
    parameters = [
        parameter.replace(annotation=get_typed_annotation(parameter.annotation, names))
        for parameter in _signature(call).parameters.values()
    ]
    return inspect.Signature(parameters)


def _own_return_annotation(call: Any) -> Any:
    """That of a plain function; without its parameters, which may need more names."""
    try:
        annotations = call.__annotations__
    except NameError:  # evaluated when it is asked for, from Python 3.14 on
        return _signature(call).return_annotation
    return annotations.get("return", inspect.Signature.empty)


def get_typed_return_annotation(call: Callable[..., Any]) -> Any:
    """What ``call`` says that it returns; ``None`` if it says nothing."""
    if type(call) is FunctionType and not call.__dict__:
        annotation = _own_return_annotation(call)
    else:
        annotation = _signature(call).return_annotation
    if annotation is inspect.Signature.empty:
        return None
    return get_typed_annotation(annotation, _globals(call))


def get_stream_item_type(annotation: Any) -> Any | None:
    """What an iterator of that type yields; ``None`` for all that is no iterator."""
    origin = get_origin(annotation)
    if origin is None or origin not in _STREAMS:
        return None
    arguments = get_args(annotation)
    return arguments[0] if arguments else Any
