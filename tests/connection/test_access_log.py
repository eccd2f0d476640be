"""The access log that the engine writes."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
from typing import TYPE_CHECKING, Any

import pytest

from jebi import APIRouter, FastAPI, Request, WebSocket
from jebi._engine import AccessLog, ProxySettings
from jebi._native import compile_native
from jebi.web.responses import JSONResponse, StreamingResponse
from tests.connection.peers import Client, Served, body, echo, hello, start
from tests.connection.websockets import handshake
from tests.http2.fields import ask
from tests.http2.peer import connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    Serve = Callable[..., Served]

GET = b"GET /a%20b?q=1 HTTP/1.1\r\nHost: test\r\nUser-Agent: me\r\nReferer: here\r\n\r\n"


class Log:
    """A log in a file, and the lines that came into it."""

    def __init__(self, where: Path, form: str) -> None:
        self.path = where / "access.log"
        self.log = AccessLog(form, self.path)

    def line(self, served: Served) -> str:
        """The only line, once the iteration that it belongs to is over."""
        lines = self.lines(served)
        assert len(lines) == 1
        return lines[0]

    def lines(self, served: Served) -> list[str]:
        """The lines so far."""
        for _ in range(2):
            served.on_loop(lambda: None)
        return self.path.read_text().splitlines()


@pytest.fixture
def logged(serve: Serve, tmp_path: Path) -> Callable[..., tuple[Served, Log]]:
    def start(form: str, application: Any = hello, **options: Any) -> tuple[Served, Log]:
        log = Log(tmp_path, form)
        return serve(application, access_log=log.log, **options), log

    return start


def test_combined(logged: Callable[..., tuple[Served, Log]]) -> None:
    served, log = logged("combined")
    with served.connect() as client:
        client.ask(GET)
        line = log.line(served)
    pattern = (
        r"127\.0\.0\.1 - - \[\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "
        r'"GET /a%20b\?q=1 HTTP/1\.1" 200 5 "here" "me"'
    )
    assert re.fullmatch(pattern, line)


def test_json(logged: Callable[..., tuple[Served, Log]]) -> None:
    served, log = logged("json")
    served.ask(GET)
    entry = json.loads(log.line(served))
    assert entry.pop("duration_ms") >= 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", entry.pop("time"))
    assert re.fullmatch("[0-9a-f]{32}", entry.pop("request_id"))
    assert entry == {
        "remote_addr": "127.0.0.1",
        "method": "GET",
        "uri": "/a%20b?q=1",
        "route": "",
        "protocol": "HTTP/1.1",
        "scheme": "http",
        "host": "test",
        "status": 200,
        "request_bytes": len(GET),
        "body_bytes": 5,
        "referer": "here",
        "user_agent": "me",
    }


def test_the_line_of_uvicorn(logged: Callable[..., tuple[Served, Log]]) -> None:
    served, log = logged("uvicorn")
    with served.connect() as client:
        port = client.socket.getsockname()[1]
        client.ask(GET)
    expected = f'INFO:     127.0.0.1:{port} - "GET /a%20b?q=1 HTTP/1.1" 200 OK'
    assert log.line(served) == expected


def test_every_variable(logged: Callable[..., tuple[Served, Log]]) -> None:
    credentials = base64.b64encode(b"ann:secret").decode()
    request = (
        "POST /a%20b?q=1 HTTP/1.1\r\nHost: h:1\r\nX-Own: o\r\nContent-Length: 3\r\n"
        f"Authorization: Basic {credentials}\r\n\r\nabc"
    ).encode()
    form = (
        "$remote_user ${uri} $args $server_protocol $http_x_own $http_none "
        "$sent_http_content_length $request_method $scheme $host $status $reason "
        "$request_length $connection_requests $pid $body_bytes_sent $bytes_sent $request_time $msec"
    )
    served, log = logged(form, echo)
    with served.connect() as client:
        client.send(request)
        answer = client.until(b"\r\n\r\n")
        client.take(13)
    words = log.line(served).split(" ")
    assert words[:8] == ["ann", "/a", "b", "q=1", "HTTP/1.1", "o", "-", "13"]
    assert words[8:13] == ["POST", "http", "h:1", "200", "OK"]
    assert words[13:16] == [str(len(request)), "1", str(os.getpid())]
    assert words[16:18] == ["13", str(len(answer) + 13)]
    assert all(re.fullmatch(r"\d+\.\d{3}", word) for word in words[18:])


HOSTILE = b'GET /"%0a\\?"a HTTP/1.1\r\nHost: test\r\nUser-Agent: "}[2J\xff\xc2\x85\\\r\n\r\n'


def test_nothing_that_a_client_sends_leaves_its_place(
    logged: Callable[..., tuple[Served, Log]],
) -> None:
    served, log = logged('$status "$http_user_agent" "$uri"')
    status = served.ask(HOSTILE).status
    assert log.line(served) == rf'{status} "\x22}}[2J\xFF\xC2\x85\x5C" "/\x22\x0A\x5C"'


def test_nor_in_json(logged: Callable[..., tuple[Served, Log]]) -> None:
    served, log = logged('{"agent":"$http_user_agent","uri":"$uri","none":"$http_none"}')
    served.ask(HOSTILE)
    line = log.line(served)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", line)
    assert json.loads(line) == {"agent": '"}[2J\ufffd\x85\\', "uri": '/"\n\\', "none": ""}


def test_a_long_value_is_cut(logged: Callable[..., tuple[Served, Log]]) -> None:
    served, log = logged("$http_x|$status")
    served.ask(b"GET / HTTP/1.1\r\nHost: test\r\nX: " + b"x" * 30_000 + b"\r\n\r\n")
    assert log.line(served) == "x" * 4096 + "...|200"


def test_routes_go_by_their_template(logged: Callable[..., tuple[Served, Log]]) -> None:
    app, inner, router = FastAPI(), FastAPI(), APIRouter(prefix="/r")

    @app.get("/items/{item}")
    async def native(item: int) -> int:
        return item

    @app.get("/raw/{rest:path}")
    async def general(rest: str, request: Request) -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"abc"
            await asyncio.sleep(0)
            yield b"def"

        return StreamingResponse(pieces())

    @inner.get("/x/{y}")
    async def mounted(y: str) -> str:
        return y

    @router.get("/{z}")
    def in_the_pool(z: str) -> str:
        return z

    app.include_router(router)
    app.mount("/sub", inner)
    served, log = logged("$route $status $body_bytes_sent", compile_native(app), root_path="/root")
    paths = ["/items/1", "/items/x", "/raw/a/b", "/r/1", "/sub/x/1", "/none"]
    for path in paths:
        served.ask(f"GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n".encode())
    assert [line.split() for line in log.lines(served)] == [
        ["/items/{item}", "200", "1"],
        ["/items/{item}", "422", "147"],
        ["/raw/{rest:path}", "200", "6"],
        ["/r/{z}", "200", "3"],
        ["/sub/x/{y}", "200", "3"],
        ["-", "404", "22"],
    ]


def test_what_the_server_answers_itself(logged: Callable[..., tuple[Served, Log]]) -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError

    served, log = logged("$status", broken, limit_concurrency=1)
    served.ask(GET)
    assert log.line(served) == "500"


def test_a_body_that_took_too_long(logged: Callable[..., tuple[Served, Log]]) -> None:
    served, log = logged("$status $route", echo, body_timeout=0.1)
    with served.connect() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\na")
        assert client.answer().status == 408
    assert log.line(served) == "408 -"


def test_a_client_that_left(logged: Callable[..., tuple[Served, Log]]) -> None:
    entered = []

    async def waiting(scope: Any, receive: Any, send: Any) -> None:
        entered.append(scope)
        while (await receive())["type"] != "http.disconnect":
            pass
        await asyncio.sleep(0)

    served, log = logged("$status $body_bytes_sent", waiting)
    with served.connect() as client:
        client.send(GET)
        while not entered:
            served.on_loop(lambda: None)
        client.socket.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SO_LINGER: a reset
    while served.on_loop(lambda: served.server.connections):
        pass
    assert log.line(served) == "499 0"


def test_a_websocket_has_one_line_at_its_end(logged: Callable[..., tuple[Served, Log]]) -> None:
    app = FastAPI()

    @app.websocket("/ws/{room}")
    async def ws(websocket: WebSocket, room: str) -> None:
        await websocket.accept()
        await websocket.close()

    served, log = logged("$status $request", compile_native(app))
    with served.connect() as client:
        client.send(handshake(b"/ws/1"))
        assert client.head().status == 101
    while served.on_loop(lambda: served.server.connections):
        pass
    assert log.line(served) == "101 GET /ws/1 HTTP/1.1"


def test_pipelined_requests_are_one_write(
    logged: Callable[..., tuple[Served, Log]], tmp_path: Path
) -> None:
    served, log = logged("$connection_requests")
    with served.connect() as client:
        client.send(GET * 50)
        for _ in range(50):
            client.answer()
    assert log.lines(served) == [str(number) for number in range(1, 51)]


def test_the_file_is_opened_anew(logged: Callable[..., tuple[Served, Log]], tmp_path: Path) -> None:
    served, log = logged("$request_uri")
    served.ask(b"GET /1 HTTP/1.1\r\nHost: test\r\n\r\n")
    assert log.lines(served) == ["/1"]
    moved = log.path.rename(tmp_path / "access.log.1")
    served.ask(b"GET /2 HTTP/1.1\r\nHost: test\r\n\r\n")
    for _ in range(2):
        served.on_loop(lambda: None)
    served.on_loop(served.server.reopen_access_log)
    served.ask(b"GET /3 HTTP/1.1\r\nHost: test\r\n\r\n")
    assert log.lines(served) == ["/3"]
    assert moved.read_text() == "/1\n/2\n"
    tmp_path.joinpath("access.log").unlink()
    log.path.mkdir()
    with pytest.raises(IsADirectoryError):
        served.on_loop(served.server.reopen_access_log)
    assert served.ask(GET).status == 200


def test_a_full_disk_is_said_once_and_costs_no_request(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    served = serve(hello, access_log=AccessLog("$status", "/dev/full"))
    assert served.ask().status == 200
    for _ in range(2):
        served.on_loop(lambda: None)
    assert "1 line(s) of the access log could not be written: " in caplog.text


def test_numbers_of_requests(logged: Callable[..., tuple[Served, Log]]) -> None:
    async def tell(scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        await send(body(scope["state"]["request_id"].encode()))

    proxies = ProxySettings(["127.0.0.1"], [])
    served, log = logged("$request_id", tell, request_ids=True, proxies=proxies)

    def ask(line: str) -> str:
        head = f"GET / HTTP/1.1\r\nHost: test\r\n{line}Connection: close\r\n\r\n"
        answer = served.ask(head.encode())
        assert answer.body.decode() == answer.get("x-request-id")
        return answer.body.decode()

    told = [ask("X-Request-ID: abc-1\r\n"), ask("X-Request-ID: a b\r\n"), ask("")]
    assert log.lines(served) == told
    assert told[0] == "abc-1"
    assert told[1] != told[2]
    assert all(re.fullmatch("[0-9a-f]{32}", number) for number in told[1:])


def test_a_strangers_number_is_not_taken(serve: Serve) -> None:
    app = FastAPI()

    @app.get("/")
    async def x() -> JSONResponse:
        return JSONResponse({})

    served = serve(compile_native(app), request_ids=True)
    answer = served.ask(b"GET / HTTP/1.1\r\nHost: test\r\nX-Request-ID: abc\r\n\r\n")
    assert re.fullmatch("[0-9a-f]{32}", answer.get("x-request-id") or "")
    assert serve(compile_native(app)).ask().get("x-request-id") is None


def test_the_client_behind_a_proxy(logged: Callable[..., tuple[Served, Log]]) -> None:
    proxies = ProxySettings(["127.0.0.1"], ["for", "proto"])
    served, log = logged("$remote_addr $remote_port $scheme", proxies=proxies)
    lines = "X-Forwarded-For: 192.0.2.1:5\r\nX-Forwarded-Proto: https\r\n"
    served.ask(f"GET / HTTP/1.1\r\nHost: test\r\n{lines}\r\n".encode())
    assert log.line(served) == "192.0.2.1 5 https"


@pytest.mark.parametrize("form", ["jsn", "$nothing", "", "$status\n$status"])
def test_what_is_no_format(form: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"variable|control"):
        AccessLog(form, tmp_path / "log")


def test_a_file_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        AccessLog("json", tmp_path / "none" / "log")


def test_lines_of_several_processes_are_not_torn(tmp_path: Path) -> None:
    """Two servers on one file, as two workers have it."""
    path = tmp_path / "log"
    request = b"GET /" + b"x" * 300 + b" HTTP/1.1\r\nHost: test\r\n\r\n"

    def ask(client: Client) -> None:
        client.send(request * 200)
        for _ in range(200):
            client.answer()

    servers = [Served(hello, {"access_log": AccessLog("$uri $status", path)}) for _ in range(2)]
    with servers[0] as one, servers[1] as other, one.connect() as left, other.connect() as right:
        for _ in range(3):
            ask(left)
            ask(right)
    lines = path.read_text().splitlines()
    assert lines == ["/" + "x" * 300 + " 200"] * 1200


def test_requests_over_http2(logged: Callable[..., tuple[Served, Log]]) -> None:
    proxies = ProxySettings(["127.0.0.1"], ["for"])
    served, log = logged("$status $body_bytes_sent $remote_addr $request", proxies=proxies)
    with connect(served.listener.getsockname()) as peer:
        peer.begin()
        peer.ask(1, ask(b"GET", b"/x?y", (b"x-forwarded-for", b"192.0.2.1")))
    assert log.line(served) == "200 5 192.0.2.1 GET /x?y HTTP/2"
