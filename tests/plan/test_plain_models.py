"""Plain response models are written in one pass, to what pydantic's two come to."""

import json
import random
from typing import Annotated, Any, Literal

import pytest
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    TypeAdapter,
    computed_field,
    field_serializer,
    field_validator,
    model_validator,
)

from jebi import FastAPI
from jebi.exceptions import ResponseValidationError
from jebi.routing.plain_models import plain_schema
from jebi.testclient import TestClient


class Row(BaseModel):
    id: int
    name: str
    price: float
    active: bool
    note: str | None = None


class Page(BaseModel):
    rows: list[Row]
    first: Row | None
    tags: list[str] = []


class Sub(Row):
    more: int = 1


def row(**changes: Any) -> dict[str, Any]:
    return {"id": 1, "name": "a", "price": 0.5, "active": True, "note": None, **changes}


def page(rows: Any, **changes: Any) -> dict[str, Any]:
    return {"rows": rows, "first": None, "tags": ["a"], **changes}


INSTANCE = Row(id=1, name="a", price=0.5, active=True, note="n")
CHANGED = Row(**row())
CHANGED.name = "changed"
UNSET = Row.model_construct(name="b", id=2)
ORDERED = Row.model_construct(**dict(reversed(row().items())))
WRONG = Row.model_construct(**row())
WRONG.__dict__["cached"] = "of a cached property"

ROWS = [
    row(),
    row(extra="ignored"),
    row(note='"\\/\b\f\n\r\t\x00\x1f\x7f\u2028\ud7ff\U0001f426'),
    row(id=10**30),
    row(price=5),
    row(price=-0.0),
    row(price=1e-5),
    row(price=1e15),
    row(price=1e22),
    row(price=float("inf")),
    row(id="7"),
    row(id=True),
    row(active=1),
    row(active="yes"),
    row(name="\ud800"),
    {"id": 1, "name": "a", "price": 1.5, "active": False},
    INSTANCE,
    CHANGED,
    ORDERED,
    WRONG,
    Sub(**row(), more=3),
]


def both(model: Any, value: Any) -> tuple[bytes, bytes]:
    """What an application answers, and what pydantic writes."""
    app = FastAPI()

    @app.get("/", response_model=model)
    async def read() -> Any:
        return value

    adapter = TypeAdapter(model)
    valid = adapter.validator.validate_python(value, from_attributes=True)
    return TestClient(app).get("/").content, adapter.serializer.to_json(valid, by_alias=True)


@pytest.mark.parametrize("value", ROWS, ids=lambda value: ascii(value)[:50])
def test_rows(value: Any) -> None:
    if "\ud800" in getattr(value, "name", "") or (isinstance(value, dict) and value["name"] > "z"):
        with pytest.raises(Exception, match="surrogate"):
            both(Row, value)
        return
    ours, pydantics = both(Row, value)
    assert ours == pydantics
    ours, pydantics = both(list[Row], [value, row()])
    assert ours == pydantics
    ours, pydantics = both(Page, page([value], first=value))
    assert ours == pydantics


def test_what_is_invalid_is_told_of_as_ever() -> None:
    app = FastAPI()

    @app.get("/")
    async def read() -> list[Row]:
        return [row(), row(id="x")]  # type: ignore[list-item]  # which is the point

    with pytest.raises(ResponseValidationError) as caught:
        TestClient(app).get("/")
    assert caught.value.errors()[0]["loc"] == ("response", 1, "id")


def test_random_rows() -> None:
    chance = random.Random(6)

    def number() -> Any:
        power: float = 10.0 ** chance.randrange(-20, 20)
        return chance.choice([chance.random(), chance.uniform(-1e6, 1e6), power])

    rows: list[Any] = [
        row(
            id=chance.getrandbits(chance.randrange(1, 90)),
            name="".join(chr(chance.randrange(0xD800)) for _ in range(chance.randrange(9))),
            price=number(),
            active=chance.random() < 0.5,
        )
        for _ in range(500)
    ]
    for some in (rows[start : start + 5] for start in range(0, len(rows), 5)):
        ours, pydantics = both(list[Row], some)
        assert ours == pydantics
        assert [one["id"] for one in json.loads(ours)] == [one["id"] for one in some]


@pytest.mark.parametrize("model", [Row, Page, list[Row], Row | None, int, list[str], Sub])
def test_these_are_plain(model: Any) -> None:
    assert plain_schema(TypeAdapter(model).core_schema) is not None


class Constrained(BaseModel):
    x: int = Field(gt=0)


class Aliased(BaseModel):
    x: int = Field(alias="y")


class Excluded(BaseModel):
    x: int = Field(exclude=True)


class Configured(BaseModel):
    model_config = ConfigDict(extra="allow")
    x: int


class Stripped(BaseModel):
    model_config = ConfigDict(str_strip_whitespace=True)
    x: str


class Validated(BaseModel):
    x: int

    @field_validator("x")
    @classmethod
    def double(cls, value: int) -> int:
        return value * 2


class ModelValidated(BaseModel):
    x: int

    @model_validator(mode="after")
    def check(self) -> "ModelValidated":
        return self


class Serialised(BaseModel):
    x: int

    @field_serializer("x")
    def double(self, value: int) -> int:
        return value * 2


class WithComputed(BaseModel):
    x: int

    @computed_field
    def double(self) -> int:
        return self.x * 2


class WithInit(BaseModel):
    x: int

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)


class WithPost(BaseModel):
    x: int

    def model_post_init(self, _: Any) -> None: ...


class Private(BaseModel):
    x: int
    _secret: int = 1


class Root(RootModel[int]): ...


class Tree(BaseModel):
    children: list["Tree"]


@pytest.mark.parametrize(
    "model",
    [
        Constrained, Aliased, Excluded, Configured, Stripped, Validated, ModelValidated, Serialised,
        WithComputed, WithInit, WithPost, Private, Root, Tree, Any, dict[str, int], set[int], bytes,
        Literal["a"], int | str, Annotated[str, Field(min_length=1)], list[Constrained],
    ],
)  # fmt: skip
def test_these_are_pydantics(model: Any) -> None:
    assert plain_schema(TypeAdapter(model).core_schema) is None
