"""Fields as the plan's inputs: what the engine extracts itself, and what it asks Python for."""

from __future__ import annotations

from copy import deepcopy
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any, get_args

from pydantic import ValidationError

from jebi import params
from jebi._compat import ModelField, get_missing_field_error, is_union, relocate
from jebi._plan import BodyField, Gather, Param
from jebi.dependencies.bodies import ReadForm
from jebi.dependencies.fields import (
    get_form_models,
    get_param_aliases,
    get_param_model,
    should_embed_body_fields,
)
from jebi.dependencies.forms import extract_form
from jebi.dependencies.gather import gather_member, gather_param
from jebi.dependencies.json_mode import reads_json_alike
from jebi.dependencies.plain_bodies import plain_body

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jebi._plan import Errors, Input, Location, Scalar
    from jebi.dependencies.models import Dependant

_IMMUTABLE = (type(None), bool, int, float, str, bytes, Enum)
_SCALARS: dict[Any, Scalar] = {str: "str", int: "int", float: "float", bool: "bool"}
_LOCATIONS: tuple[Location, ...] = ("path", "query", "header", "cookie")


def param_inputs(dependant: Dependant) -> Iterator[Input]:
    """The path, query, header and cookie parameters, in the order of their errors."""
    for location in _LOCATIONS:
        for field in getattr(dependant, f"{location}_params"):
            yield _param(field, location)


def body_inputs(dependant: Dependant, *, embed: bool, is_form: bool) -> Iterator[Input]:
    """The body parameters, out of a form or a JSON document."""
    fields = dependant.body_params
    if not fields:
        return
    single = (
        len(fields) == 1
        and not embed
        and not should_embed_body_fields(fields)
        and not get_form_models(fields[0])
    )
    if is_form:

        def extract(request: Any, body: Any) -> tuple[dict[str, Any], Errors]:
            del request
            assert isinstance(body, ReadForm)
            return extract_form(fields, single, body)

        yield Gather(extract)
        return
    for field in fields:
        aliases = get_param_aliases(field)
        if single or len(aliases) == 1:
            yield _body_field(field, None if single else aliases[0][0])
        else:
            yield Gather(gather_member(field))


def _param(field: ModelField, location: Location) -> Input:
    # Paths and cookies hold one value a name, which a sequence has to be made of; a text with a
    # document in it is empty where a list would be.
    if (
        get_param_model(field) is not None
        or field.is_json
        or (field.is_sequence and location in ("path", "cookie"))
    ):
        return Gather(gather_param(field, location))
    names = [name for _, name in get_param_aliases(field)]
    scalar = _scalar(field)
    return Param(
        name=field.name,
        location=location,
        aliases=tuple(name.lower() for name in names) if location == "header" else tuple(names),
        sequence=field.is_sequence,
        required=field.field_info.is_required(),
        default=_default(field),
        validates_default=bool(field.field_info.validate_default),
        scalar=scalar,
        validate=_validator(field) if scalar is None else _late_validator(field),
        explain=_explain_header(names) if location == "header" else explain,
    )


def _body_field(field: ModelField, key: str | None) -> BodyField:
    is_direct = key is None and reads_json_alike(field.core_schema)
    return BodyField(
        name=field.name,
        key=key,
        location=("body",) if key is None else ("body", key),
        required=field.field_info.is_required(),
        default=_default(field),
        validates_default=bool(field.field_info.validate_default),
        validate=_validator(field),
        validate_json=field.validator.validate_json if is_direct else None,
        plain=plain_body(field) if is_direct else None,
        explain=explain,
    )


def _validator(field: ModelField) -> Callable[[Any], Any]:
    return partial(field.validator.validate_python, from_attributes=True)


def _late_validator(field: ModelField) -> Callable[[Any], Any]:
    """That of a scalar, whose plain spelling never comes to it: made for the first other one."""

    def validate(value: Any) -> Any:
        return field.validator.validate_python(value, from_attributes=True)

    return validate


def explain(error: Exception | None, loc: tuple[str | int, ...]) -> Errors:
    """The errors to report for a value at ``loc``; ``None`` if it is missing."""
    if error is None:
        return [get_missing_field_error(loc)]
    if not isinstance(error, ValidationError):
        raise error  # a validator of the application failed, and not the value
    return relocate(error.errors(include_url=False), loc)


def _explain_header(
    names: list[str],
) -> Callable[[Exception | None, tuple[str | int, ...]], Errors]:
    # The engine knows headers in lower case; errors name them as declared.
    declared = {name.lower(): name for name in names}

    def explain_header(error: Exception | None, loc: tuple[str | int, ...]) -> Errors:
        location, name = loc
        return explain(error, (location, declared.get(str(name), name)))

    return explain_header


def _default(field: ModelField) -> Callable[[], Any]:
    info = field.field_info
    if info.default_factory is not None:
        return field.get_default
    value = info.default
    if isinstance(value, _IMMUTABLE):
        return lambda: value
    return lambda: deepcopy(value)


def _scalar(field: ModelField) -> Scalar | None:
    """The type whose plain spelling needs no validator: bare, or optional, its default no code."""
    info = field.field_info
    if info.metadata or info.discriminator is not None or not isinstance(info, params.Param):
        return None
    if info.default_factory is not None:
        return None
    annotation: Any = info.annotation
    if is_union(annotation):
        others = [item for item in get_args(annotation) if item is not type(None)]
        annotation = others[0] if len(others) == 1 else None
    return _SCALARS.get(annotation) if isinstance(annotation, type) else None
