"""Fields: one declared parameter, body or response, with its pydantic validator."""

from __future__ import annotations

import inspect
import warnings
from copy import copy
from dataclasses import is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cached_property, lru_cache
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional, cast, get_args, get_origin
from uuid import UUID

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model
from pydantic import PydanticSchemaGenerationError as PydanticSchemaGenerationError
from pydantic._internal import _typing_extra
from pydantic.fields import FieldInfo
from pydantic.version import VERSION
from pydantic_core import PydanticUndefined
from pydantic_core import Url as Url
from pydantic_core.core_schema import (
    with_info_plain_validator_function as with_info_plain_validator_function,
)

from jebi._compat import shared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jebi.types import IncEx

PYDANTIC_VERSION_MINOR_TUPLE = tuple(int(part) for part in VERSION.split(".")[:2])
Undefined = PydanticUndefined
RequiredParam = PydanticUndefined
Mode = Literal["validation", "serialization"]

# What pydantic.Field takes and keeps under the same name: everything of a FieldInfo but its
# annotation and its metadata.
_KNOWN = inspect.signature(Field).parameters
_ATTRIBUTES = tuple(name for name in FieldInfo.__slots__ if name in _KNOWN)


def evaluate_forwardref(
    value: Any, globalns: dict[str, Any] | None = None, localns: dict[str, Any] | None = None
) -> Any:
    """What an annotation in quotes means, or the annotation itself if a name is unknown."""
    try_eval = getattr(_typing_extra, "try_eval_type", None)
    if try_eval is not None:
        return try_eval(value, globalns, localns)[0]
    return _typing_extra.eval_type_lenient(value, globalns, localns)


def _attributes(info: FieldInfo) -> dict[str, Any]:
    found = {}
    for name in _ATTRIBUTES:
        value = getattr(info, name, Undefined)
        if value is Undefined or (value is None and name != "default"):
            continue
        found[name] = value
    return found


def _type_adapter(info: FieldInfo, config: ConfigDict | None) -> TypeAdapter[Any]:
    # The attributes go into a fresh Field: this one's metadata is already listed beside it.
    parts = (info.annotation, *info.metadata, Field(**_attributes(info)))
    with warnings.catch_warnings():
        if PYDANTIC_VERSION_MINOR_TUPLE >= (2, 12):
            from pydantic.warnings import UnsupportedFieldAttributeWarning

            # An alias means nothing to a type adapter; the plan takes care of it.
            warnings.simplefilter("ignore", category=UnsupportedFieldAttributeWarning)
        return TypeAdapter(cast("Any", Annotated[parts]), config=config)


# Types that pydantic takes, and that are never collected: one adapter may serve many fields.
_BUILTIN: frozenset[Any] = frozenset(
    {str, int, float, bool, bytes, dict, list, Any, datetime, date, time, timedelta, UUID, Decimal}
)
_SHARED = frozenset({*_BUILTIN, *(kind | None for kind in _BUILTIN if kind is not Any)})
_OPTIONS = (str, int, float, bool, bytes, NoneType)
_adapters: dict[Any, TypeAdapter[Any]] = {}
_KEPT = 4096


def _is_builtin(annotation: Any) -> bool:
    try:
        return annotation in _SHARED
    except TypeError:
        return False  # metadata without a hash


_PLAIN = frozenset(
    kind for kind in _SHARED if not {dict, list, Any}.intersection((kind, *get_args(kind)))
)
# Of anything else the hash may be dear, or missing.
_SAID_BY = frozenset({type, type(int | None), type(Optional[int])})  # noqa: UP045 - another type


def is_plain_scalar(annotation: Any) -> bool:
    """A builtin type that one text can spell, or ``None`` beside it, and nothing said of it."""
    try:
        return type(annotation) in _SAID_BY and annotation in _PLAIN
    except TypeError:
        return False  # a union of what has no hash


def _is_ready_model(annotation: Any) -> bool:
    return (
        isinstance(annotation, type)
        and shared.lenient_issubclass(annotation, BaseModel)
        and annotation.__pydantic_complete__
        and "__get_pydantic_core_schema__" not in vars(annotation)
    )


_COLLECTIONS = frozenset({list, dict, tuple})
_CONSTANTS = (str, int, bool, NoneType, Enum)


def _is_known(annotation: Any) -> bool:
    """A type that pydantic is sure to take: nothing in it is new to it, or may be a mistake."""
    if _is_builtin(annotation) or annotation is NoneType or _is_ready_model(annotation):
        return True
    if isinstance(annotation, type) and shared.lenient_issubclass(annotation, Enum):
        return bool(annotation.__members__) and not hasattr(
            annotation, "__get_pydantic_core_schema__"
        )
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return all(isinstance(value, _CONSTANTS) for value in arguments)
    if origin in _COLLECTIONS:
        return bool(arguments) and all(one is ... or _is_known(one) for one in arguments)
    return shared.is_union(annotation) and all(map(_is_known, arguments))


_NUMBERS = frozenset({int, float, int | None, float | None})
_TEXTS = frozenset({str, str | None})


def _are_bounds(annotation: Any, metadata: list[Any]) -> bool:
    """Nothing but bounds of a number, or of the length of a text, that fit the type."""
    if not metadata:
        return True
    try:
        is_number, is_text = annotation in _NUMBERS, annotation in _TEXTS
    except TypeError:
        return False
    if is_number:
        return all(_number_bound(one) for one in metadata)
    return is_text and all(type(one) in (MinLen, MaxLen) for one in metadata)


def _number_bound(bound: Any) -> bool:
    value = next((getattr(bound, n) for n in ("gt", "ge", "lt", "le") if hasattr(bound, n)), None)
    return type(bound) in (Gt, Ge, Lt, Le) and type(value) in (int, float)


def _shared_adapter(info: FieldInfo) -> TypeAdapter[Any]:
    """The adapter of a builtin type: the same one for parameters that are declared alike."""
    options = _attributes(info)
    bounds = info.metadata
    if not (
        all(type(value) in _OPTIONS for value in options.values())
        and all(type(bound).__module__ == "annotated_types" for bound in bounds)
    ):
        return _type_adapter(info, None)
    # With the types: 1 and True are one key otherwise.
    said = ((name, type(value), value) for name, value in options.items())
    key = (info.annotation, *said, *map(repr, bounds))
    found = _adapters.get(key)
    if found is None:
        found = _type_adapter(info, None)
        if len(_adapters) < _KEPT:
            _adapters[key] = found
    return found


def relocate(errors: Sequence[Any], prefix: tuple[str | int, ...]) -> list[dict[str, Any]]:
    """Errors of pydantic, located within the request or the response."""
    return [{**error, "loc": (*prefix, *error.get("loc", ()))} for error in errors]


class ModelField:
    """A declared value: its name, pydantic's description of it, and the validator.

    Attributes:
        field_info: Annotation, default, aliases, constraints.
        name: The parameter's name in Python.
        mode: Whether it is read from a request or written into a response.
        config: Of the model that it is a field of.
    """

    @classmethod
    def _plain(cls, field_info: FieldInfo, name: str) -> ModelField:
        """A parameter of one of the types of :func:`is_plain_scalar`, without anything more."""
        field = cls.__new__(cls)
        field.__dict__.update(
            field_info=field_info, name=name, mode="validation", config=None, _is_plain=True
        )
        return field

    def __init__(
        self,
        field_info: FieldInfo,
        name: str,
        mode: Mode = "validation",
        config: ConfigDict | None = None,
    ) -> None:
        """Describe it; a mistake that only pydantic can see is found now."""
        self.field_info = field_info
        self.name = name
        self.mode = mode
        self.config = config
        # Here a mistake is where the parameter is. What cannot be one may wait, and often for good.
        if not self._is_plain:
            self._type_adapter  # noqa: B018  # made now

    @cached_property
    def _type_adapter(self) -> TypeAdapter[Any]:
        if self.config is None and _is_builtin(self.field_info.annotation):
            return _shared_adapter(self.field_info)
        return _type_adapter(self.field_info, self.config)

    @cached_property
    def _is_plain(self) -> bool:
        """Nothing but a type that pydantic is known to take, within bounds that suit it."""
        info = self.field_info
        return (
            info.discriminator is None
            and self.config is None
            and _are_bounds(info.annotation, info.metadata)
            and _is_known(info.annotation)
        )

    @cached_property
    def _is_model(self) -> bool:
        info = self.field_info
        return not info.metadata and self._is_plain and _is_ready_model(info.annotation)

    @property
    def core_schema(self) -> Any:
        """What pydantic-core validates by: a model's own where the field adds nothing."""
        if self._is_model:
            return cast("Any", self.field_info.annotation).__pydantic_core_schema__
        return self._type_adapter.core_schema

    @property
    def validator(self) -> Any:
        """pydantic-core's validator of the value."""
        if self._is_model:
            return cast("Any", self.field_info.annotation).__pydantic_validator__
        return self._type_adapter.validator

    @property
    def serializer(self) -> Any:
        """pydantic-core's serializer of the value."""
        if self._is_model:
            return cast("Any", self.field_info.annotation).__pydantic_serializer__
        return self._type_adapter.serializer

    @property
    def alias(self) -> str:
        """The declared alias, or the name."""
        return self.name if self.field_info.alias is None else self.field_info.alias

    @property
    def validation_alias(self) -> str | None:
        """The alias to read, if it is one plain name."""
        alias = self.field_info.validation_alias
        return alias if isinstance(alias, str) and alias else None

    @property
    def serialization_alias(self) -> str | None:
        """The alias to write."""
        return self.field_info.serialization_alias or None

    @property
    def default(self) -> Any:
        """The default, fresh from its factory if it has one."""
        return self.get_default()

    @cached_property
    def is_json(self) -> bool:
        """Declared as ``pydantic.Json``: a text that holds a document."""
        from pydantic import Json

        return any(type(item) is Json for item in self.field_info.metadata)

    @cached_property
    def is_sequence(self) -> bool:
        """Declared as a list or the like."""
        return shared.field_annotation_is_sequence(self.field_info.annotation)

    def get_default(self) -> Any:
        """The default, or ``Undefined`` if the value is required."""
        if self.field_info.is_required():
            return Undefined
        return self.field_info.get_default(call_default_factory=True)

    def validate(
        self,
        value: Any,
        values: dict[str, Any] | None = None,
        *,
        loc: tuple[int | str, ...] = (),
    ) -> tuple[Any, list[dict[str, Any]]]:
        """The validated value and no errors, or ``None`` and the errors under ``loc``."""
        del values  # FastAPI's signature; nothing reads it
        try:
            return self.validator.validate_python(value, from_attributes=True), []
        except ValidationError as error:
            return None, relocate(error.errors(include_url=False), loc)

    def serialize(
        self,
        value: Any,
        *,
        mode: Literal["json", "python"] = "json",
        include: IncEx | None = None,
        exclude: IncEx | None = None,
        by_alias: bool = True,
        **options: Any,
    ) -> Any:
        """What a validated value looks like in JSON, as Python objects."""
        return self._type_adapter.dump_python(
            value, mode=mode, include=include, exclude=exclude, by_alias=by_alias, **options
        )

    def serialize_json(
        self,
        value: Any,
        *,
        include: IncEx | None = None,
        exclude: IncEx | None = None,
        by_alias: bool = True,
        **options: Any,
    ) -> bytes:
        """The JSON of a validated value."""
        return self._type_adapter.dump_json(
            value, include=include, exclude=exclude, by_alias=by_alias, **options
        )


def is_scalar_field(field: ModelField) -> bool:
    """A parameter that one text can spell."""
    from jebi import params

    return shared.field_annotation_is_scalar(field.field_info.annotation) and not isinstance(
        field.field_info, params.Body
    )


def copy_field_info(*, field_info: FieldInfo, annotation: Any) -> FieldInfo:
    """A copy of ``field_info`` with everything that ``annotation``'s metadata says."""
    merged = FieldInfo.from_annotation(annotation)
    copied = copy(field_info)
    for name in _ATTRIBUTES:
        setattr(copied, name, getattr(merged, name))
    copied._attributes_set = merged._attributes_set.copy()
    copied.metadata = merged.metadata
    copied.annotation = merged.annotation
    return copied


def serialize_sequence_value(*, field: ModelField, value: Any) -> Sequence[Any]:
    """The items of ``value`` in the kind of sequence that the field declares."""
    annotation = field.field_info.annotation
    if shared.is_union(annotation):
        annotation = next(item for item in get_args(annotation) if item is not type(None))
    cls: Any = get_origin(annotation) or annotation
    make = shared.sequence_annotation_to_type[cls]
    return cast("Sequence[Any]", make(value))


def get_missing_field_error(loc: tuple[int | str, ...]) -> dict[str, Any]:
    """The error of a required value that is not there, in pydantic's words."""
    return {"type": "missing", "loc": loc, "msg": "Field required", "input": None}


def create_body_model(
    *, fields: Sequence[ModelField], model_name: str, config: ConfigDict | None = None
) -> type[BaseModel]:
    """One model of several body parameters, for the schema."""
    definitions: dict[str, Any] = {
        field.name: (field.field_info.annotation, field.field_info) for field in fields
    }
    model: type[BaseModel] = create_model(model_name, __config__=config, **definitions)
    return model


def get_model_fields(model: type[BaseModel]) -> list[ModelField]:
    """The fields of a model, each with a validator of its own."""
    return [
        ModelField(
            field_info=info,
            name=name,
            config=None if _has_own_config(info.annotation) else model.model_config,
        )
        for name, info in model.model_fields.items()
    ]


def _has_own_config(annotation: Any) -> bool:
    # pydantic refuses a config on top of a type that has one.
    return shared.lenient_issubclass(annotation, (BaseModel, dict)) or is_dataclass(annotation)


@lru_cache
def get_cached_model_fields(model: type[BaseModel]) -> list[ModelField]:
    """As :func:`get_model_fields`, made once for each model."""
    return get_model_fields(model)
