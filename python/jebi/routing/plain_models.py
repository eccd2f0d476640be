"""Which response models are plain: validated and written by the engine in one pass.

A plain model is made of strings, numbers, booleans, lists and models of these, and says nothing
about how they are validated or written. An allow list of what a schema may consist of keeps
everything else, and everything that pydantic may learn, with pydantic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Plain = tuple[Any, ...]

_SCALARS = frozenset({"str", "int", "float", "bool"})
_ALLOWED = {
    **dict.fromkeys(_SCALARS, frozenset[str]()),
    "nullable": frozenset({"schema"}),
    "default": frozenset({"schema", "default"}),
    "list": frozenset({"items_schema"}),
    "model": frozenset({"cls", "schema", "config", "ref", "custom_init", "root_model"}),
}
_FIELDS = frozenset({"fields", "model_name", "computed_fields"})
_FIELD = frozenset({"schema"})
_ANYWHERE = frozenset({"type", "metadata"})


def plain_schema(schema: Mapping[str, Any]) -> Plain | None:
    """What the engine needs to know of a plain schema, and ``None`` of any other.

    Args:
        schema: pydantic-core's description of the response field.

    Returns:
        ``(kind,)`` of a scalar, ``("nullable", inner)``, ``("list", inner)``, or ``("model", class,
        (name, inner), ...)``.
    """
    definitions: Mapping[str, Any] = {}
    if schema["type"] == "definitions":
        definitions = {one["ref"]: one for one in schema["definitions"]}
        schema = schema["schema"]
    return _plain(schema, definitions)


def _plain(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Plain | None:
    if schema["type"] == "definition-ref":
        # Without itself, so that a model within itself is none.
        others = dict(definitions)
        schema = others.pop(schema["schema_ref"], {"type": "unknown"})
        return _plain(schema, others)
    kind = schema["type"]
    allowed = _ALLOWED.get(kind)
    if allowed is None or set(schema) - allowed - _ANYWHERE:
        return None
    if kind in _SCALARS:
        return (kind,)
    if kind == "model":
        return _model(schema, definitions)
    inner = _plain(schema["items_schema" if kind == "list" else "schema"], definitions)
    if inner is None or kind == "default":
        return inner
    return (kind, inner)


def _model(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Plain | None:
    fields = schema["schema"]
    if (
        schema.get("custom_init")
        or schema.get("root_model")
        or set(schema.get("config") or ()) - {"title"}
        or fields["type"] != "model-fields"
        or set(fields) - _FIELDS - _ANYWHERE
        or fields.get("computed_fields")
    ):
        return None
    found: list[tuple[str, Plain]] = []
    for name, field in fields["fields"].items():
        is_own = bool(set(field) - _FIELD - _ANYWHERE)
        inner = None if is_own else _plain(field["schema"], definitions)
        if inner is None:
            return None
        found.append((name, inner))
    return ("model", schema["cls"], *found)
