"""What the comparison of OpenAPI documents finds, and what it lets pass."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.plugin.jebi_documents.compare import first_difference, judge

DOCUMENT = {"paths": {"/": {"get": {"tags": ["a", "b"], "deprecated": True}}}}


def _answer(documents: dict[str, Any], error: str | None = None) -> dict[str, Any]:
    return {"module": "m", "documents": documents, "error": error}


def test_the_order_of_keys_is_no_difference() -> None:
    assert first_difference({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 3, "c": 2}, "a": 1}) == ""


@pytest.mark.parametrize(
    ("original", "ours", "said"),
    [
        ({"a": 1}, {}, "/a is missing, which is 1"),
        ({}, {"a": 1}, "/a is too much: 1"),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, "/a/b/1 is 3 and was 2"),
        ({"a": [1]}, {"a": [1, 2]}, "/a is [1, 2] and was [1]"),
        ({"a": 1}, {"a": True}, "/a is true and was 1"),
        ({"a": 1}, {"a": 1.0}, "/a is 1.0 and was 1"),
    ],
)
def test_the_first_difference_is_named(original: Any, ours: Any, said: str) -> None:
    assert first_difference(original, ours) == said


@pytest.mark.parametrize(
    ("original", "ours", "outcome"),
    [
        (_answer({"app": DOCUMENT}), _answer({"app": DOCUMENT}), "passed"),
        (_answer({"app": DOCUMENT}), _answer({"app": {}}), "failed"),
        (_answer({"app": DOCUMENT}), _answer({}), "failed"),
        (_answer({"app": DOCUMENT}), _answer({}, "NameError: no"), "failed"),
        (_answer({}), _answer({}), "skipped"),
        (_answer({}, "fastapi.e.MyError: x"), _answer({}, "jebi.e.MyError: y"), "skipped"),
        (_answer({}, "fastapi.e.MyError: x"), _answer({}, "TypeError: y"), "failed"),
        (_answer({}, "fastapi.e.MyError: x"), _answer({"app": DOCUMENT}), "failed"),
    ],
)
def test_outcomes(original: dict[str, Any], ours: dict[str, Any], outcome: str) -> None:
    assert judge(original, ours)[0] == outcome
