"""An application that waits for messages is a task like any other, whoever has it go on."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import logging
import weakref
from typing import TYPE_CHECKING, Any

from tests.connection.peers import PATIENCE, Served
from tests.connection.websockets import CLOSE, TEXT, Watched, accept, close, frame, opened, take
from tests.tasks import current

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.connection.peers import Client

    Serve = Callable[..., Served]

GOODBYE = close(1000)
VARIABLE = contextvars.ContextVar("VARIABLE", default=0)


def say(client: Client, text: bytes) -> bytes:
    """The answer to a message."""
    client.send(frame(TEXT, text))
    kind, answer = take(client)
    assert kind == TEXT, answer
    return answer


async def reply(send: Any, text: object) -> None:
    await send({"type": "websocket.send", "text": str(text)})


def test_task_and_context_stay_the_same(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await accept(receive, send)
        task = current()
        task.set_name("talker")
        while (await receive())["type"] == "websocket.receive":
            assert asyncio.current_task() is task
            assert task in asyncio.all_tasks()
            VARIABLE.set(VARIABLE.get() + 1)
            await reply(send, f"{task.get_name()} {VARIABLE.get()}")

    served = serve(application)
    with opened(served) as one, opened(served) as other:
        assert say(one, b"") == b"talker 1"
        assert say(one, b"") == b"talker 2"
        assert say(other, b"") == b"talker 1"
        assert say(one, b"") == b"talker 3"


def test_it_may_wait_for_other_things_between(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await accept(receive, send)
        while (message := await receive())["type"] == "websocket.receive":
            kind = message["text"]
            if kind == "sleep":
                await asyncio.sleep(0.001)
            elif kind == "yield":
                await asyncio.sleep(0)
            elif kind == "gather":
                await asyncio.gather(asyncio.sleep(0), asyncio.to_thread(int))
            elif kind == "group":
                async with asyncio.TaskGroup() as group:
                    group.create_task(asyncio.sleep(0))
            await reply(send, kind)

    with opened(serve(application)) as client:
        for kind in [b"", b"sleep", b"", b"yield", b"gather", b"", b"group", b"sleep", b""]:
            assert say(client, kind) == kind
        client.send(b"".join(frame(TEXT, kind) for kind in [b"a", b"sleep", b"b", b"yield"]))
        assert [take(client)[1] for _ in range(4)] == [b"a", b"sleep", b"b", b"yield"]


def test_who_cancels_it_reaches_it(serve: Serve) -> None:
    tasks: list[asyncio.Task[Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await accept(receive, send)
        task = current()
        tasks.append(task)
        while True:
            try:
                await receive()
            except asyncio.CancelledError as error:
                await reply(send, f"cancelled {error.args} {task.cancelling()}")
                task.uncancel()
            else:
                await reply(send, "received")

    served = serve(application)
    with opened(served) as client:
        for _ in range(2):
            assert say(client, b"") == b"received"
            served.on_loop(lambda: tasks[0].cancel("enough"))
            assert take(client) == (TEXT, b"cancelled ('enough',) 1")


def test_a_message_in_the_moment_of_the_cancellation_is_kept(serve: Serve) -> None:
    """The task is cancelled and has not heard of it when its message comes."""
    tasks: list[asyncio.Task[Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await accept(receive, send)
        tasks.append(current())
        while True:
            try:
                text = (await receive())["text"]
            except asyncio.CancelledError:
                text = "cancelled"
            if text == "cancel":
                tasks[1].cancel()
            await reply(send, text)

    served = serve(application)
    with opened(served) as first, opened(served) as second:
        assert say(first, b"1") == b"1"
        assert say(second, b"1") == b"1"

        def at_once() -> None:
            # The loop stands still here, so that it finds both at the same time.
            first.send(frame(TEXT, b"cancel"))
            second.send(frame(TEXT, b"2"))

        served.on_loop(at_once)
        assert take(first) == (TEXT, b"cancel")
        assert [take(second)[1] for _ in range(2)] == [b"cancelled", b"2"]


def test_it_may_cancel_itself(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await accept(receive, send)
        task = current()
        while (await receive())["type"] == "websocket.receive":
            task.cancel()
            await reply(send, "still here")
            try:
                await receive()
            except asyncio.CancelledError:
                task.uncancel()
                await reply(send, "cancelled")

    with opened(serve(application)) as client:
        for _ in range(3):
            assert say(client, b"") == b"still here"
            assert take(client) == (TEXT, b"cancelled")


def test_deadlines_end_its_wait(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await accept(receive, send)
        while True:
            try:
                async with asyncio.timeout(0.02):
                    message = await receive()
            except TimeoutError:
                await reply(send, "silence")
                message = await asyncio.wait_for(receive(), PATIENCE)
            if message["type"] == "websocket.disconnect":
                return
            await reply(send, message["text"])

    with opened(serve(application)) as client:
        for text in (b"one", b"two"):
            assert take(client) == (TEXT, b"silence")
            assert say(client, text) == text


def test_others_may_receive_for_it(serve: Serve) -> None:
    """A reader in a task of its own, and one that is made while the application goes on."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await accept(receive, send)
        while (await receive())["type"] == "websocket.receive":
            reader = asyncio.create_task(receive())
            await reply(send, "reading")
            message = await reader
            await reply(send, message["text"])

    with opened(serve(application)) as client:
        for text in (b"one", b"two"):
            assert say(client, b"") == b"reading"
            assert say(client, text) == text


def test_others_may_receive_beside_it(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await accept(receive, send)

        async def pump(name: str) -> None:
            while (message := await receive())["type"] == "websocket.receive":
                await reply(send, message["text"])

        await receive()
        beside = asyncio.create_task(pump("beside"))
        await asyncio.sleep(0)
        await pump("self")
        await beside

    application = Watched(application)
    with opened(serve(application)) as client:
        client.send(frame(TEXT, b"begin"))
        for text in (b"one", b"two", b"three"):
            assert say(client, text) == text
        client.send(GOODBYE)
        assert take(client)[0] == CLOSE
    application.wait()


def test_what_is_awaited_twice_at_a_time_is_two_messages(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await accept(receive, send)
        while True:
            both = await asyncio.gather(receive(), receive())
            await reply(send, " ".join(sorted(message["text"] for message in both)))

    with opened(serve(application)) as client:
        for _ in range(2):
            client.send(frame(TEXT, b"one"))
            assert say(client, b"two") == b"one two"


def test_it_ends_where_it_returns_or_fails(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    tasks: list[asyncio.Task[Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await accept(receive, send)
        task = current()
        tasks.append(task)
        if (await receive())["text"] == "fail":
            raise ValueError("no")

    served = serve(application)
    for text, code in ((b"return", b"\x03\xe8"), (b"fail", b"\x03\xf3")):
        with caplog.at_level(logging.ERROR), opened(served) as client:
            client.send(frame(TEXT, text))
            assert take(client) == (CLOSE, code)
            client.send(GOODBYE)
            assert client.is_closed()
    served.wait_for(lambda: asyncio.wait(tasks))
    assert [task.exception() for task in tasks] == [None, None]
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == ["no"]


def test_nothing_is_left_of_it(serve: Serve) -> None:
    class Mark:
        """Can be referred to weakly."""

    marks: list[weakref.ref[Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        mark = Mark()
        marks.append(weakref.ref(mark))
        task = current()
        marks.append(weakref.ref(task))
        await accept(receive, send)
        while (await receive())["type"] == "websocket.receive":
            await reply(send, "here")

    watched = Watched(application)
    served = serve(watched)
    with opened(served) as client:
        assert say(client, b"") == say(client, b"") == b"here"
        client.send(GOODBYE)
        assert take(client)[0] == CLOSE
        assert client.is_closed()
    watched.wait()
    served.wait_for(lambda: asyncio.sleep(0))
    gc.collect()
    assert [mark() for mark in marks] == [None, None]
