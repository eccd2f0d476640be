"""Answers of one iteration of the loop leave together, and none is forgotten."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.connection.peers import GET, Client, Served, body, hello, start, with_length

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Serve = Callable[..., Served]


@contextlib.contextmanager
def clients(served: Served, count: int) -> Iterator[list[Client]]:
    """Clients whose connections the server knows."""
    with contextlib.ExitStack() as stack:
        connected = [stack.enter_context(served.connect()) for _ in range(count)]
        for client in connected:
            assert client.ask(GET).status == 200
        yield connected


def send_at_once(served: Served, sends: list[tuple[Client, bytes]]) -> None:
    """Has all of it arrive before the loop looks again, so that one iteration finds it."""

    def send() -> None:
        for client, request in sends:
            client.send(request)

    served.on_loop(send)


@pytest.mark.parametrize("count", [2, 64, 65, 150])
def test_each_client_gets_its_own_answer(serve: Serve, count: int) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        path = scope["raw_path"]
        await send(start(headers=with_length(path)))
        await send(body(path))

    served = serve(application)
    with clients(served, count) as all_of_them:
        sends = [(one, GET.replace(b"/", b"/%d" % n, 1)) for n, one in enumerate(all_of_them)]
        send_at_once(served, sends)
        answers = [client.answer().body for client in all_of_them]
    assert answers == [b"/%d" % n for n in range(count)]


def test_an_answer_does_not_wait_for_slow_requests_behind_it(serve: Serve) -> None:
    connected: list[Client] = []
    found: list[bytes] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/slow":
            time.sleep(0.01)
        elif scope["path"] == "/looks":
            found.append(connected[0].answer().body)
        await hello(scope, receive, send)

    served = serve(application)
    with clients(served, 3) as all_of_them:
        connected.extend(all_of_them)
        paths = [b"/quick", b"/slow", b"/looks"]
        requests = [GET.replace(b"/", path, 1) for path in paths]
        send_at_once(served, list(zip(connected, requests, strict=True)))
        assert [client.answer().body for client in connected[1:]] == [b"hello"] * 2
    assert found == [b"hello"]


def test_answers_that_end_their_connections_arrive(serve: Serve) -> None:
    served = serve(hello)
    request = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with clients(served, 5) as all_of_them:
        send_at_once(served, [(client, request) for client in all_of_them])
        for client in all_of_them:
            answer = client.answer()
            assert (answer.status, answer.get("connection")) == (200, "close")
            assert client.is_closed()


def test_heads_leave_without_their_bodies(serve: Serve) -> None:
    go_on = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(start(headers=with_length(b"body")))
        if scope["path"] == "/held":
            await go_on.wait()
        await send(body(b"body"))

    served = serve(application)
    with clients(served, 3) as all_of_them:
        send_at_once(served, [(one, GET.replace(b"/", b"/held", 1)) for one in all_of_them])
        assert [client.head().status for client in all_of_them] == [200] * 3
        served.on_loop(go_on.set)
        assert [client.take(4) for client in all_of_them] == [b"body"] * 3


def test_an_answer_that_another_request_completes_is_followed_by_the_next(serve: Serve) -> None:
    waiting: dict[str, Any] = {}
    over = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/left":
            waiting["send"] = send
            await send(start(headers=with_length(b"left")))
            await over.wait()
            return
        if scope["path"] == "/completes":
            await waiting["send"](body(b"left"))
            over.set()
        await hello(scope, receive, send)

    served = serve(application)
    with clients(served, 2) as (one, other):
        # The second request of the first client was read together with the one that waits.
        left = GET.replace(b"/", b"/left", 1) + GET
        send_at_once(served, [(one, left), (other, GET.replace(b"/", b"/completes", 1))])
        assert one.answer().body == b"left"
        assert one.answer().status == 200
        assert other.answer().status == 200


def test_a_client_that_leaves_meanwhile_costs_the_others_nothing(serve: Serve) -> None:
    served = serve(hello)
    with clients(served, 3) as (one, gone, other):
        send_at_once(served, [(one, GET), (gone, GET[:20]), (other, GET)])
        gone.socket.close()
        assert [client.answer().status for client in (one, other)] == [200, 200]
