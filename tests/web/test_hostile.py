"""What an input costs is what its size is, whatever is in it.

Each kind of input has a module in ``tests/web/hostile`` with its rows.
"""

from __future__ import annotations

import pytest

from tests.web.hostile import documents, headers, multipart, ranges, urlencoded
from tests.web.hostile.row import Row, ratio

ROWS = [*headers.ROWS, *urlencoded.ROWS, *multipart.ROWS, *documents.ROWS, *ranges.ROWS]

#: How many times a benign input of the same size a hostile one may cost.
MOST = 3
#: How many times as much an input of four times the size may cost.
MOST_OF_FOUR = 6

each_row = pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])


@each_row
def test_a_hostile_input_costs_little_more_than_a_benign_one(row: Row) -> None:
    benign, hostile = row.benign(row.size), row.hostile(row.size)
    assert 0.9 * row.size <= len(benign) <= 1.1 * row.size
    assert 0.9 * row.size <= len(hostile) <= 1.1 * row.size
    assert row.run(benign)
    assert row.run(hostile) == row.accepted
    assert ratio(row.run, benign, hostile, MOST) <= MOST


@each_row
def test_a_hostile_input_costs_in_proportion_to_its_size(row: Row) -> None:
    once, four_times = row.hostile(row.size), row.hostile(4 * row.size)
    assert ratio(row.run, once, four_times, MOST_OF_FOUR) <= MOST_OF_FOUR


def test_the_rows_have_names_of_their_own() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS) >= 37


def test_what_takes_too_long_is_seen() -> None:
    def quadratic(text: bytes) -> int:
        return sum(text.count(b"x", 0, end) for end in range(0, len(text), 64))

    few, many = b"x" * 2048, b"x" * 4 * 2048
    assert ratio(quadratic, few, many, MOST_OF_FOUR) > MOST_OF_FOUR
    assert ratio(len, few, many, MOST) <= MOST
