"""Messages between a client and an application."""

from __future__ import annotations

import asyncio
import logging
import threading
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from tests.connection.peers import PATIENCE, Served
from tests.connection.websockets import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    Recorder,
    Watched,
    accept,
    close,
    echo,
    frame,
    opened,
    take,
    upgrade,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.connection.peers import Client

    Serve = Callable[..., Served]

DEFLATE = b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
GOODBYE = close(1000, "bye")


def test_text_and_bytes_go_both_ways(serve: Serve) -> None:
    recorder = Recorder()
    served = serve(recorder)
    with opened(served) as client:
        client.send(frame(TEXT, "제비".encode()) + frame(BINARY, b"\xff\x00"))
        assert take(client) == (TEXT, "제비".encode())
        assert take(client) == (BINARY, b"\xff\x00")
        client.send(GOODBYE)
        assert take(client) == (CLOSE, b"\x03\xe8")
        assert client.is_closed()
    recorder.wait()
    assert recorder.messages == [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "text": "제비"},
        {"type": "websocket.receive", "bytes": b"\xff\x00"},
        {"type": "websocket.disconnect", "code": 1000, "reason": "bye"},
    ]


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536, 3_000_000])
def test_messages_of_every_length(serve: Serve, length: int) -> None:
    with opened(serve(echo)) as client:
        payload = bytes(range(256)) * (length // 256) + bytes(length % 256)
        # Both sides wait for the other to read unless somebody does.
        sender = threading.Thread(target=client.send, args=(frame(BINARY, payload),))
        sender.start()
        assert take(client) == (BINARY, payload)
        sender.join(PATIENCE)


def test_fragments_arrive_as_one_message_and_pings_are_answered_between(serve: Serve) -> None:
    with opened(serve(echo)) as client:
        client.send(frame(TEXT, b"he", first=0x01) + frame(PING, b"?"))
        assert take(client) == (PONG, b"?")
        client.send(frame(0, b"llo"))
        assert take(client) == (TEXT, b"hello")


def test_frames_may_come_byte_by_byte(serve: Serve) -> None:
    with opened(serve(echo)) as client:
        for data in (frame(TEXT, b"slow"), GOODBYE):
            for byte in data:
                client.send(bytes([byte]))
            answer = take(client)
            assert answer == ((TEXT, b"slow") if data != GOODBYE else (CLOSE, b"\x03\xe8"))


VIOLATIONS = {
    "a frame without a mask": (1002, b"\x81\x02hi"),
    "a reserved opcode": (1002, frame(3)),
    "a continuation of nothing": (1002, frame(0, b"x")),
    "text that is none": (1007, frame(TEXT, b"\xff")),
    "a message too big": (1009, frame(BINARY, bytes(1001))),
    "many fragments too big": (
        1009,
        frame(BINARY, bytes(600), first=0x02) + frame(0, bytes(600)),
    ),
    "a close code that is none": (1002, close(1006)),
}


@pytest.mark.parametrize("case", VIOLATIONS)
def test_who_breaks_the_rules_is_told_and_let_go(serve: Serve, case: str) -> None:
    code, data = VIOLATIONS[case]
    recorder = Recorder()
    served = serve(recorder, websocket_message_limit=1000)
    with opened(served) as client:
        client.send(data)
        opcode, payload = take(client)
        assert (opcode, int.from_bytes(payload[:2])) == (CLOSE, code)
        assert client.is_closed()
    recorder.wait()
    assert recorder.messages[-1]["type"] == "websocket.disconnect"
    assert recorder.messages[-1]["code"] == code


def test_a_client_that_just_leaves_is_an_abnormal_end(serve: Serve) -> None:
    recorder = Recorder()
    served = serve(recorder)
    with opened(served) as client:
        client.send(frame(TEXT, b"last"))
        take(client)
    recorder.wait()
    assert recorder.messages[-1] == {"type": "websocket.disconnect", "code": 1006, "reason": ""}


def test_what_came_before_the_end_is_still_received(serve: Serve) -> None:
    received: list[Any] = []
    go_on = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await accept(receive, send)
        await go_on.wait()
        while not received or received[-1]["type"] != "websocket.disconnect":
            received.append(await receive())

    watched = Watched(application)
    served = serve(watched)
    with opened(served) as client:
        client.send(frame(TEXT, b"1") + frame(TEXT, b"2") + GOODBYE)
        assert take(client)[0] == CLOSE
        assert client.is_closed()
    served.wait_for(lambda: gone(served))
    served.on_loop(go_on.set)
    watched.wait()
    assert [message.get("text", message.get("code")) for message in received] == ["1", "2", 1000]


async def gone(served: Served) -> None:
    while served.server.connections:
        await asyncio.sleep(0)


def test_the_application_may_close(serve: Serve) -> None:
    received: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await accept(receive, send)
        await send({"type": "websocket.close", "code": 4000, "reason": "enough"})
        with pytest.raises(RuntimeError, match=r"after sending 'websocket\.close'"):
            await send({"type": "websocket.send", "text": "more"})
        received.append(await receive())

    watched = Watched(application)
    served = serve(watched)
    with opened(served) as client:
        assert take(client) == (CLOSE, b"\x0f\xa0enough")
        client.send(frame(TEXT, b"too late") + close(4000))
        assert client.is_closed()
    watched.wait()
    assert received == [{"type": "websocket.disconnect", "code": 4000, "reason": ""}]


def test_returning_closes_and_failing_says_so(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await accept(receive, send)
        if (await receive())["text"] == "fail":
            raise ValueError("on purpose")

    served = serve(application)
    with opened(served) as client:
        client.send(frame(TEXT, b"return"))
        assert take(client) == (CLOSE, b"\x03\xe8")
    with caplog.at_level(logging.ERROR, "jebi.error"), opened(served) as client:
        client.send(frame(TEXT, b"fail"))
        assert take(client) == (CLOSE, b"\x03\xf3")
    assert "ValueError: on purpose" in caplog.text


def test_sending_to_a_client_that_left_raises(serve: Serve) -> None:
    raised: list[BaseException] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await accept(receive, send)
        while (await receive())["type"] != "websocket.disconnect":
            pass
        try:
            await send({"type": "websocket.send", "text": "anybody?"})
        except OSError as error:
            raised.append(error)

    watched = Watched(application)
    served = serve(watched)
    with opened(served) as client:
        client.send(GOODBYE)
        take(client)
    watched.wait()
    assert len(raised) == 1


def test_messages_are_checked(serve: Serve) -> None:
    refused: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await accept(receive, send)
        for message in (
            {"type": "websocket.send"},
            {"type": "websocket.send", "text": None, "bytes": None},
            {"type": "websocket.send", "text": b"bytes"},
            {"type": "websocket.accept"},
            {"type": "http.response.body"},
        ):
            try:
                await send(message)
            except (RuntimeError, TypeError) as error:
                refused.append(type(error).__name__)
        await send({"type": "websocket.send", "bytes": None, "text": "ok"})

    with opened(serve(application)) as client:
        assert take(client) == (TEXT, b"ok")
    assert refused == ["TypeError", "TypeError", "TypeError", "RuntimeError", "RuntimeError"]


def test_messages_are_compressed_where_both_sides_want_it(serve: Serve) -> None:
    text = b"to be or not to be, " * 100
    with serve(echo).connect() as client:
        answer = upgrade(client, DEFLATE)
        assert answer.get("sec-websocket-extensions") == (
            "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12"
        )
        deflate = zlib.compressobj(wbits=-12)
        inflate = zlib.decompressobj(wbits=-12)
        for _ in range(2):
            deflated = deflate.compress(text) + deflate.flush(zlib.Z_SYNC_FLUSH)
            client.send(frame(TEXT, deflated[:-4], first=0xC1))
            opcode, payload = take(client)
            assert opcode == 0x40 | TEXT
            assert len(payload) < len(text) / 10
            assert inflate.decompress(payload + b"\0\0\xff\xff") == text
    with serve(echo, websocket_deflate=False).connect() as client:
        assert upgrade(client, DEFLATE).get("sec-websocket-extensions") is None


def test_a_bomb_does_not_go_off(serve: Serve) -> None:
    deflate = zlib.compressobj(wbits=-12)
    bomb = deflate.compress(bytes(100 << 20)) + deflate.flush(zlib.Z_SYNC_FLUSH)
    with opened(serve(echo), DEFLATE) as client:
        client.send(frame(BINARY, bomb[:-4], first=0xC2))
        opcode, payload = take(client)
        assert (opcode, payload[:2]) == (CLOSE, b"\x03\xf1")


def test_a_client_that_sends_faster_than_the_application_receives_waits(serve: Serve) -> None:
    go_on = asyncio.Event()
    total = 0

    async def application(scope: Any, receive: Any, send: Any) -> None:
        nonlocal total
        await accept(receive, send)
        await go_on.wait()
        while (message := await receive())["type"] == "websocket.receive":
            total += len(message["bytes"])

    watched = Watched(application)
    served = serve(watched)
    with opened(served) as client:
        client.socket.setblocking(False)
        message, sent = frame(BINARY, bytes(60_000)), 0
        rest = b""
        try:
            while sent < 1000:
                rest = message
                while rest:
                    rest = rest[client.socket.send(rest) :]
                sent += 1
        except BlockingIOError:
            pass
        assert sent < 1000, "nobody held the client back"
        served.on_loop(go_on.set)
        client.socket.setblocking(True)
        client.send(rest + GOODBYE)
        assert take(client) == (CLOSE, b"\x03\xe8")
        assert client.is_closed()
    watched.wait()
    assert total == 60_000 * (sent + 1)


def test_an_application_that_sends_faster_than_the_client_reads_waits(serve: Serve) -> None:
    sent = 0

    async def application(scope: Any, receive: Any, send: Any) -> None:
        nonlocal sent
        await accept(receive, send)
        for _ in range(1000):
            await send({"type": "websocket.send", "bytes": bytes(60_000)})
            sent += 1

    served = serve(application)
    with opened(served) as client:
        client.more()
        # Unless it has to wait, it sends everything without giving the loop away.
        served.on_loop(lambda: None)
        assert sent < 1000, "nobody held the application back"
        for _ in range(1000):
            assert take(client) == (BINARY, bytes(60_000))
        assert take(client) == (CLOSE, b"\x03\xe8")


def flood(client: Client, data: bytes) -> None:
    """Sends without end, and without reading."""
    for _ in range(100_000):
        client.socket.send(data)


def test_who_pings_without_reading_waits_too(serve: Serve) -> None:
    with opened(serve(echo)) as client:
        client.socket.setblocking(False)
        with pytest.raises(BlockingIOError):
            flood(client, frame(PING, bytes(125)) * 100)
        client.socket.setblocking(True)
        assert client.more()
