"""Bodies of plain models are read by the engine, to what pydantic makes of them."""

import json
import random
from collections.abc import Callable
from typing import Annotated, Any, Generic, Self, TypeVar

import pytest
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    RootModel,
    computed_field,
    create_model,
    field_validator,
)

from jebi import Body, FastAPI
from jebi.dependencies import inputs, plain_bodies
from jebi.dependencies.plain_bodies import plain_body
from jebi.routing import APIRoute
from jebi.testclient import TestClient
from tests.connection.peers import Served

Fly = Callable[[FastAPI], Served]
Value = TypeVar("Value")


class Line(BaseModel):
    name: str
    price: float = Field(gt=0)
    count: int = Field(1, ge=1, le=99)
    gift: bool = False


class Order(BaseModel):
    customer: str | None
    lines: list[Line]
    first: Line | None = None
    rate: float = Field(0.5, ge=-1.5, lt=100)
    note: str | None = None

    @property
    def total(self) -> float:
        return sum(line.price for line in self.lines)


class Box(BaseModel, Generic[Value]):
    value: Value


class Tree(BaseModel):
    children: "list[Tree]" = []


class Default(BaseModel):
    tags: list[str] = []


class Made(BaseModel):
    id: int = Field(default_factory=lambda: 1)


class Renamed(BaseModel):
    id: int = Field(alias="ID")


class Private(BaseModel):
    id: int
    _seen: bool = PrivateAttr(default=False)


class Checked(BaseModel):
    id: int

    @field_validator("id")
    @classmethod
    def check(cls, value: int) -> int:
        return value


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)
    id: int


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    id: int


class Own(BaseModel):
    id: int

    def __new__(cls, *args: Any, **named: Any) -> "Own":
        return super().__new__(cls)


class Computed(BaseModel):
    id: int

    @computed_field  # type: ignore[prop-decorator]  # as pydantic has it
    @property
    def twice(self) -> int:
        return self.id * 2


LONG: dict[str, Any] = {f"field_{number}": (int, 0) for number in range(65)}


def body_of(kind: Any) -> Any:
    """The field that a route's whole body of this type is described by."""
    app = FastAPI()

    @app.post("/")
    async def create(body: Annotated[kind, Body()]) -> None:
        """Takes a body."""

    route = app.routes[-1]
    assert isinstance(route, APIRoute)
    return route.dependant.body_params[0]


@pytest.mark.parametrize(
    "kind", [Line, Order, list[Line], Box[int], Box[list[Line]], Computed, Frozen, str]
)
def test_plain_bodies(kind: Any) -> None:
    assert plain_body(body_of(kind)) is not None


@pytest.mark.parametrize(
    "kind",
    [
        *[Tree, Default, Made, Renamed, Private, Checked, Open, Own, RootModel[int]],
        *[dict[str, int], int | str, Annotated[str, Field(max_length=3)], Box[Any]],
        *[Annotated[int, Field(multiple_of=2)], Annotated[int, Field(gt=2**60)]],
        create_model("Long", **LONG),
        create_model("Far", café=(int, ...)),
    ],
)
def test_bodies_that_are_left_to_pydantic(kind: Any) -> None:
    assert plain_body(body_of(kind)) is None


def test_who_listens_to_pydantic_hears_of_every_body(monkeypatch: pytest.MonkeyPatch) -> None:
    field = body_of(Line)
    monkeypatch.setattr(plain_bodies, "SchemaValidator", type("Pluggable", (), {}))
    assert plain_body(field) is None


VALUES: list[Any] = [
    *[None, True, False, 0, -0.0, 1, -3, 2.0, 2.5, 1e300, 1e-7, 10**17, 10**18, 10**30, 99, 100],
    *["", "x", "1", "true", 'say "hi"', "a\nb", "caf\xe9", "\N{HANGUL SYLLABLE JE}", "\U0001f426"],
    *[[], {}, [1], {"name": "x"}],
]


def line(chance: random.Random) -> dict[str, Any]:
    found = {"name": "burger", "price": 9.5, "count": 2, "gift": True}
    return disturbed(chance, found, ["name", "price", "count", "gift", "unknown"])


def order(chance: random.Random) -> dict[str, Any]:
    found: dict[str, Any] = {
        "customer": "Mina",
        "lines": [line(chance) for _ in range(chance.randrange(3))],
    }
    if chance.random() < 0.5:
        found |= {"first": line(chance), "rate": 1, "note": None}
    return disturbed(chance, found, ["customer", "lines", "first", "rate", "note"])


def disturbed(chance: random.Random, found: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """``found`` with something else in one place now and then, or in another order."""
    for name in names:
        if chance.random() < 0.05:
            found[name] = chance.choice(VALUES)
        if chance.random() < 0.05:
            found.pop(name, None)
    members = list(found.items())
    if chance.random() < 0.3:
        chance.shuffle(members)
    return dict(members)


def inside(value: Any) -> Any:
    """All that there is to a value, so that no two that differ are taken for the same."""
    if isinstance(value, list):
        return [inside(item) for item in value]
    if not isinstance(value, BaseModel):
        return type(value), repr(value)
    slots = (value.__pydantic_extra__, value.__pydantic_private__, value.__pydantic_fields_set__)
    members = [(name, inside(member)) for name, member in value.__dict__.items()]
    return type(value), members, slots


class Taker:
    """An application that takes a body, and a connection to it."""

    def __init__(self, fly: Fly, kind: Any) -> None:
        app = FastAPI()
        self.taken: list[Any] = []

        @app.post("/")
        async def create(body: Annotated[kind, Body()]) -> None:
            self.taken.append(body)

        self.client = fly(app).connect()

    def send(self, content: bytes) -> Any:
        """The answer, and what the handler got."""
        head = (
            "POST / HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        answer = self.client.ask(head.encode() + content)
        taken, self.taken[:] = list(map(inside, self.taken)), []
        return answer.status, answer.body, taken


class Both:
    """The same application twice: the second has pydantic read every body."""

    def __init__(self, fly: Fly, kind: Any) -> None:
        self.ours = Taker(fly, kind)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(inputs, "plain_body", lambda field: None)
            self.pydantics = Taker(fly, kind)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.ours.client.__exit__()
        self.pydantics.client.__exit__()

    def agree(self, content: bytes) -> bool:
        """Whether the body is valid; fails where the two do not agree."""
        answer = self.ours.send(content)
        assert answer == self.pydantics.send(content), content
        return bool(answer[0] == 200)


def test_orders_are_what_pydantic_makes_of_them(fly: Fly) -> None:
    chance = random.Random(20261122)
    documents = [
        json.dumps(
            order(chance),
            ensure_ascii=chance.random() < 0.3,
            indent=chance.choice([None, None, 1]),
        ).encode()
        for _ in range(600)
    ]
    with Both(fly, Order) as both:
        outcomes = [both.agree(document) for document in documents]
    assert 100 < sum(outcomes) < 550


@pytest.mark.parametrize(
    "content",
    [
        b'{"name":"x","price":1}',
        b' { "name" : "x" , "price" : 1.50 } \r\n\t',
        b'{"name":"x","price":1,"price":2}',
        b'{"name":"x","price":1,"name":"y"}',
        b'{"name":"x","price":1e2}',
        b'{"name":"x","price":1.7976931348623157e308}',
        b'{"name":"x","price":0.1000000000000000055511151231257827}',
        b'{"name":"x","price":123456789012345678}',
        b'{"name":"x","price":12345678901234567890}',
        b'{"name":"x","price":1,"count":01}',
        b'{"name":"x","price":1,"count":2.0}',
        b'{"name":"x","price":1,"count":"2"}',
        b'{"name":"x","price":1,"count":true}',
        b'{"name":"x","price":1,"gift":1}',
        b'{"name":"x","price":1,"gift":tru}',
        b'{"name":"x","price":-0}',
        b'{"name":"x","price":0}',
        b'{"name":"x","price":NaN}',
        b'{"name":"x","price":Infinity}',
        b'{"name":"\xed\xa0\x80","price":1}',
        b'{"name":"\xff","price":1}',
        b'{"name":"\\u00e9\\n","price":1}',
        b'{"name":"a\tb","price":1}',
        b'{"n\\u0061me":"x","price":1}',
        b'{"name":"x","price":1,}',
        b'{"name":"x","price":1}}',
        b'{"name":"x","price":1} x',
        b'{"name":"x" "price":1}',
        b'{"name":"x","price":1',
        b'\xef\xbb\xbf{"name":"x","price":1}',
        *[b"{}", b"[]", b"null", b"1", b"{", b'"', b" "],
    ],
)
def test_spellings(fly: Fly, content: bytes) -> None:
    with Both(fly, Line) as both:
        both.agree(content)
    with Both(fly, list[Line]) as both:
        both.agree(b"[" + content + b"]")


def test_what_a_handler_does_with_a_body_stays_its_own() -> None:
    app = FastAPI()

    @app.post("/")
    async def change(body: Line) -> dict[str, Any]:
        given = sorted(body.model_fields_set)
        body.model_fields_set.clear()
        body.count += 1
        return {"given": given, "again": body.model_copy().model_dump()}

    client = TestClient(app)
    for _ in range(2):
        answer = client.post("/", json={"name": "x", "price": 1}).json()
        assert answer["given"] == ["name", "price"]
        assert answer["again"] == {"name": "x", "price": 1.0, "count": 2, "gift": False}


@pytest.mark.parametrize(
    "content",
    [
        b'{"say \\"hi\\"":2}',
        b'{"say "hi"":2}',
        b'{"say \\u0022hi\\u0022":2}',
        b'{ "back\\\\slash" : 3 }',
        b'{"back\\slash":3}',
    ],
)
def test_names_that_are_spelled_with_escapes(fly: Fly, content: bytes) -> None:
    names: dict[str, Any] = {'say "hi"': (int, 1), "back\\slash": (int, 1)}
    with Both(fly, create_model("Odd", **names)) as both:
        both.agree(content)
