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
