"""Each case against a real server, whole and byte by byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.http1.cases import Case, End, Request
from tests.http1.corpus import EVERY, NAMES
from tests.http1.server import PROBE, Recorder, deliver, final

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORT = 300
"""Cases up to this many bytes arrive byte by byte too."""


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    with Recorder() as recorder:
        yield recorder


def check(recorder: Recorder, case: Case, pieces: list[bytes]) -> None:
    recorder.take()
    with recorder.served.connect() as client:
        deliver(recorder, client, pieces)
        for request in case.requests:
            answer = final(client, head_only=request.method == "HEAD")
            assert answer.status == 200
        if case.status is not None:
            refusal = final(client)
            assert (refusal.status, refusal.get("connection")) == (case.status, "close")
            assert client.is_closed()
        elif case.end is End.CLOSES:
            assert answer.get("connection") == "close"
            assert client.is_closed()
        elif case.end is End.STAYS:
            assert client.pending == b""
            client.send(PROBE)
            assert final(client).status == 200
        else:
            client.finish()
            assert client.is_closed()
    seen = recorder.take()
    if case.end is End.STAYS:
        assert seen.pop().path == b"/probe"
    assert_like(case, seen)


def assert_like(case: Case, seen: list[Request]) -> None:
    assert len(seen) == len(case.requests), seen
    for expected, request in zip(case.requests, seen, strict=True):
        assert expected.is_like(request), request


@pytest.mark.parametrize("case", [case for _, case in EVERY], ids=NAMES)
def test_the_outcome_is_the_one_that_was_fixed(recorder: Recorder, case: Case) -> None:
    check(recorder, case, [case.sent])
    if len(case.sent) <= SHORT:
        check(recorder, case, [bytes([byte]) for byte in case.sent])


def test_the_corpus_is_what_it_says() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert len({case.sent for _, case in EVERY}) > 300
