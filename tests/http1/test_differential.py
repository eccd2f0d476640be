"""The server against the reference: thousands of requests, right and wrong, and one outcome."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.http1 import reference
from tests.http1.areas.limits import BODY_LIMIT
from tests.http1.generate import generated, mutated
from tests.http1.server import PROBE, Recorder, final

if TYPE_CHECKING:
    from collections.abc import Callable

LIMITS = reference.Limits(body=BODY_LIMIT)
EACH = 1000
KINDS = ("served", "closed", "refused", "cut short")
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def compare(recorder: Recorder, sent: bytes) -> str:
    """Asserts that both come to the same outcome, and names its kind."""
    expected = reference.read(sent, LIMITS)
    with recorder.served.connect() as client:
        client.send(sent)
        for request in expected.requests:
            assert final(client, head_only=request.method == "HEAD").status == 200
        if expected.statuses:
            assert final(client).status in expected.statuses
            kind = "refused"
        elif not expected.stays:
            kind = "closed"
        elif expected.whole:
            client.send(PROBE)
            assert final(client).status == 200
            kind = "served"
        else:
            client.finish()
            kind = "cut short"
        if kind != "served":
            assert client.rest().removeprefix(CONTINUE) == b""
    seen = recorder.take()
    if kind == "served":
        assert seen.pop().path == b"/probe"
    assert seen == expected.requests
    return kind


@pytest.mark.timeout(60)
@pytest.mark.parametrize("make", [mutated, generated])
def test_server_and_reference_agree(make: Callable[[random.Random], bytes]) -> None:
    kinds: Counter[str] = Counter()
    with Recorder() as recorder:
        for seed in range(EACH):
            sent = make(random.Random(seed))
            recorder.take()
            try:
                kinds[compare(recorder, sent)] += 1
            except (AssertionError, TimeoutError) as error:
                raise AssertionError(f"seed {seed}: {sent!r}: {error}") from error
    # All kinds of outcomes were among them, or nothing was compared.
    rare = {kind for kind in KINDS if kinds[kind] < EACH / 50}
    assert not rare, kinds
