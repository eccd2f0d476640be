"""What the signatures of functions come to, remembered.

A dependency that a hundred routes share, and a path operation whose router is included, would be
analyzed again for each of them, to the same result.
"""

from __future__ import annotations

from operator import is_
from types import FunctionType
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet

from jebi.dependencies.mistakes import explain
from jebi.dependencies.signatures import get_parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jebi.dependencies.analyze import ParamDetails

    Details = list[tuple[str, ParamDetails]]


class _Known:
    """What is known of one function, and the parts of it that this was read from."""

    def __init__(self, parts: tuple[Any, ...]) -> None:
        self.parts = parts
        self.by_path: dict[frozenset[str], Details] = {}

    def is_of(self, parts: tuple[Any, ...]) -> bool:
        """Whether the function still has the same parts."""
        own = self.parts
        return len(own) == len(parts) and all(map(is_, own, parts))


# Weak keys: what is known of a function goes with it.
_functions: WeakKeyDictionary[FunctionType, _Known] = WeakKeyDictionary()

# Functions that were given another signature after somebody had read it.
_changed: WeakSet[FunctionType] = WeakSet()


def _parts(call: Any) -> tuple[Any, ...] | None:
    """All that the signature of a plain function consists of; ``None`` of anything else."""
    if type(call) is not FunctionType or call.__dict__:
        return None
    try:
        annotations = call.__annotations__
    except NameError:  # evaluated when it is asked for, from Python 3.14 on
        return None
    return (call.__code__, call.__defaults__, call.__kwdefaults__, *annotations.values())


def is_as_read(call: Any) -> bool:
    """Whether ``call`` is a plain function whose signature has been the same ever since."""
    parts = _parts(call)
    if parts is None or call in _changed:
        return False
    known = _functions.get(call)
    return known is not None and known.is_of(parts)


def get_details(
    call: Callable[..., Any], path_names: frozenset[str]
) -> Iterator[tuple[str, ParamDetails]]:
    """The name of each parameter of ``call`` with what it is, analyzed when it is asked for.

    Raises:
        Exception: Of the first parameter whose declaration is wrong, with its place in the notes.
    """
    parts = _parts(call)
    if parts is None:
        yield from _analyzed(call, path_names)
        return
    known = _functions.get(call)  # type: ignore[call-overload]  # a function, as it has such parts
    if known is None or not known.is_of(parts):
        if known is not None:
            _changed.add(call)  # type: ignore[arg-type]  # likewise
        known = _functions[call] = _Known(parts)  # type: ignore[index]  # likewise
    found = known.by_path.get(path_names)
    if found is not None:
        yield from found
        return
    found = []
    for item in _analyzed(call, path_names):
        found.append(item)
        yield item
    # A name that nobody knows yet may be known to the next route.
    if all(details.field is None or details.field._is_plain for _, details in found):
        known.by_path[path_names] = found


def _analyzed(
    call: Callable[..., Any], path_names: frozenset[str]
) -> Iterator[tuple[str, ParamDetails]]:
    parameters = list(get_parameters(call))
    if not parameters:
        return
    # Imports pydantic, which functions without parameters do not need.
    from jebi.dependencies import analyze

    for name, annotation, default in parameters:
        try:
            details = analyze.analyze_param(
                param_name=name,
                annotation=annotation,
                value=default,
                path_param_names=path_names,
            )
        except Exception as error:
            explain(error, call, name)
            raise
        yield name, details
