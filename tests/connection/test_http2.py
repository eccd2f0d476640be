"""HTTP/2 on a connection: what the engine makes of the codec's events.

The protocol's rules are tested in tests/http2 and in the codec's own tests.
"""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hpack import Decoder, Encoder
from hyperframe.frame import (
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from tests.connection.peers import GET, PATIENCE, Client, Served, body, echo, hello, start

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Served]

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
MOST = 2**31 - 1


@dataclass
class Reply:
    """What came on one stream."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    heads: list[list[tuple[str, str]]] = field(default_factory=list)
    body: bytes = b""
    ended: bool = False
    reset: int | None = None

    def get(self, name: str) -> str | None:
        return next((value for known, value in self.headers if known == name), None)


class Peer(Client):
    """A client that speaks HTTP/2."""

    def __init__(self, served: Served, *, window: int = MOST) -> None:
        super().__init__(socket.create_connection(served.listener.getsockname(), PATIENCE))
        self.encoder, self.decoder = Encoder(), Decoder()
        self.replies: dict[int, Reply] = {}
        self.goaways: list[GoAwayFrame] = []
        self.send(PREFACE)
        self.put(SettingsFrame(0, settings={SettingsFrame.INITIAL_WINDOW_SIZE: window}))
        self.put(WindowUpdateFrame(0, window_increment=MOST - 65_535))

    def put(self, *frames: Frame) -> None:
        self.send(b"".join(frame.serialize() for frame in frames))

    def ask(  # type: ignore[override]
        self,
        stream: int,
        *more: tuple[str, str],
        method: str = "GET",
        path: str = "/",
        ends: bool = True,
    ) -> None:
        fields = [
            (":method", method),
            (":scheme", "http"),
            (":path", path),
            (":authority", "test"),
            *more,
        ]
        frame = HeadersFrame(stream, self.encoder.encode(fields), flags=["END_HEADERS"])
        if ends:
            frame.flags.add("END_STREAM")
        self.put(frame)

    def data(self, stream: int, data: bytes, *, ends: bool = True) -> None:
        self.put(DataFrame(stream, data, flags=["END_STREAM"] if ends else []))

    def frame(self) -> Frame | None:
        """The next frame, ``None`` at the end."""
        while len(self.pending) < 9:
            if not self.more():
                return None
        frame, length = Frame.parse_frame_header(memoryview(self.take(9)))
        frame.parse_body(memoryview(self.take(length)))
        return frame

    def step(self) -> Frame | None:
        frame = self.frame()
        reply = self.replies.setdefault(frame.stream_id, Reply()) if frame else Reply()
        if isinstance(frame, HeadersFrame):
            headers = [(str(name), str(value)) for name, value in self.decoder.decode(frame.data)]
            reply.heads.append(headers)
            if headers[0][0] == ":status":
                reply.status = int(headers[0][1])
                reply.headers = headers[1:]
            reply.ended |= "END_STREAM" in frame.flags
        elif isinstance(frame, DataFrame):
            reply.body += frame.data
            reply.ended |= "END_STREAM" in frame.flags
        elif isinstance(frame, RstStreamFrame):
            reply.reset = frame.error_code
        elif isinstance(frame, GoAwayFrame):
            self.goaways.append(frame)
        elif isinstance(frame, SettingsFrame) and "ACK" not in frame.flags:
            self.put(SettingsFrame(0, flags=["ACK"]))
        return frame

    def reply(self, stream: int) -> Reply:
        """The whole answer on a stream."""
        reply = self.replies.setdefault(stream, Reply())
        while not reply.ended and reply.reset is None:
            assert self.step(), f"the server closed in the middle: {self.replies}"
        return reply

    def get(self, stream: int = 1, *more: tuple[str, str], **options: Any) -> Reply:
        self.ask(stream, *more, **options)
        return self.reply(stream)

    def to_the_end(self) -> None:
        while self.step():
            pass


def wait_until(served: Served, is_so: Callable[[], bool]) -> None:
    """Lets the server work until something is the case."""

    async def wait() -> None:
        while not is_so():
            await asyncio.sleep(0)

    served.wait_for(lambda: asyncio.wait_for(wait(), PATIENCE))


def test_a_request(serve: Serve) -> None:
    scopes: list[dict[str, Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        await hello(scope, receive, send)

    with Peer(serve(application)) as peer:
        reply = peer.get(1, ("x-a", "1"), path="/a%20b?q=1")
        assert (reply.status, reply.body) == (200, b"hello")
        assert reply.get("server") == "jebi"
        assert reply.get("date")
        assert not {"connection", "transfer-encoding"} & dict(reply.headers).keys()
    scope = scopes[0]
    assert scope["http_version"] == "2"
    assert (scope["path"], scope["raw_path"], scope["query_string"]) == (
        "/a b",
        b"/a%20b",
        b"q=1",
    )
    assert scope["headers"] == [(b"host", b"test"), (b"x-a", b"1")]


def test_both_versions_are_served_unless_one_is_switched_off(serve: Serve) -> None:
    served = serve(hello)
    with served.connect() as client:
        assert client.ask(GET).status == 200
    with Peer(serve(hello, http2=False)) as peer:
        assert peer.head().status == 505


def test_a_body_both_ways(serve: Serve) -> None:
    with Peer(serve(echo)) as peer:
        peer.ask(1, ("content-length", "6"), method="POST", ends=False)
        peer.data(1, b"abc", ends=False)
        peer.data(1, b"def")
        assert peer.reply(1).body == b"POST / abcdef"


def test_many_at_a_time(serve: Serve) -> None:
    gate: list[asyncio.Event] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/slow":
            gate.append(asyncio.Event())
            await gate[-1].wait()
        elif scope["path"] == "/open":
            for event in gate:
                event.set()
        await send(start())
        await send(body(scope["path"].encode()))

    with Peer(serve(application)) as peer:
        peer.ask(1, path="/slow")
        peer.ask(3, path="/slow")
        assert peer.get(5, path="/quick").body == b"/quick"
        assert not peer.replies.get(1, Reply()).status
        assert peer.get(7, path="/open").body == b"/open"
        assert peer.reply(1).body == peer.reply(3).body == b"/slow"


def test_a_slow_reader_holds_up_its_own_producer_alone(serve: Serve) -> None:
    sent: list[int] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        if scope["path"] == "/":
            await send(body(b"here"))
            return
        for _ in range(20):
            await send(body(b"x" * 50_000, more=True))
            sent.append(50_000)
        await send(body(b""))

    with Peer(serve(application), window=10_000) as peer:
        peer.ask(1, path="/long")
        assert peer.get(3).body == b"here"
        assert sum(sent) <= 200_000
        peer.put(WindowUpdateFrame(1, window_increment=10_000_000))
        assert len(peer.reply(1).body) == 1_000_000


def test_the_window_opens_as_the_application_takes(serve: Serve) -> None:
    """A client that keeps to the windows stops until the application receives."""
    taken: list[int] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/go":
            taken.append(0)
            await hello(scope, receive, send)
            return
        while not taken:
            await asyncio.sleep(0)
        while True:
            message = await receive()
            taken.append(len(message["body"]))
            if not message["more_body"]:
                break
        await hello(scope, receive, send)

    with Peer(serve(application)) as peer:
        while not isinstance(peer.step(), SettingsFrame):
            pass
        peer.ask(1, method="POST", ends=False)
        room = 65_536
        while room:
            piece = min(room, 16_384)
            peer.data(1, b"x" * piece, ends=False)
            room -= piece
        assert peer.get(3, path="/go").status == 200
        while True:
            frame = peer.step()
            if isinstance(frame, WindowUpdateFrame) and frame.stream_id == 1:
                assert frame.window_increment > 10_000
                break
        peer.data(1, b"x" * 10_000)
        assert peer.reply(1).status == 200
    assert sum(taken) == 65_536 + 10_000


def test_a_client_that_takes_its_request_back(serve: Serve) -> None:
    told: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/":
            await hello(scope, receive, send)
            return
        await receive()
        told.append((await receive())["type"])

    served = serve(application)
    with Peer(served) as peer:
        peer.ask(1, path="/wait")
        peer.put(RstStreamFrame(1, error_code=8))
        assert peer.get(3).status == 200
        wait_until(served, lambda: told == ["http.disconnect"])


def test_everyone_is_told_when_the_client_is_gone(serve: Serve) -> None:
    told: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        told.append((await receive())["type"])

    served = serve(application)
    with Peer(served) as peer:
        for stream in (1, 3, 5):
            peer.ask(stream)
        peer.put(PingFrame(0, opaque_data=b"12345678"))
        while not isinstance(peer.step(), PingFrame):
            pass
    wait_until(served, lambda: len(told) == 3)
    assert told == ["http.disconnect"] * 3


def test_an_application_that_fails(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/late":
            await send(start())
            await send(body(b"x", more=True))
        if scope["path"] == "/":
            await hello(scope, receive, send)
            return
        raise RuntimeError("broken")

    with Peer(serve(application)) as peer:
        assert peer.get(1, path="/early").status == 500
        assert peer.get(3, path="/late").reset == 2
        assert peer.get(5).status == 200


def test_head_and_empty_answers(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        status = 204 if scope["path"] == "/none" else 200
        await send(start(status))
        await send(body(b"" if status == 204 else b"hello"))

    with Peer(serve(application)) as peer:
        reply = peer.get(1, method="HEAD")
        assert (reply.status, reply.body, reply.ended) == (200, b"", True)
        reply = peer.get(3, path="/none")
        assert (reply.status, reply.get("content-length")) == (204, None)


def test_continue_is_said_when_the_body_is_wanted(serve: Serve) -> None:
    with Peer(serve(echo)) as peer:
        peer.ask(1, ("expect", "100-continue"), method="POST", ends=False)
        while not peer.replies.get(1, Reply()).heads:
            peer.step()
        assert peer.replies[1].status == 100
        peer.data(1, b"now")
        assert peer.reply(1).body == b"POST / now"


def test_what_belongs_to_a_connection_stays_away(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"Connection", b"close"), (b"keep-alive", b"1"), (b"X-A", b"1")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send(body(b"hello"))

    with Peer(serve(application)) as peer:
        reply = peer.get(1)
        assert [name for name, _ in reply.headers] == ["date", "server", "x-a"]
        assert peer.get(3).status == 200


def test_a_body_that_is_not_as_long_as_it_said(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]}
        )
        await send(body(b"abc", more=True))
        await send(body(b"" if scope["path"] == "/short" else b"defgh"))

    with Peer(serve(application)) as peer:
        assert peer.get(1, path="/short").reset == 2
        assert peer.get(3, path="/long").reset == 2


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_beyond_the_limit(serve: Serve, declared: bool) -> None:
    with Peer(serve(echo, body_limit=10)) as peer:
        more = [("content-length", "11")] if declared else []
        peer.ask(1, *more, method="POST", ends=False)
        if not declared:
            peer.data(1, b"x" * 11, ends=False)
        assert peer.reply(1).status == 413
        assert peer.get(3).status == 200


def test_too_many_requests_at_a_time(serve: Serve) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await receive()

    with Peer(serve(application, limit_concurrency=1)) as peer:
        peer.ask(1)
        assert peer.get(3).status == 503


def test_a_shutdown_answers_what_is_open(serve: Serve) -> None:
    gate = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/slow":
            await gate.wait()
        await hello(scope, receive, send)

    served = serve(application)
    with Peer(served) as peer:
        peer.ask(1, path="/slow")
        assert peer.get(3).status == 200
        served.on_loop(served.server.shutdown)
        ping = None
        while not isinstance(ping, PingFrame):
            ping = peer.step()
        assert [frame.last_stream_id for frame in peer.goaways] == [MOST]
        peer.ask(5)
        peer.put(PingFrame(0, opaque_data=ping.opaque_data, flags=["ACK"]))
        assert peer.reply(5).status == 200
        served.on_loop(gate.set)
        assert peer.reply(1).body == b"hello"
        peer.to_the_end()
        assert peer.goaways[-1].last_stream_id == 5
        assert {frame.error_code for frame in peer.goaways} == {0}


def test_an_idle_connection_is_let_go(serve: Serve) -> None:
    with Peer(serve(hello, keep_alive_timeout=0.05)) as peer:
        assert peer.get().status == 200
        peer.to_the_end()
        assert peer.goaways[-1].error_code == 0


def test_an_idle_connection_makes_room_for_another(serve: Serve) -> None:
    served = serve(hello, limit_connections=1, header_timeout=0.4, keep_alive_timeout=60.0)
    with Peer(served) as first:
        assert first.get().body == b"hello"
        assert served.ask().body == b"hello"
        first.to_the_end()
        assert first.goaways[-1].error_code == 0


def test_each_request_gives_another_wait(serve: Serve) -> None:
    """However quickly they are answered."""
    with Peer(serve(hello, keep_alive_timeout=0.3)) as peer:
        end = time.monotonic() + 0.8
        stream = 1
        while time.monotonic() < end:
            assert peer.get(stream).status == 200
            stream += 2


def test_a_client_that_says_nothing(serve: Serve) -> None:
    served = serve(hello, header_timeout=0.05)
    with Client(socket.create_connection(served.listener.getsockname(), PATIENCE)) as client:
        client.send(PREFACE)
        client.rest()


def test_a_body_that_stays_away(serve: Serve) -> None:
    with Peer(serve(echo, body_timeout=0.05)) as peer:
        peer.ask(1, method="POST", ends=False)
        assert peer.reply(1).status == 408
        assert peer.get(3).status == 200


def test_a_reader_that_never_reads(serve: Serve) -> None:
    told: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        await send(body(b"x" * 100_000))
        await receive()
        told.append((await receive())["type"])

    served = serve(application, write_timeout=0.05)
    with Peer(served, window=0) as peer:
        peer.ask(1)
        with pytest.raises(ConnectionResetError):
            peer.to_the_end()
    wait_until(served, lambda: told == ["http.disconnect"])
