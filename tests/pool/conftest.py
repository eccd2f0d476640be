"""A pool on a loop of its own for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.pool.harness import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    try:
        yield bench
    finally:
        bench.pool.shutdown()
        bench.loop.close()
