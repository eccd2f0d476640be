"""Scopes as other servers and adapters write them."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any

import pytest

from jebi import Cookie, FastAPI, Header

app = FastAPI()


@app.get("/")
async def show(
    given: Annotated[str | None, Header()] = None, kept: Annotated[str | None, Cookie()] = None
) -> list[str | None]:
    return [given, kept]


async def answer(headers: Any) -> Any:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "path": "/", "method": "GET", "query_string": b"", "headers": headers}
    await app(scope, receive, send)
    return json.loads(sent[-1]["body"])


@pytest.mark.parametrize("kind", [tuple, list])
@pytest.mark.parametrize("outer", [tuple, list])
def test_headers_are_pairs_of_any_kind(outer: Any, kind: Any) -> None:
    headers = outer(map(kind, [(b"given", b"1"), (b"cookie", b"kept=2")]))
    assert asyncio.run(answer(headers)) == ["1", "2"]
