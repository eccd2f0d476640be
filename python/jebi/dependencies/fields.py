"""Fields as requests carry them: their names and their models."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

from pydantic import AliasChoices, AliasPath, BaseModel

from jebi import params
from jebi._compat import (
    ModelField,
    Undefined,
    get_cached_model_fields,
    get_missing_field_error,
    is_union,
    lenient_issubclass,
)
from jebi.dependencies.models import get_flat_body_params as get_flat_body_params

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jebi.dependencies.models import Dependant


def get_validation_alias(field: ModelField) -> str:
    """The plain name that pydantic reads the field under."""
    return field.validation_alias or field.alias


def get_param_aliases(
    field: ModelField, *, convert_underscores: bool = False
) -> list[tuple[str, str]]:
    """Under which names the field may come: (for pydantic, in the request), best first."""
    alias = get_validation_alias(field)
    hyphenated = convert_underscores and alias == field.name
    first = (alias, alias.replace("_", "-") if hyphenated else alias)
    declared = field.field_info.validation_alias
    if isinstance(field.field_info, params.Path) or isinstance(declared, AliasPath):
        return [first]
    aliases = [first]
    if isinstance(declared, AliasChoices):
        names = [choice for choice in declared.choices if isinstance(choice, str)]
        if len(names) < len(declared.choices):
            return aliases  # a path into a document means nothing in a query string
        aliases = [(name, name) for name in names]
    return _with_own_name(field, aliases, convert_underscores)


def _with_own_name(
    field: ModelField, aliases: list[tuple[str, str]], convert_underscores: bool
) -> list[tuple[str, str]]:
    config = field.config or {}
    own = (field.name, field.name.replace("_", "-") if convert_underscores else field.name)
    if config.get("validate_by_alias") is False:
        return [own]
    by_name = config.get("validate_by_name", config.get("populate_by_name", False))
    if by_name and field.name not in [alias for alias, _ in aliases]:
        return [*aliases, own]
    return aliases


def get_model_type(annotation: Any) -> type[BaseModel] | None:
    """The model of ``Model`` or ``Model | None``."""
    if is_union(annotation):
        others = [item for item in get_args(annotation) if item is not type(None)]
        if len(others) == 1 and len(get_args(annotation)) == 2:
            annotation = others[0]
    return annotation if lenient_issubclass(annotation, BaseModel) else None


def get_param_model(field: ModelField) -> type[BaseModel] | None:
    """The model of a parameter that gathers several of the request's, or ``None``."""
    annotation = field.field_info.annotation
    if isinstance(field.field_info, (params.Query, params.Header, params.Cookie)):
        annotation = get_model_type(annotation)
    if lenient_issubclass(annotation, BaseModel) and not field.is_json:
        model: type[BaseModel] = annotation
        return model
    return None


def get_flat_fields_from_params(fields: Sequence[ModelField]) -> list[ModelField]:
    """The fields, a parameter model's own in its place."""
    flat: list[ModelField] = []
    for field in fields:
        model = get_param_model(field)
        flat += [field] if model is None else get_cached_model_fields(model)
    return flat


def get_flat_params(dependant: Dependant) -> list[ModelField]:
    """All path, query, header and cookie parameters of a route, its dependencies' included."""
    seen: list[Any] = []
    found: dict[str, list[ModelField]] = {"path": [], "query": [], "header": [], "cookie": []}

    def visit(current: Dependant) -> None:
        key = current.cache_key
        if key in seen:
            return
        seen.append(key)
        found["path"] += current.path_params
        found["query"] += current.query_params
        found["header"] += current.header_params
        found["cookie"] += current.cookie_params
        for dependency in current.dependencies:
            visit(dependency)

    visit(dependant)
    return [field for fields in found.values() for field in get_flat_fields_from_params(fields)]


def validate_value(
    field: ModelField, value: Any, loc: tuple[str | int, ...]
) -> tuple[Any, list[dict[str, Any]]]:
    """The validated value, the default where there is none, or what is wrong."""
    if value is Undefined:
        if field.field_info.is_required():
            return None, [get_missing_field_error(loc)]
        value = deepcopy(field.default)
        if not field.field_info.validate_default:
            return value, []
    return field.validate(value, loc=loc)


def get_form_union_models(annotation: Any) -> list[type[BaseModel]]:
    """The models of a union of several; nothing if there is anything else in it."""
    if not is_union(annotation):
        return []
    models = []
    for item in get_args(annotation):
        bare = get_args(item)[0] if get_origin(item) is Annotated else item
        if bare is type(None):
            continue
        if not lenient_issubclass(bare, BaseModel):
            return []
        models.append(bare)
    return models if len(models) > 1 else []


def get_form_models(field: ModelField) -> list[type[BaseModel]]:
    """The models that take the fields of a form between them."""
    info = field.field_info
    if not isinstance(info, params.Form) or info.embed or field.is_json:
        return []
    model = get_model_type(info.annotation)
    return [model] if model is not None else get_form_union_models(info.annotation)


def should_embed_body_fields(fields: list[ModelField]) -> bool:
    """Whether the body is an object with a member for each field."""
    if not fields:
        return False
    # Several dependencies can share a field: it is one as long as the name is one.
    if len({field.name for field in fields}) > 1:
        return True
    first = fields[0]
    models = get_form_models(first)
    if models and any(
        not get_form_models(other) or other.field_info.annotation is not first.field_info.annotation
        for other in fields[1:]
    ):
        return True
    if getattr(first.field_info, "embed", None):
        return True
    return (
        isinstance(first.field_info, params.Form)
        and not models
        and not lenient_issubclass(first.field_info.annotation, BaseModel)
    )
