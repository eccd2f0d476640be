"""How often garbage is collected while an application is imported."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from jebi._collection import seldom

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_it_is_seldom_for_a_while() -> None:
    gc.set_threshold(700, 10, 10)
    with seldom():
        assert gc.get_threshold()[0] > 10_000
    assert gc.get_threshold()[0] == 700


def test_an_import_that_fails_leaves_it_as_it_was() -> None:
    gc.set_threshold(700, 10, 10)
    with pytest.raises(ImportError), seldom():
        raise ImportError
    assert gc.get_threshold()[0] == 700


def test_what_the_application_says_stays() -> None:
    gc.set_threshold(700, 10, 10)
    with seldom():
        gc.set_threshold(900, 5, 5)
    assert gc.get_threshold()[0] == 900


@pytest.mark.parametrize("threshold", [0, 1_000_000])
def test_who_has_it_seldom_or_never_keeps_that(threshold: int) -> None:
    gc.set_threshold(threshold, 10, 10)
    with seldom():
        assert gc.get_threshold()[0] == threshold
    assert gc.get_threshold()[0] == threshold


def test_what_was_imported_is_old_without_having_been_looked_at() -> None:
    gc.set_threshold(700, 10, 10)
    made: list[list[int]] = []
    with seldom():
        made += [[number] for number in range(5_000)]
        before = gc.get_stats()[0]["collections"]
    assert gc.get_stats()[0]["collections"] == before
    assert not {id(one) for one in made}.intersection(map(id, gc.get_objects(generation=0)))


def test_garbage_of_an_import_is_found_later() -> None:
    gone: list[bool] = []
    with seldom():
        ring = _Ring(gone)
        ring.itself = ring
        del ring
    gc.collect()
    assert gone == [True]


class _Ring:
    itself: _Ring

    def __init__(self, gone: list[bool]) -> None:
        self.gone = gone

    def __del__(self) -> None:
        self.gone.append(True)
