"""What a setting is, and what is known of it beside its Python type and default."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, TypeVar

from jebi._record import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

_KEY = "option"


class Option(Record):
    """How a setting is spelled outside of Python.

    ``flag`` is the command line's name for it; empty, it can be set from Python only. A boolean
    gets its ``--no-`` twin. ``variables`` are looked at after ``JEBI_NAME`` and ``UVICORN_NAME``.
    """

    help: str
    flag: str | None = None
    metavar: str | None = None
    choices: Sequence[str] = ()
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    """The value must be greater than this."""
    path: str = ""
    """``"file"``, ``"directory"`` or ``"any"``: a path that must exist; ``"new"``: need not."""
    pair: str = ""
    """What stands between name and value, for a list of pairs: ``--header NAME:VALUE``. With
    ``path``, the value is one."""
    joined: str = ""
    """What a list of it is joined with, where the command takes one text and not several."""
    table: bool = False
    """Whether pyproject.toml may hold a table in place of the text."""
    switch: bool = True
    """Whether a boolean is a flag; else it takes a value, as some of uvicorn's do."""
    shown: str = ""
    """What help shows as the default where ``None`` stands for it."""
    variables: Sequence[str] = ()
    hidden: bool = False


def setting(default: T, *, help: str, **known: Any) -> T:  # noqa: A002 - click's word
    """Declare a setting: a dataclass field that knows its :class:`Option`.

    Args:
        default: What holds when nobody says anything. ``None`` where that has to be found out.
        help: One sentence for the command's help and the documentation.
        known: More fields of :class:`Option`.
    """
    metadata = {_KEY: Option(help=help, **known)}
    if isinstance(default, (dict, list)):
        field: Any = dataclasses.field(default_factory=lambda: default, metadata=metadata)
    else:
        field = dataclasses.field(default=default, metadata=metadata)
    found: T = field  # what dataclass() turns into the default
    return found


def objection(field: dataclasses.Field[Any], value: Any) -> str:
    """Why a setting cannot have this value, in words; empty if it can.

    Types are a type checker's business: what is looked at is what a declaration says beside them.
    """
    option = option_of(field)
    if option is None or value is None:
        return ""
    if option.choices and isinstance(value, str) and value.lower() not in option.choices:
        return f"it is one of {', '.join(option.choices)}"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ""
    if option.minimum is not None and value < option.minimum:
        return f"it is at least {option.minimum:g}"
    if option.maximum is not None and value > option.maximum:
        return f"it is at most {option.maximum:g}"
    if option.above is not None and not value > option.above:
        return f"it is more than {option.above:g}"
    return ""


def option_of(field: dataclasses.Field[Any]) -> Option | None:
    """What :func:`setting` was told, ``None`` for a field that is no setting."""
    return field.metadata.get(_KEY)


def flag_of(field: dataclasses.Field[Any]) -> str:
    """The command line's name of a setting, ``""`` if it has none."""
    option = option_of(field)
    if option is None:
        return ""
    return "--" + field.name.replace("_", "-") if option.flag is None else option.flag


def default_of(field: dataclasses.Field[Any]) -> Any:
    """The value that holds when nobody says anything."""
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default
