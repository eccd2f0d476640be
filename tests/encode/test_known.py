"""Dates, decimals, UUIDs, enums and dataclasses: the engine writes what Python's encoder does."""

import dataclasses
import datetime
import enum
import json
import random
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest

from jebi import FastAPI
from jebi.encoders import ENCODERS_BY_TYPE, jsonable_encoder
from jebi.routing import answer
from jebi.testclient import TestClient

UTC = datetime.UTC
PARIS = ZoneInfo("Europe/Paris")
ODD = datetime.timezone(-datetime.timedelta(hours=3, minutes=29, seconds=7, microseconds=5))


class Size(enum.Enum):
    small = 1
    large = "large"
    nothing = None
    many = (1, 2)


class Colour(enum.StrEnum):
    red = "red"
    secret = "_sa_secret"


class Level(enum.IntEnum):
    low = 1


class Older(str, enum.Enum):  # noqa: UP042  # how it is written for older Pythons
    one = "one"


class Right(enum.Flag):
    read = 1
    write = 2


class Renamed(enum.Enum):
    member = 1

    @property
    def value(self) -> str:  # type: ignore[override]  # applications do so
        return "renamed"


class Dated(enum.Enum):
    day = datetime.date(2020, 1, 2)


@dataclasses.dataclass
class Point:
    x: int
    y: float = 0.5
    label: str | None = None
    kind: ClassVar[str] = "point"


@dataclasses.dataclass(slots=True, frozen=True)
class Line:
    start: Point
    ends: list[Point]
    by_name: dict[str, Point]
    size: Size = Size.small


@dataclasses.dataclass
class WithProperty:
    name: str

    @property
    def extra(self) -> str:
        raise AssertionError("it is no field")


@dataclasses.dataclass
class Hidden:
    _sa_state: int
    shown: int


@dataclasses.dataclass
class Computed:
    def __getattribute__(self, name: str) -> Any:
        return 7 if name == "x" else object.__getattribute__(self, name)

    x: int = 1


class Zone(datetime.tzinfo):
    def utcoffset(self, _: Any) -> datetime.timedelta:
        return datetime.timedelta(hours=1)

    def dst(self, _: Any) -> None:
        return None

    def tzname(self, _: Any) -> str:
        return "zone"


DAY = datetime.date(2026, 11, 21)
MOMENT = datetime.datetime(2026, 11, 21, 22, 30, 5, 1200)
ID = uuid.UUID("0000abcd-1234-5678-9abc-def012345678")

WRITTEN = [
    DAY,
    MOMENT,
    MOMENT.replace(microsecond=0),
    MOMENT.replace(tzinfo=UTC),
    MOMENT.replace(tzinfo=PARIS),
    MOMENT.replace(tzinfo=ODD),
    datetime.datetime.min,
    datetime.datetime.max,
    datetime.time(1, 2, 3),
    datetime.time(1, 2, 3, 4, tzinfo=UTC),
    datetime.timedelta(days=1, microseconds=1),
    datetime.timedelta(seconds=-1),
    datetime.timedelta(0),
    datetime.timedelta.max,
    Decimal("12"),
    Decimal("12.0"),
    Decimal("-0"),
    Decimal("0.00"),
    Decimal("-1.50"),
    Decimal("1E+3"),
    Decimal("1.5E+3"),
    Decimal("1.5E-30"),
    Decimal("0E-10"),
    Decimal("0E+5"),
    Decimal("12345678901234567890123"),
    Decimal("0.1234567890123456789"),
    ID,
    uuid.UUID(int=0),
    uuid.UUID(int=2**128 - 1),
    Size.small,
    Size.large,
    Size.nothing,
    Size.many,
    Colour.red,
    Level.low,
    Older.one,
    Right.read,
    Right.read | Right.write,
    Point(1, 2.5, "a"),
    Line(Point(1), [Point(2)], {"a": Point(3)}),
    WithProperty("name"),
    [DAY, {"when": MOMENT, "who": ID}, (Decimal("1.1"), Size.small)],
    {ID: 1, uuid.UUID(int=7): 2},
    {DAY: 1, DAY.replace(day=1): [DAY]},
    {Colour.red: 1},
    {Older.one: Older.one},
]
PYTHONS = [
    Decimal(10) ** 5000,
    Dated.day,
    {1: 1, DAY: 2},
    {DAY: 1, "2026-11-21": 2},
    {Decimal("1.5"): 1},
    {Level.low: 1},
    {Size.nothing: 1},
    {Colour.secret: 1, Colour.red: 2},
    Hidden(1, 2),
    Computed(),
    Renamed.member,
    MOMENT.replace(tzinfo=Zone()),
    [Point(1), {1, 2}],
    Decimal("NaN"),
    Decimal("sNaN"),
    Decimal("-Infinity"),
]

Answer = Callable[[Any], bytes | type[Exception]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was left to Python."""
    found: list[Any] = []
    fallback = answer._fallback

    def spy(result: Any) -> bytes:
        found.append(result)
        return fallback(result)

    monkeypatch.setattr(answer, "_fallback", spy)
    return found


@pytest.fixture
def reply(asked: list[Any]) -> Answer:
    """What an application answers with a result, by a route that has seen the like before."""
    app, results = FastAPI(), [None]

    @app.get("/")
    async def read():  # type: ignore[no-untyped-def]  # noqa: ANN202  # nothing is declared
        return results[0]

    client = TestClient(app)

    def get(value: Any) -> bytes | type[Exception]:
        results[0] = value
        try:
            for _ in range(9):  # a class is learned at a time
                before = len(asked)
                content = client.get("/").content
                if len(asked) == before:
                    break
        except (TypeError, ValueError) as error:
            return type(error)
        return content

    return get


def expected(value: Any) -> bytes | type[Exception]:
    try:
        return json.dumps(
            jsonable_encoder(value), ensure_ascii=False, allow_nan=False, separators=(",", ":")
        ).encode()
    except (TypeError, ValueError) as error:
        return type(error)


@pytest.mark.parametrize("value", WRITTEN, ids=lambda value: ascii(value)[:40])
def test_written_by_the_engine(value: Any, reply: Answer, asked: list[Any]) -> None:
    assert reply({"value": value}) == expected({"value": value})
    asked.clear()
    assert reply(value) == expected(value)
    assert asked == []


@pytest.mark.parametrize("value", PYTHONS, ids=lambda value: ascii(value)[:40])
def test_left_to_python(value: Any, reply: Answer, asked: list[Any]) -> None:
    assert reply(value) == expected(value)
    asked.clear()
    assert reply([value]) == expected([value])
    assert asked


def test_an_encoder_of_the_applications_own_counts_whenever_it_comes(
    reply: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert reply([DAY]) == b'["2026-11-21"]'
    monkeypatch.setitem(ENCODERS_BY_TYPE, datetime.date, lambda day: day.year)
    assert reply([DAY]) == b"[2026]"
    monkeypatch.undo()
    assert reply([DAY]) == b'["2026-11-21"]'


def test_classes_beyond_what_is_kept_are_pythons(reply: Answer, asked: list[Any]) -> None:
    for number in range(40):
        cls = dataclasses.make_dataclass(f"Class{number}", ["x"])
        assert reply(cls(number)) == b'{"x":%d}' % number
    asked.clear()
    assert reply(Point(1)) == expected(Point(1))
    assert asked


def leaf(chance: random.Random) -> Any:
    """Any value of the kinds above."""
    seconds = chance.randrange(-(10**9), 10**9)
    zone = chance.choice([None, UTC, PARIS, ODD])
    moment = datetime.datetime(1970, 1, 1, tzinfo=zone) + datetime.timedelta(
        seconds=seconds, microseconds=chance.choice([0, chance.randrange(10**6)])
    )
    return chance.choice(
        [
            moment,
            moment.date(),
            moment.timetz() if zone is not PARIS else moment.time(),
            datetime.timedelta(seconds=seconds, microseconds=chance.randrange(10**6)),
            Decimal(chance.randrange(-(10**12), 10**12)).scaleb(chance.randrange(-30, 30)),
            uuid.UUID(int=chance.getrandbits(128)),
            chance.choice([*Size, *Level, *Older, Colour.red]),
            chance.random() * 10 ** chance.randrange(-20, 20),
            chance.getrandbits(chance.randrange(1, 80)),
            chr(chance.randrange(0xD800)) * 2,
            None,
            True,
        ]
    )


def document(chance: random.Random, depth: int) -> Any:
    """A document of such values."""
    if depth == 0 or chance.random() < 0.3:
        return leaf(chance)
    length = chance.randrange(4)
    if chance.random() < 0.3:
        return [document(chance, depth - 1) for _ in range(length)]
    if chance.random() < 0.3:
        inner = [Point(index, chance.random(), str(index)) for index in range(length)]
        return Line(Point(length), inner, {"a": Point(0)}, chance.choice([*Size]))
    keys = [chance.choice([str(index), uuid.UUID(int=index), index]) for index in range(length)]
    return {key: document(chance, depth - 1) for key in keys}


def test_random_documents(reply: Answer) -> None:
    chance = random.Random(6)
    for _ in range(40):
        value = [document(chance, 4) for _ in range(5)]
        assert reply(value) == expected(value), value
