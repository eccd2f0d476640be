"""pydantic-core's descriptions of plain models: what reading and writing them have in common.

A plain model says nothing about how it is validated or written. Each side has an allow list of what
a schema may consist of, so that everything else, and everything that pydantic may learn, stays with
pydantic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

Plain = tuple[Any, ...]

SCALARS = frozenset({"str", "int", "float", "bool"})
_FIELDS = frozenset({"fields", "model_name", "computed_fields"})
_ANYWHERE = frozenset({"type", "metadata"})


def opened(schema: Mapping[str, Any]) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """A whole description, without the definitions around it, and those by their names."""
    if schema["type"] != "definitions":
        return schema, {}
    return schema["schema"], {one["ref"]: one for one in schema["definitions"]}


def followed(
    schema: Mapping[str, Any], definitions: dict[str, Any]
) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """What a reference refers to, and the definitions without it: a model within itself is none."""
    while schema["type"] == "definition-ref":
        definitions = dict(definitions)
        schema = definitions.pop(schema["schema_ref"], {"type": "unknown"})
    return schema, definitions


def says_more(schema: Mapping[str, Any], allowed: AbstractSet[str]) -> bool:
    """Whether a description has a part that is not among these."""
    return bool(set(schema) - allowed - _ANYWHERE)


def fields_of(model: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]] | None:
    """A model's fields by their names; ``None`` if it has settings, or is made in its own way."""
    inner = model["schema"]
    if (
        model.get("custom_init")
        or model.get("root_model")
        or set(model.get("config") or ()) - {"title"}
        or inner["type"] != "model-fields"
        or says_more(inner, _FIELDS)
    ):
        return None
    fields: Mapping[str, Mapping[str, Any]] = inner["fields"]
    return fields
