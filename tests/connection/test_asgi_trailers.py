"""``http.response.trailers``: fields behind the body, for clients that say that they take them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.connection.peers import GET, Client, Served, body, hello, with_length

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Serve = Callable[..., Served]

TAKES = b"GET / HTTP/1.1\r\nHost: test\r\nConnection: TE\r\nTE: gzip;q=0.5, Trailers\r\n\r\n"
SUM = (b"X-Sum", b"5d41")


def start(headers: Iterable[tuple[bytes, bytes]] = ()) -> dict[str, Any]:
    return {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"trailer", b"x-sum"), *headers],
        "trailers": True,
    }


def trailers(*fields: tuple[bytes, bytes], more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.trailers", "headers": iter(fields), "more_trailers": more}


async def summing(scope: Any, receive: Any, send: Any) -> None:
    assert scope["extensions"]["http.response.trailers"] == {}
    await send(start())
    await send(body(b"hel", more=True))
    await send(body(b"lo"))
    await send(trailers(SUM, more=True))
    await send(trailers((b"x-b", b"1"), (b"x-b", b"2")))


def chunked(client: Client) -> tuple[bytes, bytes]:
    """The body of a chunked answer whose head was read, and what stands behind the last chunk."""
    data = b""
    while size := int(client.until(b"\r\n"), 16):
        data += client.take(size)
        assert client.take(2) == b"\r\n"
    end = client.take(2)
    return data, end if end == b"\r\n" else end + client.until(b"\r\n\r\n")


def test_a_client_that_takes_them_gets_them_behind_the_last_chunk(serve: Serve) -> None:
    with serve(summing).connect() as client:
        for _ in range(2):
            client.send(TAKES)
            assert client.head().all("trailer") == ["x-sum"]
            assert chunked(client) == (b"hello", b"x-sum: 5d41\r\nx-b: 1\r\nx-b: 2\r\n\r\n")


@pytest.mark.parametrize("line", [b"", b"TE: gzip\r\n", b"TE: trailers-no\r\n", b"X: trailers\r\n"])
def test_others_get_the_body_alone(serve: Serve, line: bytes) -> None:
    with serve(summing).connect() as client:
        for _ in range(2):
            client.send(b"GET / HTTP/1.1\r\nHost: test\r\n" + line + b"\r\n")
            client.head()
            assert chunked(client) == (b"hello", b"\r\n")


async def with_both(scope: Any, receive: Any, send: Any) -> None:
    await send(start(with_length(b"hello")))
    await send(body(b"hello"))
    await send(trailers(SUM))


def test_where_there_are_no_chunks_there_are_no_trailers(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    served = serve(with_both)
    with caplog.at_level("WARNING", "jebi.error"), served.connect() as client:
        for _ in range(2):
            assert client.ask(TAKES).body == b"hello"
    said = [record.message for record in caplog.records]
    assert len(said) == 1, "once is enough"
    assert "leave that header out" in said[0]


def test_an_answer_without_chunks_may_promise_them(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """To a client that does not take them, or that gets no body."""
    served = serve(with_both)
    with served.connect() as client:
        assert client.ask(GET).body == b"hello"
        client.send(GET.replace(b"GET", b"HEAD"))
        assert client.answer(head_only=True).get("content-length") == "5"
        assert client.ask(GET).body == b"hello"
    old = b"GET / HTTP/1.0\r\nTE: trailers\r\n\r\n"
    assert served.ask(old).body == b"hello"
    assert serve(summing).ask(old).body == b"hello"
    assert not caplog.records


def test_the_body_does_not_wait_for_the_trailers(serve: Serve) -> None:
    go_on = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        await send(body(b"hello"))
        await go_on.wait()
        await send(trailers(SUM))

    served = serve(application)
    with served.connect() as client:
        client.send(TAKES)
        client.head()
        assert client.chunk() == b"hello"
        served.on_loop(go_on.set)
        assert client.until(b"\r\n\r\n") == b"0\r\nx-sum: 5d41\r\n\r\n"


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ((b"a b", b""), "header name"),
        ((b"a", b"b\r\nc: d"), "header value"),
        ((b"a", b"\n"), "header value"),
        ((b"Content-Length", b"5"), "cannot be a trailer"),
        ((b"transfer-encoding", b"chunked"), "cannot be a trailer"),
        ((b"Set-Cookie", b"a=b"), "cannot be a trailer"),
        ((b"host", b"a"), "cannot be a trailer"),
    ],
)
def test_they_are_checked(serve: Serve, field: tuple[bytes, bytes], message: str) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        await send(body(b"hello"))
        with pytest.raises(RuntimeError, match=message):
            await send(trailers(SUM, field))
        await send(trailers(SUM))

    with serve(application).connect() as client:
        client.send(TAKES)
        client.head()
        assert chunked(client) == (b"hello", b"x-sum: 5d41\r\n\r\n")


def test_they_have_their_place_and_no_other(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        with pytest.raises(RuntimeError, match=r"Expected ASGI message 'http\.response\.start'"):
            await send(trailers())
        await send(start())
        with pytest.raises(RuntimeError, match=r"Expected ASGI message 'http\.response\.body'"):
            await send(trailers())
        await send(body(b"hello"))
        for late in (start(), body()):
            with pytest.raises(RuntimeError, match=r"Expected ASGI message 'http\.response\.trail"):
                await send(late)
        await send(trailers(SUM))
        for late in (trailers(), body()):
            with pytest.raises(RuntimeError, match="already completed"):
                await send(late)

    with serve(application).connect() as client:
        client.send(TAKES)
        client.head()
        assert chunked(client) == (b"hello", b"x-sum: 5d41\r\n\r\n")


def test_trailers_that_nobody_promised_are_an_error(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await hello(scope, receive, send)
        with pytest.raises(RuntimeError, match="already completed"):
            await send(trailers(SUM))

    with serve(application).connect() as client:
        assert client.ask(TAKES).body == b"hello"
        assert client.ask(GET).body == b"hello"


@pytest.mark.parametrize("request_", [TAKES, GET])
def test_an_answer_that_stops_before_its_trailers_is_seen_to_be_cut(
    serve: Serve, request_: bytes
) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        await send(body(b"hello"))

    with serve(application).connect() as client:
        client.send(request_)
        client.head()
        assert client.rest() == b"5\r\nhello\r\n"
