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
        from jebi._compat import evaluate_forwardref

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


def get_parameters(call: Callable[..., Any]) -> Iterator[tuple[str, Any, Any]]:
    """The parameters of ``call`` as :func:`get_typed_signature` has them: name, type, default."""
    found = _plain_parameters(call)
    if found is not None:
        yield from found
        return
    for parameter in get_typed_signature(call).parameters.values():
        yield parameter.name, parameter.annotation, parameter.default


_VARIADIC = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS
_EMPTY = inspect.Parameter.empty


def _plain_parameters(call: Any) -> list[tuple[str, Any, Any]] | None:
    """Those of a function without decorators, straight from it; ``None`` where more is needed."""
    if type(call) is not FunctionType or call.__dict__ or call.__code__.co_flags & _VARIADIC:
        return None
    code, defaults = call.__code__, call.__defaults__ or ()
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    given = {
        **dict(zip(names[code.co_argcount - len(defaults) :], defaults, strict=False)),
        **(call.__kwdefaults__ or {}),
    }
    try:
        annotations = call.__annotations__
        types = [_evaluated(annotations.get(name, _EMPTY), call) for name in names]
    except Exception:  # whatever the annotation's own code raises; it is evaluated once more
        return None
    if any(isinstance(annotation, str) for annotation in types):
        return None
    return [
        (name, annotation, given.get(name, _EMPTY))
        for name, annotation in zip(names, types, strict=True)
    ]


def _evaluated(annotation: Any, call: Any) -> Any:
    if not isinstance(annotation, str):
        return annotation
    names = {parameter.__name__: parameter for parameter in getattr(call, "__type_params__", ())}
    return eval(annotation, call.__globals__, names)  # as inspect evaluates it


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
