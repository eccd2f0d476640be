"""Descriptions of fields that are made by a template are what pydantic would have made."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Optional
from uuid import UUID

import pytest
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from jebi import FastAPI, params
from jebi._compat.infos import make_info
from jebi._compat.v2 import is_plain_scalar
from jebi.dependencies.analyze import analyze_param

if TYPE_CHECKING:
    from jebi._compat import ModelField

NAMES = FieldInfo.__slots__
MISSING = object()


def said(info: FieldInfo) -> dict[str, Any]:
    own = dict(getattr(info, "__dict__", {}))
    return {**{name: getattr(info, name, MISSING) for name in NAMES}, **own}


CLASSES = [params.Query, params.Header, params.Cookie, params.Body, params.Form, params.File]


@pytest.mark.parametrize("cls", [*CLASSES, FieldInfo])
@pytest.mark.parametrize("default", [PydanticUndefined, ..., None, 1, "text", [1]])
def test_they_say_what_those_say_that_are_made_in_full(cls: Any, default: Any) -> None:
    info = make_info(cls, int | None, default)
    assert type(info) is cls
    assert said(info) == said(cls(annotation=int | None, default=default))
    assert list(info._attributes_set) == list(
        cls(annotation=int | None, default=default)._attributes_set
    )


def test_a_path_parameter_has_no_default() -> None:
    assert said(make_info(params.Path, UUID)) == said(params.Path(annotation=UUID))


def test_each_has_containers_of_its_own() -> None:
    first, second = make_info(params.Query, int, 1), make_info(params.Query, int, 1)
    for name in NAMES:
        value = getattr(first, name, None)
        if isinstance(value, (dict, list, set)):
            assert value is not getattr(second, name), name
    first.title = "first"
    first.include_in_schema = False
    assert (second.title, second.include_in_schema) == (None, True)


def field(annotation: Any, value: Any, *names: str) -> ModelField:
    details = analyze_param(
        param_name="the_item", annotation=annotation, value=value, path_param_names=set(names)
    )
    assert details.field is not None
    return details.field


# The second of each pair says the same in more words, which are read in full.
@pytest.mark.parametrize("value", [1, None, "one", True, 1.5, b"one"])
@pytest.mark.parametrize("kind", [int, str, float, bool, bytes, datetime, UUID, str | None])
def test_a_plain_parameter_is_what_a_described_one_is(kind: Any, value: Any) -> None:
    assert is_plain_scalar(kind)
    plain, full = field(kind, value), field(kind, params.Query(value))
    assert plain.name == full.name
    assert plain.alias == full.alias
    assert plain.get_default() == full.get_default()
    for name in ("annotation", "default", "alias", "metadata", "title"):
        assert getattr(plain.field_info, name) == getattr(full.field_info, name)
    assert vars(plain).keys() == vars(full).keys()
    assert plain._type_adapter is full._type_adapter


def test_a_plain_parameter_of_the_path_is_one_of_the_path() -> None:
    in_path = field(int, 1, "the_item").field_info
    assert isinstance(in_path, params.Path)
    assert in_path.is_required()


def test_other_ways_to_write_a_type_are_plain_and_stay_as_written() -> None:
    optional: Any = Optional[int]  # noqa: UP045 - as people write it
    assert is_plain_scalar(optional)
    assert field(optional, None).field_info.annotation is optional


@pytest.mark.parametrize("kind", [dict, list, Any, int | str, list[int], int | list[Any], FastAPI])
def test_what_may_be_a_mistake_or_a_body_is_read_in_full(kind: Any) -> None:
    assert not is_plain_scalar(kind)


def test_parameters_of_one_type_have_descriptions_of_their_own() -> None:
    app = FastAPI()

    @app.get("/first")
    def first(number: int = 1) -> int:
        return number

    @app.get("/second")
    def second(number: int = 2) -> int:
        return number

    routes: Any = app.routes[-2:]
    one, other = (route.dependant.query_params[0] for route in routes)
    one.field_info.description = "of the first alone"
    assert other.field_info.description is None
    assert (one.default, other.default) == (1, 2)
