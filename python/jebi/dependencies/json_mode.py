"""Which schemas take JSON's bytes as they take the document parsed from them.

pydantic validates a document faster from its bytes than from Python objects, but not always to
the same result: strict fields take strings for dates only from JSON, decimals keep digits that a
float has lost, and validators of the application see another mode. Only schemas made of nothing
but the types below, without any of that, are known to come to the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SCALARS = frozenset({"str", "int", "float", "bool", "none", "date", "datetime", "time", "uuid"})
_CONTAINERS = frozenset(
    {"list", "nullable", "default", "model", "model-fields", "model-field", "definitions"}
)
# Options of a type or a model that change what is taken.
_PARTICULAR = ("strict", "coerce_numbers_to_str", "extra_fields_behavior")
# What a model can have that is the application's own code or an input of its own.
_UNUSUAL = ("custom_init", "extras_schema", "extra_behavior", "computed_fields")


def reads_json_alike(schema: Mapping[str, Any]) -> bool:
    """Whether ``schema`` validates bytes of JSON as it validates the parsed document."""
    kind = schema["type"]
    if kind == "definition-ref":
        return True
    if _is_particular(schema):
        return False
    if kind in _SCALARS:
        return True
    if kind not in _CONTAINERS or any(schema.get(name) for name in _UNUSUAL):
        return False
    return all(reads_json_alike(inner) for inner in _inner(schema))


def _is_particular(schema: Mapping[str, Any]) -> bool:
    """Whether options say what is taken, beyond what the type says."""
    config = schema.get("config") or {}
    return any(schema.get(name) or config.get(name) for name in _PARTICULAR)


def _inner(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for name in ("schema", "items_schema"):
        if name in schema:
            yield schema[name]
    fields = schema.get("fields", {})
    yield from fields.values()
    yield from schema.get("definitions", ())
