"""The contract with an ASGI application, message by message."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import logging
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from tests.connection.peers import GET, Served, body, hello, read_body, start, with_length

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Served]
    Log = pytest.LogCaptureFixture

EXTENSIONS = ("http.response.pathsend", "http.response.early_hint", "http.response.trailers")


def text_of(error: BaseException) -> bytes:
    return f"{type(error).__name__}: {error}".encode()


def test_the_scope(serve: Serve) -> None:
    scopes: list[dict[str, Any]] = []
    given = {"pool": object()}

    async def application(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        scope["state"]["mine"] = len(scopes)
        await hello(scope, receive, send)

    served = serve(application, state=given, root_path="/api")
    with served.connect() as client:
        name = client.socket.getsockname()
        client.ask(b"GET /caf%C3%A9%2Fx?q=%41 HTTP/1.1\r\nHOST: test\r\nX-A: 1\r\nx-a:  2 \r\n\r\n")
        client.ask(b"OPTIONS * HTTP/1.0\r\n\r\n")
    first, second = scopes
    assert first == {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": served.listener.getsockname(),
        "client": name,
        "scheme": "http",
        "method": "GET",
        "root_path": "/api",
        "path": "/api/café/x",
        "raw_path": b"/api/caf%C3%A9%2Fx",
        "query_string": b"q=%41",
        "headers": [(b"host", b"test"), (b"x-a", b"1"), (b"x-a", b"2")],
        "state": {**given, "mine": 1},
        "extensions": {name: {} for name in EXTENSIONS},
    }
    assert (second["method"], second["path"], second["http_version"]) == ("OPTIONS", "/api*", "1.0")
    assert given == {"pool": given["pool"]}, "what a request adds is its own"


def test_the_host_of_an_absolute_target_prevails(serve: Serve) -> None:
    scopes: list[dict[str, Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        await hello(scope, receive, send)

    serve(application).ask(b"GET http://real/x?y HTTP/1.1\r\nHost: other\r\n\r\n")
    assert scopes[0]["path"] == "/x"
    assert (b"host", b"real") in scopes[0]["headers"]


def test_a_body_is_received_in_pieces_and_then_the_disconnect(serve: Serve) -> None:
    messages: list[dict[str, Any]] = []
    seen, over = asyncio.Event(), asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        messages.append(await receive())
        seen.set()
        messages.append(await receive())
        await hello(scope, receive, send)
        messages.append(await receive())
        messages.append(await receive())
        over.set()

    served = serve(application)
    with served.connect() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 6\r\n\r\nabc")
        served.wait_for(seen.wait)
        client.send(b"def")
        assert client.answer().body == b"hello"
        served.wait_for(over.wait)
    assert messages == [
        {"type": "http.request", "body": b"abc", "more_body": True},
        {"type": "http.request", "body": b"def", "more_body": False},
        {"type": "http.disconnect"},
        {"type": "http.disconnect"},
    ]


def test_a_client_that_leaves_is_noticed(serve: Serve) -> None:
    waiting, left = asyncio.Event(), asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "http.request"
        waiting.set()
        assert (await receive())["type"] == "http.disconnect"
        await send(start())  # goes nowhere, and is no error
        await send(body(b"x"))
        left.set()

    served = serve(application)
    with served.connect() as client:
        client.send(GET)
        served.wait_for(waiting.wait)
    served.wait_for(left.wait)


def test_two_tasks_may_wait_for_the_same_news(serve: Serve) -> None:
    ready, over = asyncio.Event(), asyncio.Event()
    outcomes: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        tasks = [asyncio.create_task(receive()) for _ in range(3)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        await asyncio.sleep(0)
        ready.set()
        outcomes.extend(await asyncio.gather(*tasks, return_exceptions=True))
        over.set()

    served = serve(application)
    with served.connect() as client:
        client.send(GET)
        served.wait_for(ready.wait)
    served.wait_for(over.wait)
    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert outcomes[1:] == [{"type": "http.disconnect"}] * 2


def test_receiving_and_sending_make_tasks_and_timeouts(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert (await asyncio.wait_for(receive(), 5))["more_body"] is False
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(receive(), 0.001)
        await asyncio.create_task(send(start(200, with_length(b"ok"))))
        await asyncio.gather(send(body(b"ok")))

    assert serve(application).ask().body == b"ok"


def test_a_request_is_a_task_of_its_own_in_a_context_of_its_own(serve: Serve) -> None:
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="nobody")

    async def application(scope: Any, receive: Any, send: Any) -> None:
        before = name.get()
        name.set(scope["path"])
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            text = f"{before} {name.get()}".encode()
        assert asyncio.current_task() is not None
        await send(start(200, with_length(text)))
        await send(body(text))

    with serve(application).connect() as client:
        for path in ("/a", "/b"):
            answer = client.ask(f"GET {path} HTTP/1.1\r\nHost: test\r\n\r\n".encode())
            assert answer.body == f"nobody {path}".encode()


WRONG: dict[str, tuple[list[dict[str, Any]], bytes]] = {
    "a body first": (
        [body(b"x")],
        b"RuntimeError: Expected ASGI message 'http.response.start', but got 'http.response.body'.",
    ),
    "two starts": (
        [start(), start()],
        b"RuntimeError: Expected ASGI message 'http.response.body', but got 'http.response.start'.",
    ),
    "something else": (
        [{"type": "websocket.accept"}],
        b"RuntimeError: Expected ASGI message 'http.response.start', but got 'websocket.accept'.",
    ),
    "no type": ([{}], b"KeyError: 'type'"),
    "no status": ([{"type": "http.response.start"}], b"KeyError: 'status'"),
    "a status out of range": ([start(1000)], b"RuntimeError: Invalid HTTP status code."),
    "a negative status": ([start(-1)], b"RuntimeError: Invalid HTTP status code."),
    "a status of many digits": ([start(2**40)], b"RuntimeError: Invalid HTTP status code."),
    "an interim status": ([start(101)], b"RuntimeError: Invalid HTTP status code."),
    "a name that is none": (
        [start(200, [(b"a b", b"")])],
        b"RuntimeError: Invalid HTTP header name.",
    ),
    "a split answer": (
        [start(200, [(b"a", b"b\r\nset-cookie: c=d")])],
        b"RuntimeError: Invalid HTTP header value.",
    ),
    "a length that is none": (
        [start(200, [(b"content-length", b"+1")])],
        b"RuntimeError: Invalid Content-Length header.",
    ),
    "a longer body": (
        [start(200, with_length(b"abc")), body(b"abcd")],
        b"RuntimeError: Response content longer than Content-Length",
    ),
    "a shorter body": (
        [start(200, with_length(b"abc")), body(b"ab")],
        b"RuntimeError: Response content shorter than Content-Length",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_sent_is_raised_and_answered_with_500(
    serve: Serve, caplog: Log, case: str
) -> None:
    messages, expected = WRONG[case]

    async def application(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    with serve(application).connect() as client:
        answer = client.ask()
        assert (answer.status, answer.body) == (500, b"Internal Server Error")
        assert client.is_closed()
    (record,) = [record for record in caplog.records if record.name == "jebi.error"]
    assert record.exc_info is not None
    assert record.exc_info[1] is not None
    assert text_of(record.exc_info[1]) == expected


def test_text_is_no_header(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        with pytest.raises(TypeError, match="bytes"):
            await send(start(200, [("a", "b")]))  # type: ignore[list-item]  # wrong on purpose
        with pytest.raises(ValueError, match="pair"):
            await send(start(200, [(b"a",)]))  # type: ignore[list-item]  # wrong on purpose
        with pytest.raises(TypeError):
            await send(start("200"))  # type: ignore[arg-type]  # wrong on purpose
        await send({"type": "http.response.start", "status": 200, "headers": iter([[b"A", b"b"]])})
        with pytest.raises(TypeError, match="bytes"):
            await send(body(5))  # type: ignore[arg-type]  # wrong on purpose
        await send(body(memoryview(b"view")))  # type: ignore[arg-type]  # more than ASGI's types allow

    answer = serve(application).ask()
    assert (answer.get("a"), answer.body) == ("b", b"view")


def test_a_message_too_many_is_an_error_of_the_application_alone(serve: Serve) -> None:
    errors: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await hello(scope, receive, send)
        for message in (start(), body()):
            with pytest.raises(RuntimeError) as raised:
                await send(message)
            errors.append(str(raised.value))

    with serve(application).connect() as client:
        for _ in range(2):
            assert client.ask().body == b"hello"
    assert errors[:2] == [
        f"Unexpected ASGI message '{kind}' sent, after response already completed."
        for kind in ("http.response.start", "http.response.body")
    ]


async def returns_a_value(scope: Any, receive: Any, send: Any) -> int:
    return 1


async def returns_at_once(scope: Any, receive: Any, send: Any) -> None:
    pass


async def only_starts(scope: Any, receive: Any, send: Any) -> None:
    await send(start())


async def only_starts_and_waits(scope: Any, receive: Any, send: Any) -> None:
    await send(start())
    await asyncio.sleep(0.01)


async def stops_in_the_middle(scope: Any, receive: Any, send: Any) -> None:
    await send(start())
    await send(body(b"part", more=True))


async def raises_late(scope: Any, receive: Any, send: Any) -> None:
    await send(start())
    await send(body(b"part", more=True))
    raise ValueError("late")


@pytest.mark.parametrize(
    ("application", "message"),
    [
        (returns_a_value, "ASGI callable should return None, but returned"),
        (returns_at_once, "ASGI callable returned without starting response."),
        (only_starts, "ASGI callable returned without "),
    ],
)
def test_an_application_that_does_not_answer_is_answered_for(
    serve: Serve, caplog: Log, application: Any, message: str
) -> None:
    with serve(application).connect() as client:
        answer = client.ask()
        assert (answer.status, answer.body) == (500, b"Internal Server Error")
        assert client.is_closed()
    assert [record for record in caplog.records if record.getMessage().startswith(message)]


@pytest.mark.parametrize("application", [only_starts_and_waits, stops_in_the_middle, raises_late])
def test_an_answer_that_stops_is_seen_to_be_cut(
    serve: Serve, caplog: Log, application: Any
) -> None:
    with serve(application).connect() as client:
        client.send(GET)
        assert client.head().get("transfer-encoding") == "chunked"
        assert not client.rest().endswith(b"0\r\n\r\n")
    assert [record for record in caplog.records if record.name == "jebi.error"]


def test_a_head_does_not_wait_for_a_body_that_takes_its_time(serve: Serve) -> None:
    go_on = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(start(200, [(b"content-type", b"text/event-stream")]))
        await go_on.wait()
        await send(body(b"data: 1\n\n"))

    served = serve(application)
    with served.connect() as client:
        client.send(GET)
        assert client.head().get("content-type") == "text/event-stream"
        served.on_loop(go_on.set)
        assert client.chunk() == b"data: 1\n\n"


@pytest.mark.parametrize("size", [5, 20_000, 300_000])
def test_lengths_are_kept_to_while_streaming(serve: Serve, caplog: Log, size: int) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        more = int(scope["query_string"])
        await send(start(200, with_length(b"x" * size)))
        await send(body(b"x" * (size - 2), more=True))
        await send(body(b"y" * more))

    served = serve(application)
    for more in (1, 3):  # one short of the length, one beyond it
        with served.connect() as client:
            client.send(f"GET /?{more} HTTP/1.1\r\nHost: test\r\n\r\n".encode())
            assert client.head().get("content-length") == str(size)
            assert len(client.rest()) < size, "cut off, so nobody takes it for whole"
    with served.connect() as client:
        for _ in range(2):
            answer = client.ask(b"GET /?2 HTTP/1.1\r\nHost: test\r\n\r\n")
            assert answer.body == b"x" * (size - 2) + b"yy"


def test_an_exception_is_logged_with_its_traceback(serve: Serve, caplog: Log) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0)
        raise ValueError("the reason")

    served = serve(application)
    with served.connect() as client:
        answer = client.ask()
        assert (answer.status, answer.get("connection")) == (500, "close")
        assert client.is_closed()
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("jebi.error", logging.ERROR)
    assert record.message == "Exception in ASGI application"
    assert record.exc_text is not None
    assert "ValueError: the reason" in record.exc_text
    assert "in application" in record.exc_text


def test_an_application_that_cannot_be_called_is_an_error_of_its_own(
    serve: Serve, caplog: Log
) -> None:
    def application(scope: Any, receive: Any, send: Any) -> None:
        return None

    assert serve(application).ask().status == 500
    assert "TypeError" in (caplog.records[0].exc_text or "")


def test_what_a_request_leaves_behind_is_collected(serve: Serve) -> None:
    class Marker:
        pass

    markers: list[weakref.ref[Marker]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        marker = Marker()
        markers.append(weakref.ref(marker))
        scope["marker"], scope["receive"], scope["send"] = marker, receive, send
        await read_body(receive)
        await hello(scope, receive, send)

    served = serve(application)
    with served.connect() as client:
        for _ in range(10):
            client.ask()
    served.on_loop(gc.collect)
    assert [marker() for marker in markers] == [None] * 10
