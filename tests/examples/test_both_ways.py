"""The examples' answers are the same through their plans and in their ASGI form."""

from __future__ import annotations

import json
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jebi import FastAPI
from jebi._native import compile_native
from tests.connection.peers import Served
from tests.plan.both_ways import compare, get

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = sorted(Path(__file__).parents[2].joinpath("examples").glob("*/main.py"))
VALUES = ["1", "0", "-7", "x", "1.5", "%20", "9" * 40, "1/2"]


@pytest.fixture(params=EXAMPLES, ids=[path.parent.name for path in EXAMPLES])
def app(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[FastAPI]:
    folder: Path = request.param.parent
    names = [path.stem for path in folder.glob("*.py")]
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("BURGER_SECONDS", "0.001")
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)
    found = import_module("main").app
    assert isinstance(found, FastAPI)
    yield found
    for name in names:
        sys.modules.pop(name, None)


def requests_for(app: FastAPI) -> list[bytes]:
    """Every operation that the document knows, with values that fit and that do not, and more."""
    targets = ["/", "/openapi.json", "/docs", "/redoc", "/nowhere", "/docs/"]
    for path in app.openapi()["paths"]:
        targets += dict.fromkeys(re.sub(r"{\w+}", value, path) for value in VALUES)
    methods = ("GET", "HEAD", "POST", "OPTIONS")
    return [get(target, method=method) for target in targets for method in methods]


def without_times(answer: bytes) -> bytes:
    """Who did something, and when, is never the same."""
    head, blank, body = answer.partition(b"\r\n\r\n")
    body = re.sub(rb'"(cook|started|finished)":("[^"]*"|[0-9.e-]+)', rb'"\1":0', body)
    return re.sub(rb"content-length: \d+", b"content-length: n", head) + blank + body


def test_the_answers_are_the_same(app: FastAPI) -> None:
    app.middleware_stack = app.build_middleware_stack()
    native = compile_native(app)
    assert native is not None
    options = {"date_header": False}
    with Served(native, options) as one, Served(app, options) as two:
        answers = compare(one, two, requests_for(app), without_times)
    documents = [answer.partition(b"\r\n\r\n")[2] for answer in answers]
    assert any(json.loads(document) == "ding" for document in documents if document[:1] == b'"')
