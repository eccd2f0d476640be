"""The ``parameters`` of an operation: what comes by path, query, headers and cookies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jebi.datastructures import DefaultPlaceholder
from jebi.dependencies.fields import (
    get_flat_fields_from_params,
    get_param_aliases,
    get_param_model,
)
from jebi.encoders import jsonable_encoder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

    from jebi._compat import ModelField
    from jebi.openapi._definitions import Definitions
    from jebi.openapi._dependencies import Needs


def describe_parameters(needs: Needs, definitions: Definitions) -> list[dict[str, Any]]:
    """Each parameter once; a declaration that requires it outweighs those that do not."""
    described: dict[tuple[str, str], dict[str, Any]] = {}
    for location, fields in (
        ("path", needs.path_params),
        ("query", needs.query_params),
        ("header", needs.header_params),
        ("cookie", needs.cookie_params),
    ):
        for declared in fields:
            if not getattr(declared.field_info, "include_in_schema", True):
                continue
            for parameter in _describe(location, declared, definitions):
                known = described.get((location, parameter["name"]))
                if known is None or parameter["required"] or not known["required"]:
                    described[location, parameter["name"]] = parameter
    return list(described.values())


def describe_examples(info: FieldInfo) -> dict[str, Any]:
    """The examples that a declaration has for the document, beside those of its schema."""
    examples = getattr(info, "openapi_examples", None)
    if examples:
        return {"examples": jsonable_encoder(examples)}
    example = getattr(info, "example", None)
    if example is None or isinstance(example, DefaultPlaceholder):
        return {}
    return {"example": jsonable_encoder(example)}


def _describe(
    location: str, declared: ModelField, definitions: Definitions
) -> Iterator[dict[str, Any]]:
    whole = declared.field_info
    model = get_param_model(declared)
    # `Model | None` that may be missing: then nothing in the model is required.
    optional = model is not None and whole.annotation is not model and not whole.is_required()
    for field in get_flat_fields_from_params([declared]):
        info = field.field_info
        hyphens = location == "header" and getattr(
            info, "convert_underscores", getattr(whole, "convert_underscores", True)
        )
        alias, name = get_param_aliases(field, convert_underscores=hyphens)[0]
        yield {
            "name": name,
            "in": location,
            "required": info.is_required() and not optional,
            "schema": definitions.schema_of(field, alias),
            **({"description": info.description} if info.description else {}),
            **describe_examples(info),
            **({"deprecated": True} if info.deprecated else {}),
        }
