"""jsonable_encoder: what each kind of object becomes, and what the options leave out."""

import datetime
import json
import re
from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address, IPv6Network
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any
from uuid import UUID

import pytest
from pydantic import AnyUrl, BaseModel, Field, SecretBytes, SecretStr
from pydantic_core import PydanticUndefined, Url

from jebi.encoders import ENCODERS_BY_TYPE, jsonable_encoder


class Size(Enum):
    small = "S"


class Name(str):
    __slots__ = ()


class Nest(BaseModel):
    eggs: int = Field(default=3, alias="Eggs")
    size: Size = Size.small
    built: datetime.date | None = None
    notes: dict[str, str | None] = {}


@dataclass
class Bird:
    name: str
    nest: Nest


class Plain:
    def __init__(self) -> None:
        self.name = "plain"
        self._sa_instance_state = object


class Pairs:
    def __iter__(self) -> Any:
        return iter([("a", Size.small)])


class Opaque:
    __slots__ = ()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, None),
        (True, True),
        (1.5, 1.5),
        (Name("x"), "x"),
        (b"bytes", "bytes"),
        (Size.small, "S"),
        (datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.UTC), "2024-02-29T12:00:00+00:00"),
        (datetime.date(2024, 2, 29), "2024-02-29"),
        (datetime.time(1, 2), "01:02:00"),
        (datetime.timedelta(minutes=1, milliseconds=500), 60.5),
        (Decimal("12"), 12),
        (Decimal("1E+2"), 100),
        (Decimal("12.50"), 12.5),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (IPv4Address("127.0.0.1"), "127.0.0.1"),
        (IPv6Network("::/64"), "::/64"),
        (PurePosixPath("/a/b"), "/a/b"),
        (PureWindowsPath("C:\\a"), "C:\\a"),
        (re.compile("a+"), "a+"),
        (SecretStr("hush"), "**********"),
        (SecretBytes(b"hush"), "b'**********'"),
        (AnyUrl("http://jebi.test/x"), "http://jebi.test/x"),
        (Url("http://jebi.test/x"), "http://jebi.test/x"),
        (PydanticUndefined, None),
        ((1, Size.small), [1, "S"]),
        ({3}, [3]),
        (deque([1, 2]), [1, 2]),
        ((n for n in (1, 2)), [1, 2]),
        ({Size.small: [{Decimal(1)}]}, {"S": [[1]]}),
        (Plain(), {"name": "plain"}),
        (Pairs(), {"a": "S"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_kinds(given: object, expected: object) -> None:
    encoded = jsonable_encoder(given)
    assert encoded == expected
    json.dumps(encoded)


def test_models_and_dataclasses() -> None:
    bird = Bird("swallow", Nest(built=datetime.date(2024, 3, 1)))
    nest = {"Eggs": 3, "size": "S", "built": "2024-03-01", "notes": {}}
    assert jsonable_encoder([bird]) == [{"name": "swallow", "nest": nest}]
    assert jsonable_encoder(bird, include={"name"}) == {"name": "swallow"}
    assert jsonable_encoder(bird.nest, include=["size"]) == {"size": "S"}  # type: ignore[arg-type]  # FastAPI takes lists too
    assert jsonable_encoder(bird.nest, exclude={"size", "built"}, by_alias=False) == {
        "eggs": 3,
        "notes": {},
    }


def test_what_options_drop() -> None:
    nest = Nest(Eggs=3, notes={"kept": "yes", "dropped": None})
    assert jsonable_encoder(nest, exclude_unset=True) == {
        "Eggs": 3,
        "notes": {"kept": "yes", "dropped": None},
    }
    assert jsonable_encoder(nest, exclude_defaults=True, exclude_none=True) == {
        "notes": {"kept": "yes"}
    }
    assert jsonable_encoder({"_sa_x": 1, "b": None}, exclude_none=True) == {}
    assert jsonable_encoder({"_sa_x": 1}, sqlalchemy_safe=False) == {"_sa_x": 1}


def test_custom_encoder_prefers_the_exact_type() -> None:
    encoders = {str: lambda _: "base", Name: lambda _: "exact", datetime.date: lambda _: "date"}
    given = {"k": [Name("x"), "y", datetime.datetime(2024, 1, 1)]}
    assert jsonable_encoder(given, custom_encoder=encoders) == {"base": ["exact", "base", "date"]}


def test_an_application_adds_a_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENCODERS_BY_TYPE, Opaque, lambda _: "opaque")
    assert jsonable_encoder([Opaque()]) == ["opaque"]


def test_neither_items_nor_attributes() -> None:
    with pytest.raises(ValueError, match="TypeError"):
        jsonable_encoder(Opaque())
