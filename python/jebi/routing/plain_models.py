"""Which response models are plain: validated and written by the engine in one pass.

A plain model is made of strings, numbers, booleans, lists and models of these, and says nothing
about how they are validated or written. An allow list of what a schema may consist of keeps
everything else, and everything that pydantic may learn, with pydantic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jebi._compat.plain import SCALARS, Plain, fields_of, followed, opened, says_more
from jebi.web.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALLOWED = {
    **dict.fromkeys(SCALARS, frozenset[str]()),
    "nullable": frozenset({"schema"}),
    "default": frozenset({"schema", "default"}),
    "list": frozenset({"items_schema"}),
    "model": frozenset({"cls", "schema", "config", "ref", "custom_init", "root_model"}),
}
_FIELD = frozenset({"schema"})


def plain_schema(schema: Mapping[str, Any]) -> Plain | None:
    """What the engine needs to know of a plain schema, and ``None`` of any other.

    Args:
        schema: pydantic-core's description of the response field.

    Returns:
        ``(kind,)`` of a scalar, ``("nullable", inner)``, ``("list", inner)``, or ``("model", class,
        (name, inner), ...)``.
    """
    return _plain(*opened(schema))


def _plain(schema: Mapping[str, Any], definitions: dict[str, Any]) -> Plain | None:
    schema, definitions = followed(schema, definitions)
    kind = schema["type"]
    allowed = _ALLOWED.get(kind)
    if allowed is None or says_more(schema, allowed):
        return None
    if kind in SCALARS:
        return (kind,)
    if kind == "model":
        return _model(schema, definitions)
    inner = _plain(schema["items_schema" if kind == "list" else "schema"], definitions)
    if inner is None or kind == "default":
        return inner
    return (kind, inner)


def _model(schema: Mapping[str, Any], definitions: dict[str, Any]) -> Plain | None:
    fields = fields_of(schema)
    if fields is None or schema["schema"].get("computed_fields"):
        return None
    if issubclass(schema["cls"], Response):
        return None  # sent as it is
    found: list[tuple[str, Plain]] = []
    for name, field in fields.items():
        inner = None if says_more(field, _FIELD) else _plain(field["schema"], definitions)
        if inner is None:
            return None
        found.append((name, inner))
    return ("model", schema["cls"], *found)
