"""Arguments that Python works out: parameter models, forms and other rare shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jebi import params
from jebi._compat import ModelField, Undefined, get_cached_model_fields, get_missing_field_error
from jebi.dependencies.fields import get_param_aliases, get_param_model, validate_value
from jebi.dependencies.forms import get_multidict_extras, get_multidict_value
from jebi.web.datastructures import Headers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import BaseModel

    from jebi._plan import Errors, Location


def _received(request: Any, location: Location) -> Mapping[str, Any]:
    source = {
        "path": "path_params",
        "query": "query_params",
        "header": "headers",
        "cookie": "cookies",
    }
    received: Mapping[str, Any] = getattr(request, source[location])
    return received


def gather_param(
    field: ModelField, location: Location
) -> Callable[[Any, Any], tuple[dict[str, Any], Errors]]:
    """Take one parameter or parameter model from where it travels."""
    model = get_param_model(field)
    aliases = get_param_aliases(field)

    def extract(request: Any, body: Any) -> tuple[dict[str, Any], Errors]:
        del body
        received = _received(request, location)
        if model is not None:
            value, errors = _model(field, model, received)
        else:
            name = next((alias for _, alias in aliases if alias in received), aliases[0][1])
            found = get_multidict_value(field, received, name)
            value, errors = validate_value(field, found, (location, name))
        return ({}, errors) if errors else ({field.name: value}, [])

    return extract


def _model(
    field: ModelField, model: type[BaseModel], received: Mapping[str, Any]
) -> tuple[Any, Errors]:
    in_headers = isinstance(received, Headers)
    hyphens = getattr(field.field_info, "convert_underscores", True)
    values: dict[str, Any] = {}
    spelled: dict[str, str] = {}
    known: set[str] = set()
    names: set[str] = set()
    for item in get_cached_model_fields(model):
        convert = in_headers and getattr(item.field_info, "convert_underscores", hyphens)
        aliases = get_param_aliases(item, convert_underscores=convert)
        names.update(name.lower() if in_headers else name for _, name in aliases)
        alias, name = next((pair for pair in aliases if pair[1] in received), aliases[0])
        value = get_multidict_value(item, received, name)
        if value is not Undefined:
            values[alias] = value
        known.add(name.lower() if in_headers else name)
        if in_headers:
            # A header spelled like the field is not the field, nor is it an extra.
            known.update(a.lower() for a, n in aliases if a != n)
            if alias != name:
                spelled[item.name] = name
    values.update(get_multidict_extras(received, known))
    info = field.field_info
    assert isinstance(info, params.Param)
    takes_extras = model.model_config.get("extra") in ("allow", "forbid")
    supplied = names.intersection(received) or (takes_extras and values)
    value = values if info.annotation is model or supplied else Undefined
    validated, errors = validate_value(field, value, (info.in_.value,))
    if spelled and model.model_config.get("loc_by_alias", True):
        _spell_headers(errors, spelled)
    return validated, errors


def _spell_headers(errors: Errors, spelled: dict[str, str]) -> None:
    # Clients know the header's name, not the field's.
    for error in errors:
        loc = error["loc"]
        if len(loc) > 1 and loc[1] in spelled:
            error["loc"] = (loc[0], spelled[loc[1]], *loc[2:])


def gather_member(field: ModelField) -> Callable[[Any, Any], tuple[dict[str, Any], Errors]]:
    """Take a member of the JSON document that may have several names."""
    aliases = [alias for alias, _ in get_param_aliases(field)]

    def extract(request: Any, body: Any) -> tuple[dict[str, Any], Errors]:
        del request
        loc: tuple[str, ...] = ("body", aliases[0])
        value: Any = Undefined
        if body is not Undefined and not isinstance(body, bytes):
            if not isinstance(body, dict):
                return {}, [get_missing_field_error(loc)]
            found = next((alias for alias in aliases if alias in body), None)
            if found is not None:
                value, loc = body[found], ("body", found)
        validated, errors = validate_value(field, value, loc)
        return ({}, errors) if errors else ({field.name: validated}, [])

    return extract
