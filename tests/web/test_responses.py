"""Responses: what goes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from jebi.web.background import BackgroundTasks
from jebi.web.requests import ClientDisconnect
from jebi.web.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from jebi.web.responses.ranges import parse_range_header
from jebi.web.testclient import TestClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path


def test_a_plain_response_is_ready_at_once() -> None:
    response = Response("h\u00e9", headers={"X-A": "1"}, media_type="text/plain")
    assert response.body == "h\u00e9".encode()
    assert response.raw_headers == [
        (b"x-a", b"1"),
        (b"content-length", b"3"),
        (b"content-type", b"text/plain; charset=utf-8"),
    ]


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_a_body_has_no_length(status: int) -> None:
    assert Response(status_code=status).raw_headers == []


def test_json_is_compact_and_strict() -> None:
    response = JSONResponse({"a": [1, "\u00e9"]})
    assert response.body == b'{"a":[1,"\xc3\xa9"]}'
    assert response.headers["content-type"] == "application/json"
    with pytest.raises(ValueError, match="JSON"):
        JSONResponse(float("nan"))


def test_the_other_kinds() -> None:
    assert HTMLResponse("<p>").headers["content-type"] == "text/html; charset=utf-8"
    assert PlainTextResponse("x").headers["content-length"] == "1"
    assert RedirectResponse("/a b?c=d%20e").headers["location"] == "/a%20b?c=d%20e"
    assert Response(memoryview(b"abcd")[::2]).body == b"ac"


def test_cookies() -> None:
    response = Response()
    response.set_cookie("a", "b;c", max_age=5, path="/x", httponly=True, secure=True)
    response.delete_cookie("a")
    first, second = response.headers.getlist("set-cookie")
    assert first == 'a="b\\073c"; HttpOnly; Max-Age=5; Path=/x; SameSite=lax; Secure'
    assert second.startswith('a=""; expires=')
    assert "Max-Age=0" in second


@pytest.mark.parametrize("attribute", ["path", "domain"])
@pytest.mark.parametrize("value", ["x; secure", "x\r\nset-cookie: a=b"])
def test_a_cookie_attribute_cannot_end_itself(attribute: str, value: str) -> None:
    options: dict[str, Any] = {attribute: value}
    with pytest.raises(ValueError, match=attribute):
        Response().set_cookie("a", "b", **options)


def test_streams_of_both_kinds() -> None:
    async def asynchronous() -> AsyncIterator[str]:
        yield "a"
        yield "b"

    def blocking() -> Iterator[bytes]:
        yield b"c"
        yield b"d"

    done: list[int] = []
    tasks = BackgroundTasks()
    tasks.add_task(done.append, 1)
    client = TestClient(StreamingResponse(asynchronous(), background=tasks))
    assert client.get("/").text == "ab"
    assert done == [1]
    assert TestClient(StreamingResponse(blocking())).get("/").text == "cd"


def test_a_stream_ends_when_the_client_goes() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x"
            await anyio.lowlevel.checkpoint()

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            raise OSError

    async def ignore(message: Any) -> None:
        pass

    async def run() -> None:
        await StreamingResponse(endless())({"type": "http"}, receive, ignore)
        modern = {"type": "http", "asgi": {"spec_version": "2.4"}}
        with pytest.raises(ClientDisconnect):
            await StreamingResponse(endless())(modern, receive, send)

    anyio.run(run)


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    (tmp_path / "a.txt").write_bytes(b"0123456789")
    return TestClient(FileResponse(tmp_path / "a.txt", filename="\u00e9.txt"))


def test_a_file(client: TestClient) -> None:
    response = client.get("/")
    assert response.content == b"0123456789"
    assert response.headers["accept-ranges"] == "bytes"
    assert response.headers["content-disposition"] == "attachment; filename*=utf-8''%C3%A9.txt"
    assert client.head("/").headers["content-length"] == "10"


@pytest.mark.parametrize(
    ("wanted", "status", "body"),
    [
        ("bytes=2-4", 206, b"234"),
        ("bytes=8-", 206, b"89"),
        ("bytes=-3", 206, b"789"),
        ("bytes=0-2,1-5", 206, b"012345"),
        ("bytes=10-", 416, b""),
        ("bytes=+1-2", 400, b"Range header: range must be requested"),
        (
            "bytes=\u0661-2".encode().decode("latin-1"),
            400,
            b"Range header: range must be requested",
        ),
        ("lines=1-2", 400, b"Only support bytes range"),
    ],
)
def test_ranges(client: TestClient, wanted: str, status: int, body: bytes) -> None:
    response = client.get("/", headers=[(b"range", wanted.encode("latin-1"))])
    assert (response.status_code, response.content) == (status, body)


def test_several_ranges_are_parts(client: TestClient) -> None:
    response = client.get("/", headers={"range": "bytes=0-1, 4-5"})
    assert response.status_code == 206
    boundary = response.headers["content-type"].removeprefix("multipart/byteranges; boundary=")
    assert (
        response.content
        == (
            f"--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n"
            f"Content-Range: bytes 0-1/10\r\n\r\n01\r\n"
            f"--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n"
            f"Content-Range: bytes 4-5/10\r\n\r\n45\r\n--{boundary}--"
        ).encode()
    )
    assert response.headers["content-length"] == str(len(response.content))


def test_a_range_is_only_for_the_same_file(client: TestClient) -> None:
    etag = client.get("/").headers["etag"]
    same = client.get("/", headers={"range": "bytes=0-1", "if-range": etag})
    other = client.get("/", headers={"range": "bytes=0-1", "if-range": f"W/{etag}"})
    assert (same.status_code, other.status_code) == (206, 200)


def test_too_many_ranges_are_the_whole_file() -> None:
    many = "bytes=" + ",".join("0-0" for _ in range(101))
    assert parse_range_header(many, 10, max_ranges=100) == []
    assert parse_range_header("bytes=0-" + "9" * 5000, 10, max_ranges=100) == [(0, 10)]
