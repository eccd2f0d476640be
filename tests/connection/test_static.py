"""Files that the server answers with itself."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

import jebi.loop
from jebi._engine import HttpServer
from tests.connection.peers import Served, body, start, with_length

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Serve = Callable[..., Served]

BIG = bytes(range(256)) * 4096 * 5  # 5 MiB


async def elsewhere(scope: Any, receive: Any, send: Any) -> None:
    """The application behind the files: says what it was asked for."""
    text = f"{scope['method']} {scope['path']}".encode()
    await send(start(404, with_length(text)))
    await send(body(text))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "dist"
    (root / "docs").mkdir(parents=True)
    (root / "empty").mkdir()
    (root / "app.js").write_text("let x = 1")
    (root / "app.js.br").write_bytes(b"brotli")
    (root / "app.js.gz").write_bytes(b"gzip")
    (root / "a b.txt").write_text("blank")
    (root / "nothing.css").write_bytes(b"")
    (root / "logo.png").write_bytes(b"png")
    (root / "logo.png.gz").write_bytes(b"never")
    (root / "docs" / "index.html").write_text("<h1>docs</h1>")
    (root / "big.bin").write_bytes(BIG)
    return root


@pytest.fixture
def served(serve: Serve, root: Path) -> Served:
    return serve(elsewhere, static_files=[("/assets", str(root))])


def request(path: str, *headers: str, method: str = "GET") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: test", *headers, "", ""]
    return "\r\n".join(lines).encode()


def test_a_file_is_answered_with_what_it_is(served: Served, root: Path) -> None:
    answer = served.ask(request("/assets/app.js"))
    assert (answer.status, answer.body) == (200, b"let x = 1")
    assert answer.get("content-type") == "text/javascript; charset=utf-8"
    assert answer.get("accept-ranges") == "bytes"
    assert answer.get("etag")
    assert answer.get("last-modified")
    assert answer.get("server") == "jebi"
    assert served.ask(request("/assets/a%20b.txt")).body == b"blank"
    empty = served.ask(request("/assets/nothing.css"))
    assert (empty.status, empty.body, empty.get("content-length")) == (200, b"", "0")
    (root / "app.js").write_text("let x = 2")
    assert served.ask(request("/assets/app.js")).body == b"let x = 2"


def test_the_application_gets_what_no_file_answers(served: Served) -> None:
    for path in [
        "/",
        "/assets/none.js",
        "/assets/empty/",
        "/assets/",
        "/assetsx",
        "/assets/app.js/",
    ]:
        answer = served.ask(request(path))
        assert (answer.status, answer.body) == (404, f"GET {path}".encode())
    answer = served.ask(request("/assets/none.js", "content-length: 2", method="POST") + b"{}")
    assert answer.body == b"POST /assets/none.js"


def test_only_reading_is_allowed(served: Served) -> None:
    with served.connect() as client:
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "get"]:
            answer = client.ask(
                request("/assets/app.js", "content-length: 2", method=method) + b"{}"
            )
            assert (answer.status, answer.get("allow")) == (405, "GET, HEAD")
        client.send(request("/assets/app.js", method="HEAD"))
        head = client.answer(head_only=True)
        assert (head.status, head.get("content-length")) == (200, "9")
        assert client.ask(request("/assets/app.js")).headers == head.headers


def test_a_directory_is_its_index(served: Served, serve: Serve, root: Path) -> None:
    answer = served.ask(request("/assets/docs/"))
    assert (answer.status, answer.body) == (200, b"<h1>docs</h1>")
    answer = served.ask(request("/assets/docs?a=1&b"))
    assert (answer.status, answer.get("location")) == (307, "./docs/?a=1&b")
    whole = serve(elsewhere, static_files=[("/", str(root / "docs"))])
    assert whole.ask(request("/")).body == b"<h1>docs</h1>"


def test_the_longest_mount_is_asked(serve: Serve, root: Path) -> None:
    mounts = [("/", str(root)), ("/app.js", str(root / "docs"))]
    served = serve(elsewhere, static_files=mounts)
    assert served.ask(request("/app.js/index.html")).body == b"<h1>docs</h1>"
    assert served.ask(request("/big.bin", "range: bytes=0-3")).body == b"\0\1\2\3"
    assert served.ask(request("/api")).body == b"GET /api"


def test_variants(served: Served) -> None:
    for accept, coding, content in [
        ("gzip, br", "br", b"brotli"),
        ("gzip", "gzip", b"gzip"),
        ("br;q=0, gzip;q=0.1", "gzip", b"gzip"),
        ("zstd", None, b"let x = 1"),
        ("identity", None, b"let x = 1"),
    ]:
        answer = served.ask(request("/assets/app.js", f"accept-encoding: {accept}"))
        assert (answer.get("content-encoding"), answer.body) == (coding, content)
        assert answer.get("vary") == "accept-encoding"
        assert answer.get("content-type") == "text/javascript; charset=utf-8"
    # What is compressed by its kind has none, whatever lies there.
    answer = served.ask(request("/assets/logo.png", "accept-encoding: gzip"))
    assert (answer.body, answer.get("vary"), answer.get("content-encoding")) == (b"png", None, None)
    assert served.ask(request("/assets/app.js.br")).get("content-type") == "application/x-brotli"


def test_conditions(served: Served) -> None:
    first = served.ask(request("/assets/app.js"))
    etag, modified = first.get("etag"), first.get("last-modified")
    with served.connect() as client:
        for header, status in [
            (f"if-none-match: {etag}", 304),
            (f"if-modified-since: {modified}", 304),
            ('if-none-match: "other"', 200),
            (f"if-match: {etag}", 200),
            ('if-match: "other"', 412),
            ("if-unmodified-since: Thu, 01 Jan 1970 00:00:00 GMT", 412),
        ]:
            answer = client.ask(request("/assets/app.js", header))
            assert answer.status == status, header
            assert answer.body == (b"let x = 1" if status == 200 else b"")
    assert client.pending == b""


def test_ranges(served: Served, root: Path) -> None:
    with served.connect() as client:
        one = client.ask(request("/assets/big.bin", "range: bytes=100000-1099999"))
        assert (one.status, one.get("content-range")) == (206, f"bytes 100000-1099999/{len(BIG)}")
        assert one.body == BIG[100000:1100000]
        assert client.ask(request("/assets/app.js", "range: bytes=-3")).body == b"= 1"
        none = client.ask(request("/assets/app.js", "range: bytes=9-"))
        assert (none.status, none.get("content-range"), none.body) == (416, "bytes */9", b"")
        several = client.ask(request("/assets/big.bin", "range: bytes=0-2,70000-199999"))
        assert several.status == 206
        kind, _, boundary = (several.get("content-type") or "").partition("; boundary=")
        assert kind == "multipart/byteranges"
        parts = several.body.split(f"--{boundary}".encode())
        assert [part.partition(b"\r\n\r\n")[2] for part in parts[1:-1]] == [
            BIG[0:3] + b"\r\n",
            BIG[70000:200000] + b"\r\n",
        ]
        assert parts[-1] == b"--\r\n"
        etag = several.get("etag")
        os.utime(root / "big.bin", (1, 1))
        changed = client.ask(request("/assets/big.bin", "range: bytes=0-2", f"if-range: {etag}"))
        assert (changed.status, len(changed.body)) == (200, len(BIG))


def test_a_big_file_leaves_in_order_between_others(served: Served) -> None:
    with served.connect() as client:
        client.send(
            request("/assets/app.js")
            + request("/assets/big.bin")
            + request("/nobody")
            + request("/assets/big.bin", method="HEAD")
            + request("/assets/app.js")
        )
        assert client.answer().body == b"let x = 1"
        # Nothing more is taken while the client does not read, and others are served.
        assert served.ask(request("/assets/app.js")).status == 200
        assert client.answer().body == BIG
        assert client.answer().body == b"GET /nobody"
        assert client.answer(head_only=True).get("content-length") == str(len(BIG))
        assert client.answer().body == b"let x = 1"


def test_the_connection_ends_after_the_file(served: Served) -> None:
    with served.connect() as client:
        client.send(b"GET /assets/big.bin HTTP/1.0\r\n\r\n")
        client.finish()
        answer = client.answer()
        assert (answer.body, client.rest()) == (BIG, b"")


def test_a_file_that_shrinks_cuts_the_connection(served: Served, root: Path) -> None:
    (root / "big.bin").write_bytes(BIG * 8)
    with served.connect() as client:
        client.send(request("/assets/big.bin"))
        length = int(client.head().get("content-length") or 0)
        os.truncate(root / "big.bin", 1000)
        received = 0
        with contextlib.suppress(ConnectionResetError):
            while client.more():
                received = len(client.pending)
        assert received < length
    assert served.ask(request("/assets/app.js")).status == 200


def test_a_slow_client_is_served_to_the_end_while_it_reads(serve: Serve, root: Path) -> None:
    (root / "big.bin").write_bytes(BIG * 2)
    options = {"static_files": [("/assets", str(root))], "write_timeout": 0.3, "write_rate": 240}
    with serve(elsewhere, **options).connect() as client:
        # So little is in the kernel's hands that the server notices how fast it is taken.
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 18)
        client.send(request("/assets/big.bin"))
        left = int(client.head().get("content-length") or 0) - len(client.pending)
        pause = 1.0 / (left // (1 << 19))
        received = 0
        while received < left:
            received += len(client.socket.recv(min(1 << 19, left - received), socket.MSG_WAITALL))
            time.sleep(pause)  # the client's own pace, not a wait for anything
        assert received == left


def test_a_client_that_leaves_costs_nothing(served: Served) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        with served.connect() as client:
            client.send(request("/assets/big.bin"))
            client.head()
    assert served.ask(request("/assets/app.js", "connection: close")).status == 200

    async def gone() -> None:
        while served.server.connections:
            await asyncio.sleep(0)

    served.wait_for(gone)
    assert len(os.listdir("/proc/self/fd")) <= before


def test_requests_are_logged(serve: Serve, root: Path) -> None:
    logged: list[tuple[str, str, int]] = []

    def log(client: str, method: str, path: str, version: str, status: int) -> None:
        logged.append((method, path, status))

    served = serve(elsewhere, static_files=[("/assets", str(root))], access_log=log)
    served.ask(request("/assets/app.js?v=1"))
    served.ask(request("/assets/docs"))
    served.ask(request("/assets/app.js", method="PUT"))
    assert logged == [
        ("GET", "/assets/app.js?v=1", 200),
        ("GET", "/assets/docs", 307),
        ("PUT", "/assets/app.js", 405),
    ]


def test_caches_are_told_what_the_operator_says(serve: Serve, root: Path) -> None:
    options = {"static_files": [("/a", str(root))], "static_cache_control": "max-age=60"}
    answer = serve(elsewhere, **options).ask(request("/a/app.js"))
    assert answer.get("cache-control") == "max-age=60"


@pytest.mark.parametrize(
    ("mounts", "said"),
    [
        ([("assets", ".")], "a mount is a plain path"),
        ([("/a", "."), ("/a/", ".")], "two directories"),
        ([("/a", "/no/such/directory")], "/no/such/directory"),
        ([("/a", __file__)], "test_static.py"),
    ],
)
def test_mistakes_are_found_at_once(mounts: list[tuple[str, str]], said: str) -> None:
    async def make() -> None:
        HttpServer(loop, [], elsewhere, static_files=mounts)

    loop = jebi.loop.new_event_loop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner, pytest.raises(ValueError, match=said):
        runner.run(make())
