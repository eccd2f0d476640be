"""Which models the engine may read from a document itself, in the place of pydantic.

They are made of strings, numbers within bounds, booleans, lists and models of these, by their own
names, without validators or settings, and what may be missing has an immutable default. An allow
list of what a schema may consist of keeps everything else, and everything that pydantic may learn,
with pydantic. Of what is plain, pydantic still has every document that is not exactly as described.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from pydantic_core import SchemaValidator

from jebi._compat.plain import SCALARS, Plain, fields_of, followed, opened, says_more

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jebi._compat import ModelField

_BOUNDS = ("gt", "ge", "lt", "le")
_ALLOWED = {
    "str": frozenset[str](),
    "int": frozenset(_BOUNDS),
    "float": frozenset(_BOUNDS),
    "bool": frozenset[str](),
    "nullable": frozenset({"schema"}),
    "list": frozenset({"items_schema"}),
    "model": frozenset(
        {"cls", "generic_origin", "schema", "config", "ref", "custom_init", "root_model"}
    ),
}
_FIELD = frozenset({"schema"})
_DEFAULT = frozenset({"schema", "default"})
_IMMUTABLE = (str, int, float, bool, type(None))
_SLOTS = ("__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
_ABSTRACT = 1 << 20
"""``Py_TPFLAGS_IS_ABSTRACT``: such a class is not instantiated."""
_MOST_FIELDS = 64
"""Fields are looked for one after the other."""
_EXACT = 2**53
"""Integers up to here are floats as well."""


def plain_body(field: ModelField) -> Plain | None:
    """What the engine needs to know of a plain body, and ``None`` of any other.

    Args:
        field: The body, which is a whole document.

    Returns:
        ``("str",)``, ``("bool",)``, ``("int", gt, ge, lt, le)`` and the same of a ``float``, with
        ``None`` for what is no bound, ``("nullable", inner)``, ``("list", inner)``, or ``("model",
        class, (name, inner, has default, default), ...)``.
    """
    if type(field.validator) is not SchemaValidator:
        return None  # somebody listens to what is validated
    return _plain(*opened(field.core_schema))


def _plain(schema: Mapping[str, Any], definitions: dict[str, Any]) -> Plain | None:
    schema, definitions = followed(schema, definitions)
    kind = schema["type"]
    allowed = _ALLOWED.get(kind)
    if allowed is None or says_more(schema, allowed):
        return None
    if kind in ("int", "float"):
        return _number(kind, schema)
    if kind in SCALARS:
        return (kind,)
    if kind == "model":
        return _model(schema, definitions)
    inner = _plain(schema["items_schema" if kind == "list" else "schema"], definitions)
    return None if inner is None else (kind, inner)


def _number(kind: str, schema: Mapping[str, Any]) -> Plain | None:
    bounds = [schema.get(name) for name in _BOUNDS]
    for bound in bounds:
        if bound is None or (type(bound) is int and abs(bound) <= _EXACT):
            continue
        if kind == "int" or type(bound) is not float:
            return None
    return (kind, *bounds)


def _model(schema: Mapping[str, Any], definitions: dict[str, Any]) -> Plain | None:
    fields = fields_of(schema)
    if fields is None or len(fields) > _MOST_FIELDS or not _is_made_plainly(schema["cls"]):
        return None
    found: list[Plain] = []
    for name, field in fields.items():
        described = None if says_more(field, _FIELD) else _field(field, definitions)
        if described is None or not name.isascii():
            return None
        found.append((name, *described))
    return ("model", schema["cls"], *found)


def _field(field: Mapping[str, Any], definitions: dict[str, Any]) -> Plain | None:
    schema, default = field["schema"], (False, None)
    if schema["type"] == "default":
        if says_more(schema, _DEFAULT) or type(schema.get("default", ...)) not in _IMMUTABLE:
            return None
        schema, default = schema["schema"], (True, schema["default"])
    inner = _plain(schema, definitions)
    return None if inner is None else (inner, *default)


def _is_made_plainly(cls: type[Any]) -> bool:
    """Whether a new instance is no more than its members and what pydantic keeps beside them."""
    return (
        issubclass(cls, BaseModel)
        and cls.__new__ is object.__new__
        and not cls.__flags__ & _ABSTRACT
        and all(_owner(cls, name) is BaseModel for name in _SLOTS)
    )


def _owner(cls: type[Any], name: str) -> type[Any] | None:
    return next((base for base in cls.__mro__ if name in vars(base)), None)
