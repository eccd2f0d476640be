"""Small helpers of routes and schemas."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any, Literal

from jebi._compat.shared import annotation_is_pydantic_v1
from jebi._late import late
from jebi.datastructures import DefaultPlaceholder, _Unset
from jebi.exceptions import (
    FastAPIDeprecationWarning,
    FastAPIError,
    PydanticV1NotSupportedError,
)

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from jebi._compat.v2 import ModelField
    from jebi.routing import APIRoute
else:
    __getattr__, __dir__ = late(
        __name__,
        {
            "FieldInfo": "pydantic.fields",
            "ModelField": "jebi._compat.v2",
            "PydanticSchemaGenerationError": "jebi._compat.v2",
            "Undefined": "jebi._compat.v2",
        },
    )

_NO_NAME = re.compile(r"\W")
_STATUS_RANGES = {"default", "1XX", "2XX", "3XX", "4XX", "5XX"}


def is_body_allowed_for_status_code(status_code: int | str | None) -> bool:
    """Whether an answer with this status may have a body."""
    if status_code is None or status_code in _STATUS_RANGES:
        return True
    code = int(status_code)
    return code >= 200 and code not in {204, 205, 304}


def get_path_param_names(path: str) -> set[str]:
    """The names between the braces of a path."""
    return set(re.findall("{(.*?)}", path))


def create_model_field(
    name: str,
    type_: Any,
    default: Any | None = _Unset,
    field_info: FieldInfo | None = None,
    alias: str | None = None,
    mode: Literal["validation", "serialization"] = "validation",
) -> ModelField:
    """A field of ``type_``, or an error that says what cannot be a field and what to do."""
    if annotation_is_pydantic_v1(type_):
        raise PydanticV1NotSupportedError(
            "pydantic.v1 models are no longer supported by FastAPI."
            f" Please update the response model {type_!r}."
        )
    from pydantic.fields import FieldInfo

    from jebi._compat.infos import make_info
    from jebi._compat.v2 import ModelField, PydanticSchemaGenerationError, Undefined

    if default is _Unset:
        default = Undefined
    if field_info is not None:
        info = field_info
    elif alias is None:
        info = make_info(FieldInfo, type_, default)
    else:
        info = FieldInfo(annotation=type_, default=default, alias=alias)
    try:
        return ModelField(mode=mode, name=name, field_info=info)
    except PydanticSchemaGenerationError:
        raise FastAPIError(
            f"Invalid args for response field! Hint: check that {type_} is a valid Pydantic "
            "field type. If you are using a return type annotation that is not a valid "
            "Pydantic field (e.g. Union[Response, dict, None]) you can disable generating the "
            "response model from the type annotation with the path operation decorator "
            "parameter response_model=None."
        ) from None


def generate_operation_id_for_path(*, name: str, path: str, method: str) -> str:
    """An operation ID of the old form; nothing in the framework uses it any more."""
    warnings.warn(
        "fastapi.utils.generate_operation_id_for_path() was deprecated, "
        "it is not used internally, and will be removed soon",
        category=FastAPIDeprecationWarning,
        stacklevel=2,
    )
    base = re.sub(r"\W", "_", f"{name}{path}")
    return f"{base}_{method.lower()}"


def generate_unique_id(route: APIRoute) -> str:
    """The operation ID of a route: its name, path and first method."""
    assert route.methods
    base = _NO_NAME.sub("_", f"{route.name}{route.path_format}")
    return f"{base}_{next(iter(route.methods)).lower()}"


def deep_dict_update(main_dict: dict[Any, Any], update_dict: dict[Any, Any]) -> None:
    """Merge ``update_dict`` into ``main_dict``: dictionaries deep, lists one after the other."""
    for key, value in update_dict.items():
        old = main_dict.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            deep_dict_update(old, value)
        elif isinstance(old, list) and isinstance(value, list):
            main_dict[key] = old + value
        else:
            main_dict[key] = value


def get_value_or_default(first_item: Any, *extra_items: Any) -> Any:
    """The first that was really given, or the first of the defaults."""
    for item in (first_item, *extra_items):
        if not isinstance(item, DefaultPlaceholder):
            return item
    return first_item
