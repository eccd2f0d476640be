"""Requests: scope and body."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from jebi.web.exceptions import HTTPException
from jebi.web.requests import ClientDisconnect, Request, cookie_parser


def request(*messages: dict[str, Any], headers: Any = (), **scope: Any) -> Request:
    rest = list(messages)

    async def receive() -> Any:
        if not rest:
            await anyio.sleep_forever()
        return rest.pop(0)

    return Request({"type": "http", "headers": headers, **scope}, receive)


def part(body: bytes, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


@pytest.mark.parametrize(
    ("header", "cookies"),
    [
        ("a=1; b=2; a=3", {"a": "3", "b": "2"}),
        ('a="x\\054y\\"z"', {"a": 'x,y"z'}),
        ("novalue", {"": "novalue"}),
        ("=v; ; a = b = c", {"": "v", "a": "b = c"}),
    ],
)
def test_cookies(header: str, cookies: dict[str, str]) -> None:
    assert cookie_parser(header) == cookies
    assert request(headers=[(b"cookie", header.encode())]).cookies == cookies


def test_the_body_is_read_once_and_kept() -> None:
    asked = request(part(b'{"a"', more=True), part(b":1}"))

    async def read() -> None:
        assert await asked.json() == {"a": 1}
        assert await asked.body() == b'{"a":1}'
        assert [chunk async for chunk in asked.stream()] == [b'{"a":1}', b""]

    anyio.run(read)


def test_a_stream_cannot_be_read_twice() -> None:
    asked = request(part(b"a"))

    async def read() -> None:
        assert [chunk async for chunk in asked.stream()] == [b"a", b""]
        with pytest.raises(RuntimeError, match="Stream consumed"):
            await asked.body()

    anyio.run(read)


def test_a_client_that_goes_away() -> None:
    async def read() -> None:
        asked = request(part(b"a", more=True), {"type": "http.disconnect"})
        with pytest.raises(ClientDisconnect):
            await asked.body()
        assert await asked.is_disconnected()
        assert not await request().is_disconnected()

    anyio.run(read)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"max_fields": 1}, "Too many fields. Maximum number of fields is 1."),
        ({"max_part_size": 1}, "Field exceeded maximum size of 0KB."),
    ],
)
def test_limits_hold_for_urlencoded_forms(limits: dict[str, int], message: str) -> None:
    urlencoded = [(b"content-type", b"application/x-www-form-urlencoded")]
    asked = request(part(b"a=1&b=2"), headers=urlencoded, app=None)

    async def read() -> None:
        with pytest.raises(HTTPException) as caught:
            await asked.form(**limits)
        assert (caught.value.status_code, caught.value.detail) == (400, message)

    anyio.run(read)


def test_urls_inside_of_a_mount_start_at_the_outermost_application() -> None:
    asked = request(
        path="/outer/mount/x",
        root_path="/outer/mount",
        app_root_path="/outer",
        query_string=b"q=1",
        headers=[(b"host", b"h")],
    )
    assert str(asked.url) == "http://h/outer/mount/x?q=1"
    assert str(asked.base_url) == "http://h/outer/"


def test_a_request_equals_only_itself() -> None:
    assert request() != request()
    assert len({request(), request()}) == 2
    assert request(state={"a": 1}).state.a == 1
