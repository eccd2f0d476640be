"""The one field that describes a route's whole body in its schema; it validates nothing."""

from __future__ import annotations

from copy import copy, deepcopy
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, get_args

from pydantic import AliasChoices, BaseModel, ConfigDict, GetPydanticSchema

from jebi import params
from jebi._compat import ModelField, create_body_model, get_cached_model_fields
from jebi.dependencies.fields import get_form_models, get_param_aliases, get_validation_alias
from jebi.utils import create_model_field

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic_core import CoreSchema

Schema = dict[str, Any]


def get_body_field(
    *, body_params: list[ModelField], name: str, embed_body_fields: bool
) -> ModelField | None:
    """Describe the body of the route ``name``, or ``None`` if it reads none."""
    if not body_params:
        return None
    first = body_params[0]
    if not embed_body_fields and not any(map(_is_nullable_form_model, body_params)):
        return first
    fields, config = body_params, None
    if any(get_form_models(field) for field in body_params):
        fields = [_numbered(index, field) for index, field in enumerate(body_params)]
        config = ConfigDict(json_schema_extra=partial(_merge_form_schemas, body_params))
    model = create_body_model(fields=fields, model_name=f"Body_{name}", config=config)
    if not embed_body_fields:
        info = copy(first.field_info)
        info.annotation = model
        info.metadata = []  # what validates the values stays with the original field
        info.discriminator = None
        return ModelField(name=first.name, field_info=info)
    return create_model_field(
        name="body", type_=model, alias="body", field_info=_whole_info(body_params, model)
    )


def _is_nullable_form_model(field: ModelField) -> bool:
    return bool(get_form_models(field)) and type(None) in get_args(field.field_info.annotation)


def _whole_info(body_params: list[ModelField], model: type[BaseModel]) -> params.Body:
    infos = [field.field_info for field in body_params]
    options: dict[str, Any] = {"annotation": model, "alias": "body"}
    if not any(info.is_required() for info in infos):
        options["default"] = None
    if any(isinstance(info, params.File) for info in infos):
        return params.File(**options)
    form = any(isinstance(info, params.Form) for info in infos)
    cls: type[params.Body] = params.Form if form else params.Body
    media_types = [info.media_type for info in infos if isinstance(info, cls)]
    if form and "multipart/form-data" in media_types:
        options["media_type"] = "multipart/form-data"
    elif len(set(media_types)) == 1:
        options["media_type"] = media_types[0]
    return cls(**options)


def _numbered(index: int, field: ModelField) -> ModelField:
    """The field under a name that no other can have, to find its schema again."""
    info = copy(field.field_info)
    models = get_form_models(field)
    if len(models) == 1:
        described: Any = Annotated[
            models[0],
            GetPydanticSchema(get_pydantic_json_schema=partial(_form_model_schema, models[0])),
        ]
        info.annotation = described if info.annotation is models[0] else described | None
    name = f"field_{index}"
    info.alias = info.validation_alias = info.serialization_alias = name
    info.title = info.title or field.name.replace("_", " ").title()
    return ModelField(name=name, field_info=info)


def _form_names(model: type[BaseModel]) -> dict[str, list[str]]:
    """By name in the model's schema, the names that a form may use."""
    names = {}
    for field in get_cached_model_fields(model):
        alias = field.field_info.validation_alias
        schema_name = (
            alias.choices[0] if isinstance(alias, AliasChoices) else get_validation_alias(field)
        )
        if isinstance(schema_name, str):
            names[schema_name] = [name for name, _ in get_param_aliases(field)]
    return names


def _form_model_schema(
    model: type[BaseModel], core_schema: CoreSchema, handler: GetJsonSchemaHandler
) -> Schema:
    schema = handler(core_schema)
    found = handler.resolve_ref_schema(schema)
    required = found.get("required", [])
    renamed = {
        name: names
        for name, names in _form_names(model).items()
        if name in found.get("properties", {})
        and (names[0] != name or (len(names) > 1 and name in required))
    }
    if not renamed:
        return schema
    # A copy: JSON bodies of the same model keep its names.
    form_schema = deepcopy(found)
    form_schema["properties"] = {
        renamed.get(name, [name])[0]: value for name, value in form_schema["properties"].items()
    }
    form_schema["required"] = []
    for name in required:
        names = renamed.get(name, [name])
        if len(names) == 1:
            form_schema["required"] += names
        else:
            one_of_them = {"anyOf": [{"required": [name]} for name in names]}
            form_schema.setdefault("allOf", []).append(one_of_them)
    return form_schema


def _merge_form_schemas(body_params: list[ModelField], schema: Schema) -> None:
    """Put the members of all models and the plain fields side by side, as a form has them."""
    found = schema.pop("properties")
    schema.pop("required", None)
    properties: Schema = {}
    required: list[str] = []
    conditions: list[Schema] = []
    for index, field in enumerate(body_params):
        field_schema = found[f"field_{index}"]
        if get_form_models(field):
            conditions += _model_conditions(field, field_schema)
            continue
        alias = get_param_aliases(field)[0][0]
        if alias in properties:
            conditions.append({"properties": {alias: field_schema}})
        else:
            properties[alias] = field_schema
        if field.field_info.is_required() and alias not in required:
            required.append(alias)
    if properties:
        schema["properties"] = properties
    if required:
        schema["required"] = required
    schema["allOf"] = conditions


def _model_conditions(field: ModelField, schema: Schema) -> list[Schema]:
    schema.pop("default", None)
    if not _is_nullable_form_model(field):
        return [schema]
    # A form cannot be null: an optional model is one whose fields are all absent.
    schema["anyOf"] = [choice for choice in schema["anyOf"] if choice.get("type") != "null"]
    models = get_form_models(field)
    absent: Schema = {}
    if any(model.model_config.get("extra") in ("allow", "forbid") for model in models):
        absent = {"maxProperties": 0}
    else:
        names = {
            alias
            for model in models
            for item in get_cached_model_fields(model)
            for alias, _ in get_param_aliases(item)
        }
        if names:
            absent = {"not": {"anyOf": [{"required": [name]} for name in sorted(names)]}}
    if field.field_info.is_required():
        return [{"not": absent}, schema]
    return [{"anyOf": [absent, schema]}]
