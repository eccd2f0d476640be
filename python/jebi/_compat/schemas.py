"""JSON schemas of fields and the definitions that they refer to."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Any, cast, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema as PydanticGenerateJsonSchema

from jebi._compat.shared import lenient_issubclass
from jebi._compat.v2 import Mode, ModelField

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

FieldMapping = dict[tuple[ModelField, Mode], dict[str, Any]]
Models = set[type[BaseModel] | type[Enum]]
ModelNameMap = dict[type[BaseModel] | type[Enum], str]


class GenerateJsonSchema(PydanticGenerateJsonSchema):
    """Describes bytes by their media type, as OpenAPI 3.1 wants it."""

    def bytes_schema(self, schema: CoreSchema) -> JsonSchemaValue:
        """The schema of ``bytes``."""
        config = self._config
        mode = config.ser_json_bytes if self.mode == "serialization" else config.val_json_bytes
        found: JsonSchemaValue = {
            "type": "string",
            "contentMediaType": "application/octet-stream",
        }
        if mode == "base64":
            found["contentEncoding"] = "base64"
        self.update_with_validations(found, schema, self.ValidationsMapping.bytes)
        return found


def _annotation_computes(annotation: Any, seen: set[type[BaseModel]]) -> bool:
    if not lenient_issubclass(annotation, BaseModel):
        return any(_annotation_computes(item, seen) for item in get_args(annotation))
    if annotation in seen:
        return False
    seen.add(annotation)
    return bool(annotation.model_computed_fields) or any(
        _annotation_computes(info.annotation, seen) for info in annotation.model_fields.values()
    )


def _has_computed_fields(field: ModelField) -> bool:
    core: Any = field._type_adapter.core_schema
    if core.get("schema", {}).get("computed_fields", []):
        return True  # a dataclass
    return _annotation_computes(field.field_info.annotation, set())


def _mode(field: ModelField, separate: bool) -> Mode:
    return field.mode if separate or _has_computed_fields(field) else "validation"


def get_schema_from_model_field(
    *,
    field: ModelField,
    model_name_map: ModelNameMap,
    field_mapping: FieldMapping,
    separate_input_output_schemas: bool = True,
    field_alias: str | None = None,
) -> dict[str, Any]:
    """The schema of one field out of what :func:`get_definitions` found."""
    del model_name_map  # FastAPI's signature; pydantic names the definitions
    schema = dict(field_mapping[(field, _mode(field, separate_input_output_schemas))])
    if "$ref" in schema:
        return schema
    alias = field_alias
    if alias is None:
        reads = field.mode == "validation"
        alias = (field.validation_alias if reads else field.serialization_alias) or field.alias
    schema["title"] = field.field_info.title or alias.title().replace("_", " ")
    return schema


def get_definitions(
    *,
    fields: Sequence[ModelField],
    model_name_map: ModelNameMap,
    separate_input_output_schemas: bool = True,
) -> tuple[FieldMapping, dict[str, dict[str, Any]]]:
    """The schemas of all fields at once, and the definitions that they share."""
    from jebi.openapi.constants import REF_TEMPLATE

    del model_name_map  # FastAPI's signature; pydantic names the definitions
    declared = {field.field_info.annotation for field in fields}
    nested = []
    modes: tuple[Mode, ...] = ("validation", "serialization")
    for mode in modes:
        models = get_flat_models_from_fields(
            [field for field in fields if field.mode == mode], known_models=set()
        )
        nested += [
            ModelField(field_info=FieldInfo(annotation=model), name=model.__name__, mode=mode)
            for model in models
            if model not in declared
        ]
    inputs: list[Any] = [
        (field, _mode(field, separate_input_output_schemas), field._type_adapter.core_schema)
        for field in [*fields, *nested]
    ]
    generator = GenerateJsonSchema(ref_template=REF_TEMPLATE)
    mapping, definitions = generator.generate_definitions(inputs=inputs)
    for definition in definitions.values():
        if "description" in definition:
            # What follows a form feed is not for clients.
            definition["description"] = definition["description"].split("\f")[0]
    return cast("FieldMapping", mapping), cast("dict[str, dict[str, Any]]", definitions)


def get_model_name_map(unique_models: Models) -> ModelNameMap:
    """A name for each model that a reference can hold."""
    names = {re.sub(r"[^a-zA-Z0-9.\-_]", "_", model.__name__): model for model in unique_models}
    return {model: name for name, model in names.items()}


def _collect(annotation: Any, known: Models) -> None:
    if lenient_issubclass(annotation, Enum):
        known.add(annotation)
    elif lenient_issubclass(annotation, BaseModel):
        if annotation not in known:
            known.add(annotation)
            for info in annotation.model_fields.values():
                _collect(info.annotation, known)
    elif get_origin(annotation) is not None:
        for item in get_args(annotation):
            _collect(item, known)


def get_flat_models_from_fields(fields: Sequence[ModelField], known_models: Models) -> Models:
    """Every model and enumeration that the fields mention, however deep."""
    for field in fields:
        _collect(field.field_info.annotation, known_models)
    return known_models
