"""Bodies are validated from their bytes only where that comes to the same."""

import datetime
import json
import random
import uuid
from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import from_json

from jebi.dependencies.json_mode import reads_json_alike


class Leaf(BaseModel):
    text: str
    number: float = Field(1.5, gt=-100)
    flag: bool | None = None


class Tree(BaseModel):
    id: int
    when: datetime.datetime | None = None
    key: uuid.UUID | None = None
    leaf: Leaf
    children: "list[Tree]" = []


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    when: datetime.date


class StrictField(BaseModel):
    when: Annotated[datetime.date, Field(strict=True)]


class Precise(BaseModel):
    price: Decimal


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    id: int


class Lenient(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)
    text: str


class Checked(BaseModel):
    id: int

    @field_validator("id")
    @classmethod
    def check(cls, value: int) -> int:
        return value


class CheckedWhole(BaseModel):
    id: int

    @model_validator(mode="after")
    def check(self) -> "CheckedWhole":
        return self


class Initialised(BaseModel):
    id: int

    def __init__(self, **data: Any) -> None:
        super().__init__(**data)


@pytest.mark.parametrize("kind", [Leaf, Tree, list[Tree], list[int], str | None])
def test_plain_types_are_read_alike(kind: Any) -> None:
    assert reads_json_alike(TypeAdapter(kind).core_schema)


@pytest.mark.parametrize(
    "kind",
    [
        *[Strict, StrictField, Precise, Open, Lenient, Checked, CheckedWhole, Initialised],
        *[int | str, dict[str, int], bytes, Any],
    ],
)
def test_types_that_see_the_mode_are_not(kind: Any) -> None:
    assert not reads_json_alike(TypeAdapter(kind).core_schema)


VALUES: list[Any] = [
    *[None, True, False, 0, 1, -3, 2.0, 2.5, 1e300, 10**30, "", "x", "1", "true", "2.5"],
    *["2026-11-21", "2026-11-21T10:00:00Z", "12345678-1234-5678-1234-567812345678"],
    *[1700000000, [], {}, [1], {"text": "x"}, "\N{HANGUL SYLLABLE JE}"],
]


def document(chance: random.Random, depth: int = 0) -> Any:
    """Something like a tree, often wrong in one place."""
    tree: dict[str, Any] = {"id": 1, "leaf": {"text": "x", "number": 2}}
    for name in ["id", "when", "key", "leaf", "children", "unknown"]:
        if chance.random() < 0.25:
            tree[name] = chance.choice(VALUES)
    if chance.random() < 0.4 and depth < 3:
        tree["children"] = [document(chance, depth + 1)]
    return tree


def outcome(validate: Any, value: Any) -> Any:
    try:
        return validate(value).model_dump()
    except ValidationError:
        return "invalid"


def test_both_modes_come_to_the_same() -> None:
    chance, validator = random.Random(20261121), TypeAdapter(Tree).validator
    outcomes = set()
    for _ in range(2000):
        content = json.dumps(document(chance)).encode()
        direct = outcome(validator.validate_json, content)
        assert direct == outcome(validator.validate_python, from_json(content)), content
        outcomes.add(direct == "invalid")
    assert outcomes == {True, False}
