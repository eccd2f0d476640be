"""``http.response.early_hint``: links that a client may follow while it waits (RFC 8297)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.connection.peers import GET, Served, body, hello, start, with_length

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Served]

STYLE = b"</style.css>; rel=preload; as=style"
FONT = b"</font.woff>; rel=preload; as=font"


def hint(*links: bytes) -> dict[str, Any]:
    return {"type": "http.response.early_hint", "links": iter(links)}


async def hinting(scope: Any, receive: Any, send: Any) -> None:
    assert scope["extensions"]["http.response.early_hint"] == {}
    await send(hint(STYLE, FONT))
    await send(hint())
    await send(start(200, with_length(b"hello")))
    await send(hint(FONT))
    await send(body(b"he", more=True))
    await send(hint(STYLE))  # too late, and no error
    await send(body(b"llo"))


def test_hints_come_before_the_answer_and_only_there(serve: Serve) -> None:
    with serve(hinting).connect() as client:
        for _ in range(2):
            client.send(GET)
            first, second = client.head(), client.head()
            assert (first.status, first.all("link")) == (103, [STYLE.decode(), FONT.decode()])
            assert (second.status, second.all("link")) == (103, [FONT.decode()])
            assert [name for name, _ in second.headers] == ["link"]
            answer = client.answer()
            assert (answer.status, answer.body, answer.all("link")) == (200, b"hello", [])


def test_hints_leave_at_once(serve: Serve) -> None:
    go_on = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(hint(STYLE))
        await go_on.wait()
        await hello(scope, receive, send)

    served = serve(application)
    with served.connect() as client:
        client.send(GET)
        assert client.head().status == 103
        served.on_loop(go_on.set)
        assert client.answer().body == b"hello"


def test_hints_of_pipelined_requests_stand_before_their_own_answers(serve: Serve) -> None:
    with serve(hinting).connect() as client:
        client.send(GET * 3)
        statuses = [client.answer().status for _ in range(9)]
        assert statuses == [103, 103, 200] * 3


def test_old_clients_get_none(serve: Serve) -> None:
    with serve(hinting).connect() as client:
        answer = client.ask(b"GET / HTTP/1.0\r\n\r\n")
        assert (answer.status, answer.body) == (200, b"hello")


@pytest.mark.parametrize("link", [b"<a>\r\nset-cookie: b", b"<a>\n", b"\0"])
def test_hints_are_checked(serve: Serve, link: bytes) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        with pytest.raises(RuntimeError, match="Invalid HTTP header value"):
            await send(hint(link))
        with pytest.raises(TypeError, match="bytes"):
            await send({"type": "http.response.early_hint", "links": ["text"]})
        await hello(scope, receive, send)

    assert serve(application).ask().status == 200


def test_an_application_that_fails_after_its_hints_is_answered_for(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(hint(STYLE))

    with serve(application).connect() as client:
        client.send(GET)
        assert client.head().status == 103
        assert client.answer().status == 500
        assert client.is_closed()
