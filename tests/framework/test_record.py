"""Plain data without generated code."""

from __future__ import annotations

import copy
from typing import ClassVar

import pytest

from jebi._record import Record, fresh


class Point(Record):
    unit: ClassVar[str] = "m"

    x: int
    y: int = 0
    tags: list[str] = fresh(factory=list)


class Counter(Record, frozen=False):
    count: int = 0


class Thing(Record, eq=False):
    name: str


class Cube(Point):
    z: int = 0


def test_fields_come_by_position_and_by_name() -> None:
    assert (Point(1, 2).x, Point(1, y=2).y, Point(x=3).y) == (1, 2, 0)
    assert Cube(1, z=2)._fields == ("x", "y", "tags", "z")
    assert repr(Point(1)) == "Point(x=1, y=0, tags=[])"


def test_a_fresh_default_is_nobody_elses() -> None:
    one, other = Point(1), Point(1)
    one.tags.append("a")
    assert other.tags == []
    assert one != other


@pytest.mark.parametrize(
    ("args", "values"), [((), {}), ((1, 2, [], 4), {}), ((1,), {"w": 1}), ((), {"y": 1})]
)
def test_what_does_not_fit_is_refused(args: tuple[int, ...], values: dict[str, int]) -> None:
    with pytest.raises(TypeError, match="Point has the fields x, y, tags"):
        Point(*args, **values)  # type: ignore[arg-type]  # that is the point


def test_a_copy_has_other_values_for_some_fields() -> None:
    point = Point(1, tags=["a"])
    moved = point.replaced(y=5)
    assert (moved.x, moved.y, moved.tags) == (1, 5, ["a"])
    assert copy.copy(point) == point
    with pytest.raises(TypeError, match="has the fields"):
        point.replaced(w=1)


def test_equality_is_that_of_the_fields_unless_told_otherwise() -> None:
    assert Point(1) == Point(1)
    assert Point(1) != Cube(1)
    assert Thing("a") != Thing("a")
    assert len({Thing("a"), Thing("a")}) == 2
    with pytest.raises(TypeError, match="unhashable"):
        hash(Counter())
