"""The ``parameters`` of an operation: what comes by path, query, headers and cookies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from pydantic import AliasChoices, AliasPath, BaseModel

from jebi import params
from jebi._compat import get_cached_model_fields, is_union, lenient_issubclass
from jebi.datastructures import DefaultPlaceholder
from jebi.encoders import jsonable_encoder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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


def flat_fields(fields: Sequence[ModelField]) -> list[ModelField]:
    """The fields, each model of parameters replaced by its own fields."""
    return [flat for field in fields for flat in _flatten(field)]


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
    model = _parameter_model(declared)
    # `Model | None` that may be missing: then nothing in the model is required.
    optional = model is not None and whole.annotation is not model and not whole.is_required()
    for field in _flatten(declared):
        info = field.field_info
        hyphens = location == "header" and getattr(
            info, "convert_underscores", getattr(whole, "convert_underscores", True)
        )
        alias, name = _names(field, hyphens=hyphens)
        yield {
            "name": name,
            "in": location,
            "required": info.is_required() and not optional,
            "schema": definitions.schema_of(field, alias),
            **({"description": info.description} if info.description else {}),
            **describe_examples(info),
            **({"deprecated": True} if info.deprecated else {}),
        }


def _flatten(field: ModelField) -> list[ModelField]:
    model = _parameter_model(field)
    return [field] if model is None else get_cached_model_fields(model)


def _parameter_model(field: ModelField) -> type[BaseModel] | None:
    """The model whose fields are the parameters, if the parameter is declared as one."""
    annotation = field.field_info.annotation
    if is_union(annotation) and not isinstance(field.field_info, params.Path):
        members = [member for member in get_args(annotation) if member is not type(None)]
        if len(members) == 1:
            annotation = members[0]
    return annotation if lenient_issubclass(annotation, BaseModel) and not field.is_json else None


def _names(field: ModelField, *, hyphens: bool) -> tuple[str, str]:
    """Of the names that the parameter answers to, the first: as an alias, and in a request.

    Only a name that follows from the Python name has its underscores turned into hyphens; one
    that was given is meant as it stands.
    """
    by_name = field.name.replace("_", "-") if hyphens else field.name
    declared = field.field_info.validation_alias
    if not isinstance(field.field_info, params.Path) and not isinstance(declared, AliasPath):
        if isinstance(declared, AliasChoices):
            first = declared.choices[0]
            if all(isinstance(choice, str) for choice in declared.choices):
                assert isinstance(first, str)
                return first, first
        elif (field.config or {}).get("validate_by_alias") is False:
            return field.name, by_name
    alias = field.validation_alias or field.alias
    return alias, by_name if alias == field.name else alias
