"""How long the next worker is waited with."""

from __future__ import annotations

from jebi.server.supervisors.backoff import ENOUGH, LONGEST_DELAY, STEADY_SECONDS, Backoff

NEVER = float("inf")


def test_the_wait_doubles_up_to_a_bound() -> None:
    row = Backoff()
    delays = []
    for _ in range(12):
        row.fail(100.0, NEVER)
        delays.append(round(row.until - 100.0, 3))
    assert delays == [0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, *[LONGEST_DELAY] * 5]


def test_enough_in_a_row_is_a_crash_loop() -> None:
    row = Backoff()
    assert [row.fail(100.0, 99.9) for _ in range(ENOUGH)] == [True] * (ENOUGH - 1) + [False]


def test_who_served_for_a_while_is_replaced_at_once() -> None:
    row = Backoff()
    for _ in range(ENOUGH - 1):
        row.fail(100.0, NEVER)
    assert row.fail(100.0, 100.0 - STEADY_SECONDS)
    assert (row.failures, row.until) == (0, 100.0)
