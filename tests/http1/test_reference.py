"""The reference against the corpus: whoever wrote the two, they agree."""

from __future__ import annotations

import pytest

from tests.http1 import reference
from tests.http1.areas.limits import BODY_LIMIT
from tests.http1.cases import Case, End
from tests.http1.corpus import CORPUS, NAMES

LIMITS = reference.Limits(body=BODY_LIMIT)

# A handshake that is refused is a request like others to HTTP; tests/connection has more of them.
PLAIN = [
    case
    for area, cases in CORPUS.items()
    for case in cases
    if not (area == "upgrade" and "handshake" in case.name)
]


@pytest.mark.parametrize("case", PLAIN, ids=lambda case: f"{case.section} {case.name}")
def test_the_reference_comes_to_the_same_outcome(case: Case) -> None:
    outcome = reference.read(case.sent, LIMITS)
    assert len(outcome.requests) == len(case.requests), outcome
    for expected, request in zip(case.requests, outcome.requests, strict=True):
        assert expected.is_like(request), request
    if case.status is not None:
        assert case.status in outcome.statuses
    else:
        assert not outcome.statuses
        assert outcome.whole == (case.end is not End.WAITS)
        assert outcome.stays == (case.end is not End.CLOSES)


def test_the_reference_is_asked_about_nearly_all() -> None:
    assert len(NAMES) - len(PLAIN) < 12
