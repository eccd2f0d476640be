"""One parameter of a signature: where its value comes from and what it must be."""

from __future__ import annotations

import dataclasses
import inspect
from copy import copy
from typing import TYPE_CHECKING, Annotated, Any, get_args

from pydantic import AliasChoices
from pydantic.fields import FieldInfo
from typing_inspection.typing_objects import is_typealiastype

from jebi import params
from jebi._compat import (
    ModelField,
    RequiredParam,
    Undefined,
    copy_field_info,
    field_annotation_is_scalar,
    field_annotation_is_scalar_sequence,
    is_scalar_field,
    is_uploadfile_or_nonable_uploadfile_annotation,
    is_uploadfile_sequence_annotation,
    lenient_issubclass,
)
from jebi._compat.infos import make_info
from jebi._compat.v2 import is_plain_scalar
from jebi.dependencies.fields import (
    get_form_union_models,
    get_model_type,
)
from jebi.dependencies.forms import add_form_union_validators
from jebi.dependencies.scopes import SecurityScopes
from jebi.utils import create_model_field
from jebi.web.background import BackgroundTasks as WebBackgroundTasks
from jebi.web.requests import HTTPConnection, Request
from jebi.web.responses import Response
from jebi.web.websockets import WebSocket

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

_EMPTY = inspect.Signature.empty
_ANNOTATED = type(Annotated[int, ...])


class ParamDetails:
    """What a parameter turned out to be: a dependency, a field, or something of the request.

    Attributes:
        type_annotation: Its type, without ``Annotated``.
        depends: The dependency that it takes the result of.
        field: The field that it takes the value of.
    """

    __slots__ = ("depends", "field", "type_annotation")

    def __init__(
        self,
        type_annotation: Any,
        depends: params.Depends | None = None,
        field: ModelField | None = None,
    ) -> None:
        self.type_annotation = type_annotation
        self.depends = depends
        self.field = field


class _Parameter:
    """A parameter on the way to its :class:`ParamDetails`."""

    __slots__ = ("annotation", "depends", "in_path", "info", "name", "type_annotation", "value")

    def __init__(self, name: str, annotation: Any, value: Any, *, in_path: bool) -> None:
        self.name = name
        self.annotation = self.type_annotation = annotation
        self.value = value
        self.in_path = in_path
        self.info: FieldInfo | None = None
        self.depends: params.Depends | None = None

    @property
    def default(self) -> Any:
        return RequiredParam if self.value is _EMPTY else self.value


def _require(condition: bool, message: str) -> None:
    # FastAPI's mistakes in declarations are AssertionErrors, also under python -O here.
    if not condition:
        raise AssertionError(message)


_SPECIAL = (Request, WebSocket, HTTPConnection, Response, WebBackgroundTasks, SecurityScopes)


def analyze_param(
    *, param_name: str, annotation: Any, value: Any, path_param_names: AbstractSet[str]
) -> ParamDetails:
    """Work out what one parameter is, or raise what is wrong with its declaration."""
    if is_typealiastype(annotation):
        annotation = annotation.__value__
    if is_plain_scalar(annotation) and type(value) in _PLAIN_DEFAULTS:
        plain = _plain_field(param_name, annotation, value, in_path=param_name in path_param_names)
        return ParamDetails(annotation, None, plain)
    parameter = _Parameter(
        param_name,
        Any if annotation is _EMPTY else annotation,
        value,
        in_path=param_name in path_param_names,
    )
    _read_annotated(parameter)
    _read_default(parameter)
    _infer(parameter)
    field = None
    if parameter.info is not None:
        field = _make_field(parameter, parameter.info, path_param_names)
    return ParamDetails(parameter.type_annotation, parameter.depends, field)


# The type of ``_EMPTY``, which is a class, among them.
_PLAIN_DEFAULTS = frozenset({str, int, float, bool, bytes, type(None), type})


def _plain_field(name: str, annotation: Any, value: Any, *, in_path: bool) -> ModelField:
    """Of a parameter that is what its type says: nothing about it can be a mistake."""
    info: FieldInfo
    if in_path:
        info = make_info(params.Path, annotation)
    else:
        info = make_info(params.Query, annotation, RequiredParam if value is _EMPTY else value)
    info.alias = name
    return ModelField._plain(info, name)


def _read_annotated(parameter: _Parameter) -> None:
    """``Annotated[type, Query(...)]`` or ``Annotated[type, Depends(...)]``; the last one counts."""
    if type(parameter.annotation) is not _ANNOTATED:
        return
    parameter.type_annotation, *metadata = get_args(parameter.annotation)
    ours = [
        item for item in metadata if isinstance(item, (params.Param, params.Body, params.Depends))
    ]
    if not ours:
        return
    last = ours[-1]
    if isinstance(last, params.Depends):
        parameter.depends = last
        return
    # A copy: the alias may be used by other parameters, with other defaults.
    info = copy_field_info(field_info=last, annotation=parameter.annotation)
    _require(
        info.default is Undefined or info.default is ... or info.default == RequiredParam,
        f"`{type(info).__name__}` default value cannot be set in `Annotated` for "
        f"{parameter.name!r}. Set the default value with `=` instead.",
    )
    _require(
        not (parameter.in_path and parameter.value is not _EMPTY),
        "Path parameters cannot have default values",
    )
    info.default = parameter.default
    parameter.info = info


def _read_default(parameter: _Parameter) -> None:
    """``= Query(...)`` and ``= Depends(...)``."""
    value = parameter.value
    if isinstance(value, params.Depends):
        _require(
            parameter.depends is None,
            "Cannot specify `Depends` in `Annotated` and default value together for "
            f"{parameter.name!r}",
        )
        _require(
            parameter.info is None,
            "Cannot specify a FastAPI annotation in `Annotated` and `Depends` as a default "
            f"value together for {parameter.name!r}",
        )
        parameter.depends = value
    elif isinstance(value, FieldInfo):
        _require(
            parameter.info is None,
            "Cannot specify FastAPI annotations in `Annotated` and default value together for "
            f"{parameter.name!r}",
        )
        if value.annotation not in (None, parameter.type_annotation):
            value = copy(value)  # another parameter has it as its default, too
        value.annotation = parameter.type_annotation
        parameter.info = value


def _infer(parameter: _Parameter) -> None:
    """What is declared by its type alone."""
    if parameter.depends is not None:
        if parameter.depends.dependency is None:
            parameter.depends = dataclasses.replace(
                parameter.depends, dependency=parameter.type_annotation
            )
        return
    kind = parameter.type_annotation
    if lenient_issubclass(kind, _SPECIAL):
        _require(parameter.info is None, f"Cannot specify FastAPI annotation for type {kind!r}")
        return
    if parameter.info is not None:
        return
    annotation, default = parameter.annotation, parameter.default
    info: FieldInfo
    if parameter.in_path:
        # The default of a path parameter serves routes whose path does not have it.
        info = make_info(params.Path, annotation)
    elif is_uploadfile_or_nonable_uploadfile_annotation(kind) or is_uploadfile_sequence_annotation(
        kind
    ):
        info = make_info(params.File, annotation, default)
    elif field_annotation_is_scalar(kind):
        info = make_info(params.Query, annotation, default)
    else:
        info = make_info(params.Body, annotation, default)
    if type(annotation) is _ANNOTATED:
        declared = info.default
        info = copy_field_info(field_info=info, annotation=annotation)
        info.default = declared
        if parameter.in_path:
            info.default_factory = None
    parameter.info = info


def _make_field(
    parameter: _Parameter, info: FieldInfo, path_param_names: AbstractSet[str]
) -> ModelField:
    if parameter.in_path:
        _require(
            isinstance(info, params.Path),
            f"Cannot use `{type(info).__name__}` for path param {parameter.name!r}",
        )
    elif isinstance(info, params.Param) and getattr(info, "in_", None) is None:
        info.in_ = params.ParamTypes.query
    if isinstance(info, params.Form) and get_form_union_models(info.annotation):
        info.annotation = add_form_union_validators(info.annotation)
    info = _choose_path_alias(info, path_param_names)
    if not info.alias:
        hyphens = getattr(info, "convert_underscores", None)
        info.alias = parameter.name.replace("_", "-") if hyphens else parameter.name
    field = create_model_field(
        name=parameter.name,
        type_=parameter.annotation,
        default=info.default,
        alias=info.alias,
        field_info=info,
    )
    _check_shape(parameter, field)
    return field


def _choose_path_alias(info: FieldInfo, path_param_names: AbstractSet[str]) -> FieldInfo:
    choices = info.validation_alias
    if not (isinstance(info, params.Path) and isinstance(choices, AliasChoices)):
        return info
    if not all(isinstance(choice, str) for choice in choices.choices):
        return info
    for choice in choices.choices:
        if choice in path_param_names:
            # A copy: another route may have another of the names in its path.
            info = copy(info)
            info.validation_alias = str(choice)
            break
    return info


def _check_shape(parameter: _Parameter, field: ModelField) -> None:
    annotation = field.field_info.annotation
    if parameter.in_path:
        _require(is_scalar_field(field), "Path params must be of one of the supported types")
    elif isinstance(field.field_info, params.Query):
        _require(
            is_scalar_field(field)
            or field_annotation_is_scalar_sequence(annotation)
            or get_model_type(annotation) is not None,
            f"Query parameter {parameter.name!r} must be one of the supported types",
        )
