"""The table of cases, against the server."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from tests.connection.peers import Served
from tests.http2.application import app
from tests.http2.peer import connect
from tests.http2.table import AREAS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.http2.case import Case

CASES = [
    pytest.param(case, id=f"{area}: {case.name}") for area, cases in AREAS.items() for case in cases
]


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with Served(app) as served:
        yield served


@pytest.mark.parametrize("case", CASES)
def test_case(case: Case, served: Served, caplog: pytest.LogCaptureFixture) -> None:
    with connect(served.listener.getsockname()) as peer:
        case.play(peer)
    with connect(served.listener.getsockname()) as other:
        other.begin()
        other.check_life()
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_the_table_is_as_large_as_it_should_be() -> None:
    names = [(area, case.name) for area, cases in AREAS.items() for case in cases]
    assert len(names) == len(set(names)) >= 146
    assert all("§" in case.section for cases in AREAS.values() for case in cases)
