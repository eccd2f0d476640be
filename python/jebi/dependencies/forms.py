"""Forms: reading them, and taking values and models out of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, Tag

from jebi import params
from jebi._compat import (
    ModelField,
    Undefined,
    get_cached_model_fields,
    is_bytes_or_nonable_bytes_annotation,
    is_bytes_sequence_annotation,
    serialize_sequence_value,
    value_is_sequence,
)
from jebi.dependencies.bodies import ReadForm
from jebi.dependencies.fields import get_form_models, get_param_aliases, validate_value
from jebi.web.datastructures import FormData, Headers, ImmutableMultiDict, UploadFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jebi._plan import Errors
    from jebi.web.requests import Request


def wants_bytes(field: ModelField) -> bool:
    """Whether the field takes the contents of files."""
    annotation = field.field_info.annotation
    return isinstance(field.field_info, params.File) and (
        is_bytes_or_nonable_bytes_annotation(annotation) or is_bytes_sequence_annotation(annotation)
    )


async def read_form(
    request: Request, *, limits: dict[str, int], byte_names: frozenset[str]
) -> ReadForm:
    """Read the form; ``byte_names`` are the fields whose files are read into memory."""
    form = ReadForm(await request.form(**limits))
    stack = request.scope.get("fastapi_middleware_astack")
    if stack is not None:
        stack.push_async_callback(form.data.close)
    for name, value in form.data.multi_items():
        if name in byte_names and isinstance(value, UploadFile):
            form.contents[id(value)] = await _read_file_bytes(value)
    return form


async def _read_file_bytes(file: UploadFile) -> bytes:
    # Another parameter may want the same file: leave it where it was.
    position = file.file.tell()
    try:
        return await file.read()
    finally:
        await file.seek(position)


def _is_no_file(value: Any) -> bool:
    # What browsers send for an input in which no file was chosen.
    return isinstance(value, UploadFile) and value.filename == "" and value.size == 0


def get_multidict_value(field: ModelField, values: Mapping[str, Any], name: str) -> Any:
    """What the request has under ``name``: all of it for a sequence; ``Undefined`` if nothing."""
    is_form = isinstance(values, FormData)
    value: Any
    if (
        field.is_sequence
        and not field.is_json
        and isinstance(values, (ImmutableMultiDict, Headers))
    ):
        value = values.getlist(name)
        if is_form:
            value = [item for item in value if not _is_no_file(item)]
    else:
        value = values.get(name)
    if value is None or (field.is_sequence and len(value) == 0):
        return Undefined
    if is_form and (_is_no_file(value) or (isinstance(value, str) and value == "")):
        return Undefined
    return value


def get_multidict_extras(received: Mapping[str, Any], known: set[str]) -> Iterator[tuple[str, Any]]:
    """What else the request has: a value, or a list of several under one name."""
    if isinstance(received, ImmutableMultiDict):
        items = received.multi_items()
    else:
        items = list(received.items())  # of headers, this already has every occurrence
    grouped: dict[str, list[Any]] = {}
    for name, value in items:
        if name not in known:
            grouped.setdefault(name, []).append(value)
    for name, found in grouped.items():
        yield name, found[0] if len(found) == 1 else found


def extract_form_items(
    fields: list[ModelField], received: FormData
) -> Iterator[tuple[str, Any, ModelField | None]]:
    """Name, value and field of what the form has; ``None`` as field of what nobody declared."""
    known: set[str] = set()
    for item in fields:
        for alias, _ in get_param_aliases(item):
            known.add(alias)
            value = get_multidict_value(item, received, alias)
            if value is not Undefined:
                yield alias, value, item
                break
    for name, value in get_multidict_extras(received, known):
        yield name, value, None


def _extract(
    fields: list[ModelField], form: ReadForm
) -> Iterator[tuple[str, Any, ModelField | None]]:
    def contents(value: Any) -> Any:
        read = form.contents.get(id(value))
        # A dependency may have moved the file: what is read is what follows.
        return value if read is None else read[value.file.tell() :]

    for alias, value, item in extract_form_items(fields, form.data):
        if item is None or not wants_bytes(item):
            yield alias, value, item
        elif value_is_sequence(value):
            items = [contents(part) for part in value]
            yield alias, serialize_sequence_value(field=item, value=items), item
        else:
            yield alias, contents(value), item


def _is_supplied(model: type[BaseModel], received: FormData) -> bool:
    names = {
        alias for item in get_cached_model_fields(model) for alias, _ in get_param_aliases(item)
    }
    takes_extras = model.model_config.get("extra") in ("allow", "forbid")
    return bool(names.intersection(received) or (takes_extras and received))


def _model_value(field: ModelField, models: list[type[BaseModel]], form: ReadForm) -> Any:
    optional = type(None) in get_args(field.field_info.annotation)
    if optional and not any(_is_supplied(model, form.data) for model in models):
        return Undefined
    # Each model of a union takes the plain values and sorts them itself.
    own = get_cached_model_fields(models[0]) if len(models) == 1 else []
    return {alias: value for alias, value, _ in _extract(own, form)}


def extract_form(
    fields: list[ModelField], single: bool, form: ReadForm
) -> tuple[dict[str, Any], Errors]:
    """The keywords of a call out of the form, and what is wrong with it."""
    values: dict[str, Any] = {}
    errors: Errors = []
    plain = [item for item in fields if not get_form_models(item)]
    found: dict[str, tuple[str, Any]] = {}
    whole: dict[str, Any] = {}
    if plain:
        for alias, value, item in _extract(plain, form):
            whole[alias] = value
            if item is not None:
                found[item.name] = (alias, value)
    for item in fields:
        models = get_form_models(item)
        loc: tuple[str, ...] = ("body",)
        if single:
            value = whole
        elif models:
            value = _model_value(item, models, form)
        else:
            alias, value = found.get(item.name, (get_param_aliases(item)[0][0], Undefined))
            loc = ("body", alias)
        validated, wrong = validate_value(item, value, loc)
        if wrong:
            errors += wrong
        else:
            values[item.name] = validated
    return values, errors


def add_form_union_validators(annotation: Any) -> Any:
    """The union with each model sorting the form's plain values in its own way first."""
    choices: list[Any] = []
    for choice in get_args(annotation):
        if choice is type(None):
            choices.append(choice)
            continue
        model, *metadata = get_args(choice) if get_origin(choice) is Annotated else (choice,)
        tags = [item for item in metadata if isinstance(item, Tag)]
        tag = tags[-1] if tags else Tag(model.__name__)
        sort = BeforeValidator(partial(_sort_for_model, model=model))
        choices.append(Annotated[choice, sort, tag])
    return Union[tuple(choices)]  # noqa: UP007  # made at run time


def _sort_for_model(value: Any, *, model: type[BaseModel]) -> Any:
    if not isinstance(value, dict):
        return value
    pairs = [
        (name, item)
        for name, items in value.items()
        for item in (items if isinstance(items, list) else [items])
    ]
    fields = get_cached_model_fields(model)
    sorted_values = {alias: item for alias, item, _ in extract_form_items(fields, FormData(pairs))}
    # A form cannot carry these, but a validator that ran before may have put them there.
    sorted_values |= {
        name: item
        for name, item in value.items()
        if item is None or (isinstance(item, list) and not item)
    }
    return sorted_values
