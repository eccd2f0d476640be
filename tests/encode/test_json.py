"""The engine's JSON is ``json.dumps``'s, byte for byte, or nothing at all."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import math
import random
import struct
import sys
from collections import OrderedDict
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel

from jebi._engine import encode_json


def dumps(value: Any) -> bytes:
    return json.dumps(
        value, ensure_ascii=False, allow_nan=False, indent=None, separators=(",", ":")
    ).encode("utf-8")


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


FLOATS = [
    0.0,
    -0.0,
    1.0,
    0.1,
    1e-4,
    math.nextafter(1e-4, 0),
    1e-5,
    math.nextafter(1e-5, 0),
    -1.25e-5,
    1e-7,
    1e-10,
    1e15,
    1e16,
    math.nextafter(1e16, 0),
    1.5e16,
    1e22,
    1e23,
    5e-324,
    sys.float_info.min,
    sys.float_info.max,
    sys.float_info.epsilon,
    2.0**53,
    2.0**53 + 2,
    9.5367431640625e-07,
]


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        False,
        "",
        "swallow",
        '"\\/\b\f\n\r\t\x00\x1f\x7f',
        "caf\u00e9 \u0080\u00ff",
        "\uc81c\ube44 \u2028\u2029\ufeff\uffff",
        "\U0001f426\U0010ffff",
        'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\u00e9"',
        0,
        -1,
        2**63 - 1,
        -(2**63),
        2**63,
        -(2**63) - 1,
        10**4000,
        *FLOATS,
        [],
        (),
        {},
        [[], {}, ()],
        (1, "a", None),
        {"a": {"b": [1, 2.5, {"c": None}]}},
        {1: 1, 2.5: 2, None: 4, "1": 5, 10**30: 6, 1e16: 7, -0.0: 8},
        {True: 1, False: 2, "true": 3},
        {"": 0, "_s": 1, "a_sa": 2, 'quote"': 3},
        nested(200),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_plain_values(value: Any) -> None:
    assert encode_json(value) == dumps(value)


class Colour(enum.StrEnum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


class Text(str):
    __slots__ = ()


class Point(NamedTuple):
    x: int


class Model(BaseModel):
    x: int = 1


@dataclasses.dataclass
class Data:
    x: int = 1


UNSUPPORTED = [
    Colour.RED,
    Level.LOW,
    Text("a"),
    Point(1),
    Model(),
    Data(),
    OrderedDict(a=1),
    Decimal(1),
    datetime.datetime(2026, 1, 1),
    b"bytes",
    {1},
    object(),
    math.nan,
    math.inf,
    -math.inf,
    "\ud800",
    "\udfff after",
    "\U0001f426\ud800",
    10**5000,
    nested(201),
    nested(100_000),
]


@pytest.mark.parametrize("value", UNSUPPORTED, ids=lambda value: type(value).__name__)
def test_the_rest_is_left_to_python_as_a_whole(value: Any) -> None:
    assert encode_json(value) is None
    assert encode_json([1, value]) is None
    assert encode_json({"plain": "a", "other": {"deeper": value}}) is None


@pytest.mark.parametrize(
    "key", [(1, 2), (), Colour.RED, Level.LOW, Text("a"), math.nan, b"a", "\ud800", "_sa", "_sa_x"]
)
def test_keys_that_python_has_to_judge(key: Any) -> None:
    assert encode_json({"first": 1, key: 2}) is None


def test_a_document_that_holds_itself() -> None:
    value: list[Any] = []
    value.append(value)
    assert encode_json(value) is None


def random_float(rng: random.Random) -> float:
    value: float
    (value,) = struct.unpack("<d", rng.randbytes(8))
    return value if math.isfinite(value) else 0.5


def random_text(rng: random.Random) -> str:
    top = rng.choice([0x20, 0x7F, 0xFF, 0x7FF, 0xD7FF, 0xFFFF, 0x10FFFF])
    points = (rng.randint(0, top) for _ in range(rng.randrange(40)))
    return "".join(chr(point) for point in points if not 0xD800 <= point <= 0xDFFF)


def random_scalar(rng: random.Random) -> Any:
    match rng.randrange(6):
        case 0:
            return rng.choice([None, True, False])
        case 1:
            return rng.randint(-1000, 1000)
        case 2:
            return rng.randint(-(2**80), 2**80) >> rng.randrange(80)
        case 3:
            return random_float(rng)
        case 4:
            return round(rng.uniform(-1e6, 1e6), rng.randrange(8))
        case _:
            return random_text(rng)


def random_document(rng: random.Random, depth: int) -> Any:
    kind = rng.randrange(4) if depth else 3
    size = rng.randrange(6)
    if kind == 0:
        return [random_document(rng, depth - 1) for _ in range(size)]
    if kind == 1:
        return tuple(random_document(rng, depth - 1) for _ in range(size))
    if kind == 2:
        return {random_scalar(rng): random_document(rng, depth - 1) for _ in range(size)}
    return random_scalar(rng)


@pytest.mark.parametrize("seed", range(20))
def test_random_documents(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(200):
        document = random_document(rng, 5)
        assert encode_json(document) == dumps(document)


@pytest.mark.parametrize("seed", range(5))
def test_random_floats(seed: int) -> None:
    rng = random.Random(seed)
    floats = [random_float(rng) for _ in range(10_000)]
    floats += [rng.uniform(-1, 1) * 10.0 ** rng.randint(-25, 25) for _ in range(10_000)]
    assert encode_json(floats) == dumps(floats)


def test_powers_and_their_neighbours() -> None:
    powers = [2.0**exponent for exponent in range(-1074, 1024)]
    powers += [float(f"1e{exponent}") for exponent in range(-323, 309)]
    floats = [near(x) for x in powers for near in (float, below, above)]
    assert encode_json(floats) == dumps(floats)


def below(value: float) -> float:
    return math.nextafter(value, -math.inf)


def above(value: float) -> float:
    return math.nextafter(value, 0.0)


def test_text_of_every_character() -> None:
    text = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x110000)]))
    assert encode_json(text) == dumps(text)
    for first in range(0, 0x110000, 0x1000):
        points = range(first, first + 0x1000)
        block = "".join(chr(point) for point in points if not 0xD800 <= point <= 0xDFFF)
        assert encode_json([block]) == dumps([block])


def test_reading_leaves_no_second_copy_in_the_string() -> None:
    text = "\uc81c\ube44" * 1000 + chr(0x1F426)
    size = sys.getsizeof(text)
    encode_json(text)
    assert sys.getsizeof(text) == size
