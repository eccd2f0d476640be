"""Parameter classes: where a value of a path operation comes from and what it must be."""

from __future__ import annotations

import warnings
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal

from pydantic.fields import FieldInfo
from typing_extensions import TypedDict, Unpack

from jebi._compat.v2 import Undefined
from jebi._depends import Depends as Depends
from jebi._depends import Security as Security
from jebi.datastructures import _Unset
from jebi.exceptions import FastAPIDeprecationWarning

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from pydantic import AliasChoices, AliasPath, Discriminator
    from typing_extensions import deprecated as deprecated_marker

    from jebi.openapi.models import Example


class ParamTypes(Enum):
    """Where a parameter travels."""

    query = "query"
    header = "header"
    path = "path"
    cookie = "cookie"


class FieldOptions(TypedDict, total=False):
    """What every parameter class takes; the names are pydantic's and OpenAPI's."""

    default_factory: Callable[[], Any] | None
    annotation: Any
    alias: str | None
    alias_priority: int | None
    validation_alias: str | AliasPath | AliasChoices | None
    serialization_alias: str | None
    title: str | None
    description: str | None
    gt: float | None
    ge: float | None
    lt: float | None
    le: float | None
    min_length: int | None
    max_length: int | None
    pattern: str | re.Pattern[str] | None
    regex: str | None
    discriminator: str | Discriminator | None
    strict: bool | None
    validate_default: bool | None
    union_mode: Literal["smart", "left_to_right"] | None
    fail_fast: bool | None
    multiple_of: float | None
    allow_inf_nan: bool | None
    max_digits: int | None
    decimal_places: int | None
    examples: list[Any] | None
    example: Any
    openapi_examples: dict[str, Example] | None
    deprecated: deprecated_marker | str | bool | None
    include_in_schema: bool
    json_schema_extra: dict[str, Any] | Callable[[dict[str, Any]], None] | None


class HeaderOptions(FieldOptions, total=False):
    """Of headers: whether ``user_agent`` stands for ``user-agent``."""

    convert_underscores: bool


class FormOptions(FieldOptions, total=False):
    """Of form fields: the media type in the schema."""

    media_type: str


class BodyOptions(FormOptions, total=False):
    """Of bodies: whether a single one is a member of the document or the document itself."""

    embed: bool | None


def _stack_level() -> int:
    # The caller is the first frame outside of this package's parameter modules.
    import sys

    frame, level = sys._getframe(1), 1
    while frame.f_back and frame.f_globals.get("__name__", "") in _OWN_MODULES:
        frame, level = frame.f_back, level + 1
    return level


_OWN_MODULES = {__name__, "jebi.param_functions"}


def _warn_deprecated(name: str, instead: str) -> None:
    warnings.warn(
        f"`{name}` has been deprecated, please use `{instead}` instead",
        category=FastAPIDeprecationWarning,
        stacklevel=_stack_level(),
    )


class _Declared(FieldInfo):  # type: ignore[misc]  # final for type checkers, not at run time
    """What all parameter classes share: pydantic's field and OpenAPI's extras."""

    example: Any
    include_in_schema: bool
    openapi_examples: dict[str, Example] | None

    def __init__(self, default: Any = Undefined, **options: Unpack[FieldOptions]) -> None:
        given: dict[str, Any] = {k: v for k, v in options.items() if v is not _Unset}
        if "example" in given:
            _warn_deprecated("example", "examples")
        self.example = given.pop("example", _Unset)
        self.include_in_schema = given.pop("include_in_schema", True)
        self.openapi_examples = given.pop("openapi_examples", None)
        regex = given.pop("regex", None)
        if regex is not None:
            _warn_deprecated("regex", "pattern")
            given["pattern"] = given.get("pattern") or regex
        alias = given.get("alias")
        if given.get("validation_alias") is None and "alias" in given:
            given["validation_alias"] = alias
        if given.get("serialization_alias") is None and isinstance(alias, str):
            given["serialization_alias"] = alias
        super().__init__(default=default, **given)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.default})"


class Param(_Declared):  # type: ignore[misc]  # as _Declared
    """A parameter outside of the body."""

    in_: ParamTypes


class Path(Param):  # type: ignore[misc]  # as _Declared
    """A part of the path; always required."""

    in_ = ParamTypes.path

    def __init__(self, default: Any = ..., **options: Unpack[FieldOptions]) -> None:
        """Declare it; ``default`` can only be the ellipsis."""
        assert default is ..., "Path parameters cannot have a default value"
        super().__init__(default, **options)


class Query(Param):  # type: ignore[misc]  # as _Declared
    """A parameter of the query string."""

    in_ = ParamTypes.query


class Header(Param):  # type: ignore[misc]  # as _Declared
    """A header field."""

    in_ = ParamTypes.header

    def __init__(self, default: Any = Undefined, **options: Unpack[HeaderOptions]) -> None:
        """Declare it; underscores of the name become hyphens unless told otherwise."""
        self.convert_underscores = options.pop("convert_underscores", True)
        rest: Any = options
        super().__init__(default, **rest)


class Cookie(Param):  # type: ignore[misc]  # as _Declared
    """A cookie."""

    in_ = ParamTypes.cookie


class Body(_Declared):  # type: ignore[misc]  # as _Declared
    """The body, or a member of it."""

    def __init__(self, default: Any = Undefined, **options: Unpack[BodyOptions]) -> None:
        """Declare it, JSON unless ``media_type`` says otherwise."""
        self.embed = options.pop("embed", None)
        self.media_type = options.pop("media_type", "application/json")
        rest: Any = options
        super().__init__(default, **rest)


class Form(Body):  # type: ignore[misc]  # as _Declared
    """A field of a form."""

    def __init__(self, default: Any = Undefined, **options: Unpack[FormOptions]) -> None:
        """Declare it, of an urlencoded form unless ``media_type`` says otherwise."""
        options.setdefault("media_type", "application/x-www-form-urlencoded")
        super().__init__(default, **options)


class File(Form):  # type: ignore[misc]  # as _Declared
    """A file of a multipart form."""

    def __init__(self, default: Any = Undefined, **options: Unpack[FormOptions]) -> None:
        """Declare it."""
        options.setdefault("media_type", "multipart/form-data")
        super().__init__(default, **options)
