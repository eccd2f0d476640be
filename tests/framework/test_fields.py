"""Fields make their adapters when they are needed, and share those that are alike."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from jebi import FastAPI
from jebi.exceptions import FastAPIError
from jebi.params import Query as QueryInfo
from jebi.utils import create_model_field

if TYPE_CHECKING:
    from jebi._compat import ModelField


class Item(BaseModel):
    name: str


def _field(annotation: Any, default: Any = 0, **options: Any) -> ModelField:
    info = QueryInfo(default, annotation=annotation, **options)
    return create_model_field("limit", type_=annotation, field_info=info)


@pytest.mark.parametrize("annotation", [int, str | None, Any])
def test_parameters_that_are_alike_share_an_adapter(annotation: Any) -> None:
    assert _field(annotation)._type_adapter is _field(annotation)._type_adapter


def test_bounds_are_compared_as_well() -> None:
    assert _field(int, ge=1)._type_adapter is _field(int, ge=1)._type_adapter
    assert _field(int, ge=1)._type_adapter is not _field(int, ge=2)._type_adapter
    assert _field(int, ge=1).validate(0, loc=("query", "limit"))[1]
    assert not _field(int).validate(0)[1]


@pytest.mark.parametrize("pair", [(1, True), (1, 1.0), ("", b"")])
def test_equal_defaults_of_other_types_are_others(pair: tuple[Any, Any]) -> None:
    first, second = (_field(Any, default) for default in pair)
    assert first._type_adapter is not second._type_adapter


def test_a_model_needs_no_adapter_of_its_own() -> None:
    field = create_model_field("item", type_=Item)
    assert field.validator is Item.__pydantic_validator__
    assert field.validate({"name": "a"}) == (Item(name="a"), [])
    assert "_type_adapter" not in vars(field)


@pytest.mark.parametrize("annotation", [object(), FastAPI, list[FastAPI]])
def test_what_pydantic_cannot_take_is_found_at_once(annotation: Any) -> None:
    with pytest.raises(FastAPIError):
        create_model_field("item", type_=annotation)


def test_an_application_without_security_does_without_models_of_openapi() -> None:
    code = (
        "import sys; from jebi import FastAPI, Depends; app = FastAPI()\n"
        "@app.get('/{a}')\n"
        "def root(a: int, b: str = Depends(lambda q: q)): ...\n"
        "print([name for name in sys.modules if 'openapi.models' in name])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=25
    )
    assert printed.stdout == "[]\n", printed.stderr
