"""WebSocket over HTTP/2 (RFC 8441), from end to end."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import pytest

from tests.connection.producer import settled
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
)
from tests.http2 import frames
from tests.http2.fields import Field, block

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.connection.peers import Served
    from tests.http2.peer import Peer, Stream

    Serve = Callable[..., Served]
    Dial = Callable[..., Peer]


def extended(*more: Field, path: bytes = b"/ws?a=b") -> bytes:
    """The block of a handshake."""
    return block(
        [
            (b":method", b"CONNECT"),
            (b":protocol", b"websocket"),
            (b":scheme", b"http"),
            (b":path", path),
            (b":authority", b"test"),
            (b"sec-websocket-version", b"13"),
            (b"origin", b"http://test"),
            *more,
        ]
    )


class Socket:
    """A WebSocket on one stream."""

    def __init__(self, peer: Peer, number: int = 1, *more: Field) -> None:
        self.peer, self.number = peer, number
        self._read = 0
        peer.send(frames.headers(number, extended(*more), end=False))
        stream = self.stream
        peer.until(lambda: bool(stream.fields) or stream.reset is not None, "a handshake")

    @property
    def stream(self) -> Stream:
        return self.peer.stream(self.number)

    def send(self, data: bytes, *, end: bool = False) -> None:
        self.peer.send(frames.data(self.number, data, end=end))

    def _bytes(self, length: int) -> bytes:
        self.peer.until(lambda: len(self.stream.body) >= self._read + length, "a frame")
        self._read += length
        return bytes(self.stream.body[self._read - length : self._read])

    def take(self) -> tuple[int, bytes]:
        """The server's next frame: opcode, with the bit of compression, and payload."""
        first, second = self._bytes(2)
        assert first & 0x80, "the server does not fragment"
        assert not second & 0x80, "a server's frame has no mask"
        length = second
        if second >= 126:
            length = int.from_bytes(self._bytes(2 if second == 126 else 8))
        return first & 0x4F, self._bytes(length)

    def ended(self) -> bool:
        stream = self.stream
        self.peer.until(lambda: stream.ended or stream.reset is not None, "the stream's end")
        return stream.ended


def test_the_handshake(serve: Serve, dial: Dial) -> None:
    """RFC 8441 §5: 200, and none of what HTTP/1.1's handshake proves."""
    scopes: list[dict[str, Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        await accept(receive, send, subprotocol="b", headers=[(b"X-Mine", b"1")])
        await receive()

    peer = dial(serve(application))
    assert peer.settings[frames.ENABLE_CONNECT_PROTOCOL] == 1
    socket = Socket(peer, 1, (b"sec-websocket-protocol", b"a, b"))
    assert socket.stream.status == 200
    assert socket.stream.get(b"sec-websocket-protocol") == b"b"
    assert socket.stream.get(b"sec-websocket-accept") is None
    assert socket.stream.get(b"content-length") is None
    assert socket.stream.get(b"x-mine") == b"1"
    (scope,) = scopes
    expected = {
        "type": "websocket",
        "http_version": "2",
        "scheme": "ws",
        "path": "/ws",
        "raw_path": b"/ws",
        "query_string": b"a=b",
        "subprotocols": ["a", "b"],
    }
    assert {name: scope[name] for name in expected} == expected
    assert (b"host", b"test") in scope["headers"]
    assert (b"origin", b"http://test") in scope["headers"]
    assert not [name for name, _ in scope["headers"] if name.startswith(b":")]


def test_messages_and_an_orderly_end(serve: Serve, dial: Dial) -> None:
    recorder = Recorder()
    socket = Socket(dial(serve(recorder)))
    socket.send(frame(TEXT, "Schwalbe 제비".encode()))
    assert socket.take() == (TEXT, "Schwalbe 제비".encode())
    socket.send(frame(BINARY, bytes(range(256)) * 20))
    assert socket.take() == (BINARY, bytes(range(256)) * 20)
    socket.send(frame(PING, b"?"))
    assert socket.take() == (PONG, b"?")
    socket.send(close(1000, "bye"))
    opcode, payload = socket.take()
    assert (opcode, payload[:2]) == (CLOSE, b"\x03\xe8")
    assert socket.ended()
    recorder.wait()
    assert recorder.messages[-1] == {"type": "websocket.disconnect", "code": 1000, "reason": "bye"}


def test_frames_and_data_do_not_have_to_agree(serve: Serve, dial: Dial) -> None:
    socket = Socket(dial(serve(echo)))
    for byte in frame(TEXT, b"one") + frame(TEXT, b"two")[:4]:
        socket.send(bytes([byte]))
    socket.send(b"")
    socket.send(frame(TEXT, b"two")[4:] + frame(TEXT, b"th", first=0x01) + frame(0, b"ree"))
    for expected in (b"one", b"two", b"three"):
        assert socket.take() == (TEXT, expected)


def test_a_message_of_many_frames_of_data(serve: Serve, dial: Dial) -> None:
    peer = dial(serve(echo), (frames.INITIAL_WINDOW_SIZE, 1 << 20))
    peer.grant(0, 1 << 20)
    socket = Socket(peer)
    message = b"x" * 60_000
    data = frame(BINARY, message)
    for at in range(0, len(data), 16_384):
        socket.send(data[at : at + 16_384])
    assert socket.take() == (BINARY, message)


def test_many_messages_as_windows_open(serve: Serve, dial: Dial) -> None:
    """A megabyte there and back, within both sides' windows."""
    peer = dial(serve(echo))
    socket = Socket(peer)
    initial = peer.settings.get(frames.INITIAL_WINDOW_SIZE, frames.DEFAULT_WINDOW)
    data, sent = frame(BINARY, bytes(5000)), 0
    for _ in range(200):
        sent += len(data)
        peer.until(
            lambda: (
                sent  # noqa: B023 - called at once
                <= min(
                    initial + peer.opened_window.get(1, 0),
                    frames.DEFAULT_WINDOW + peer.opened_window.get(0, 0),
                )
            ),
            "open windows",
        )
        socket.send(data)
        assert socket.take() == (BINARY, bytes(5000))
        peer.grant(0, 5004)
        peer.grant(1, 5004)


def test_the_server_closes(serve: Serve, dial: Dial) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await accept(receive, send)
        await send({"type": "websocket.close", "code": 4000, "reason": "enough"})

    watched = Watched(application)
    socket = Socket(dial(serve(watched)))
    assert socket.take() == (CLOSE, b"\x0f\xa0enough")
    socket.send(close(4000), end=True)
    assert socket.ended()
    watched.wait()


@pytest.mark.parametrize("how", ["reset", "end", "goaway and gone"])
def test_a_client_that_leaves_without_a_word(serve: Serve, dial: Dial, how: str) -> None:
    """RFC 8441 §5.1: END_STREAM is TCP's end, RST_STREAM its reset: 1006 for the application."""
    recorder = Recorder()
    peer = dial(serve(recorder))
    socket = Socket(peer)
    socket.send(frame(TEXT, b"x"))
    assert socket.take() == (TEXT, b"x")
    if how == "reset":
        peer.send(frames.reset(1))
    elif how == "end":
        socket.send(b"", end=True)
    else:
        peer.send(frames.goaway())
        peer.socket.close()
    recorder.wait()
    assert recorder.messages[-1]["type"] == "websocket.disconnect"
    assert recorder.messages[-1]["code"] in {1005, 1006}
    if how != "goaway and gone":
        peer.ping()
        assert not peer.goaways


def test_a_denial(serve: Serve, dial: Dial) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.close"})

    peer = dial(serve(application))
    socket = Socket(peer)
    assert socket.ended()
    assert socket.stream.status == 403


def test_a_denial_in_the_applications_words(serve: Serve, dial: Dial) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert "websocket.http.response" in scope["extensions"]
        await receive()
        headers = [(b"content-type", b"text/plain")]
        await send({"type": "websocket.http.response.start", "status": 401, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": b"who ", "more_body": True})
        await send({"type": "websocket.http.response.body", "body": b"are you?"})

    socket = Socket(dial(serve(application)))
    assert socket.ended()
    assert (socket.stream.status, bytes(socket.stream.body)) == (401, b"who are you?")
    assert socket.stream.get(b"content-type") == b"text/plain"


def test_compression(serve: Serve, dial: Dial) -> None:
    offer = (b"sec-websocket-extensions", b"permessage-deflate")
    socket = Socket(dial(serve(echo)), 1, offer)
    assert b"permessage-deflate" in (socket.stream.get(b"sec-websocket-extensions") or b"")
    text = b"swallow " * 100
    deflater = zlib.compressobj(wbits=-15)
    squeezed = (deflater.compress(text) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]
    socket.send(frame(TEXT, squeezed, first=0xC1))
    opcode, payload = socket.take()
    assert opcode == TEXT | 0x40
    inflater = zlib.decompressobj(wbits=-15)
    assert inflater.decompress(payload + b"\0\0\xff\xff") == text


def test_what_breaks_the_protocol_ends_the_socket_and_no_other(serve: Serve, dial: Dial) -> None:
    peer = dial(serve(echo))
    first, second = Socket(peer), Socket(peer, 3)
    first.send(b"\x81\x01x")  # no mask
    assert first.take() == (CLOSE, b"\x03\xea" + first.stream.body[4:])
    first.ended()
    second.send(frame(TEXT, b"still here"))
    assert second.take() == (TEXT, b"still here")


def test_many_sockets_and_requests_on_one_connection(serve: Serve, dial: Dial) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await echo(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"hello"})

    peer = dial(serve(application))
    sockets = [Socket(peer, number) for number in range(1, 41, 2)]
    for turn in range(3):
        for socket in sockets:
            socket.send(frame(TEXT, b"%d %d" % (socket.number, turn)))
        assert peer.ask(101 + 2 * turn).body == b"hello"
        for socket in sockets:
            assert socket.take() == (TEXT, b"%d %d" % (socket.number, turn))
    for socket in sockets:
        socket.send(close(1000))
        assert socket.take()[0] == CLOSE
        assert socket.ended()


def test_a_producer_waits_for_the_window(serve: Serve, dial: Dial) -> None:
    sent = 0

    async def application(scope: Any, receive: Any, send: Any) -> None:
        nonlocal sent
        await accept(receive, send)
        for _ in range(2000):
            await send({"type": "websocket.send", "bytes": bytes(10_000)})
            sent += 1

    served = serve(application)
    peer = dial(served)
    Socket(peer)
    peer.until(lambda: len(peer.stream(1).body) == frames.DEFAULT_WINDOW, "its window")
    assert settled(served, lambda: sent) < 500


def test_shutdown_says_goodbye(serve: Serve, dial: Dial) -> None:
    """1012, as over HTTP/1.1: the service restarts."""
    recorder = Recorder()
    served = serve(recorder)
    socket = Socket(dial(served))
    served.on_loop(served.server.shutdown)
    assert socket.take()[1][:2] == b"\x03\xf4"
    socket.send(close(1012), end=True)
    recorder.wait()
    assert recorder.messages[-1]["code"] == 1012
    socket.peer.until_closed()
    assert {code for _, code in socket.peer.goaways} == {frames.NO_ERROR}


def test_websockets_may_be_off(serve: Serve, dial: Dial) -> None:
    peer = dial(serve(echo, websockets=False))
    assert peer.settings.get(frames.ENABLE_CONNECT_PROTOCOL, 0) == 0
    peer.send(frames.headers(1, extended(), end=False))
    stream = peer.stream(1)
    peer.until(lambda: stream.ended or stream.reset is not None, "a refusal")
    assert stream.reset == frames.PROTOCOL_ERROR or (stream.status or 0) >= 400
