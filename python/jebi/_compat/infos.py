"""Pydantic's descriptions of fields that say nothing but a type and perhaps a default.

Most fields are such, and what they are described by differs in two attributes of thirty. Pydantic
looks at each of its forty arguments to make one, which took a tenth of the time of a route.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

if TYPE_CHECKING:
    from collections.abc import Callable

Info = TypeVar("Info", bound=FieldInfo)


class _Template(NamedTuple):
    """What the descriptions of a class have in common.

    Attributes:
        slots: What puts an attribute of pydantic's into place, and its value.
        containers: Likewise; each description has a copy of its own.
        values: The attributes of the class's own.
        given: The options that count as given.
    """

    slots: list[tuple[Callable[[Any, Any], None], Any]]
    containers: list[tuple[Callable[[Any, Any], None], Any]]
    values: dict[str, Any]
    given: dict[str, Any]


def make_info(cls: type[Info], annotation: Any, default: Any = PydanticUndefined) -> Info:
    """As ``cls(annotation=annotation, default=default)``; without a default if it is undefined."""
    has_default = default is not PydanticUndefined and default is not ...
    template = _template(cast("Any", cls), has_default)
    info = cls.__new__(cls)
    for put, value in template.slots:
        put(info, value)
    for put, value in template.containers:
        put(info, value.copy())
    if template.values:
        info.__dict__.update(template.values)
    info.annotation = annotation
    given = {**template.given, "annotation": annotation}
    if has_default:
        info.default = given["default"] = default
    info._attributes_set = given
    return info


@lru_cache(maxsize=32)
def _template(cls: type[FieldInfo], has_default: bool) -> _Template:
    made: Any = cls(annotation=str, default=None) if has_default else cls(annotation=str)
    template = _Template([], [], dict(getattr(made, "__dict__", ())), dict(made._attributes_set))
    for name in FieldInfo.__slots__:
        value = getattr(made, name, _template)  # a value that none has
        if value is _template or name in ("annotation", "_attributes_set"):
            continue
        kept = template.containers if isinstance(value, (dict, list, set)) else template.slots
        kept.append((cast("Any", getattr(FieldInfo, name)).__set__, value))
    return template
