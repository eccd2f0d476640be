"""A client on a raw socket that says anything, and checks whatever a server may not say."""

from __future__ import annotations

import itertools
import select
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from hpack import Decoder
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from tests.http2 import fields, frames
from tests.http2.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.http2.fields import Field

PATIENCE = 10.0
"""How long a client waits for what should come at once."""

CONNECTION_SPECIFIC = {
    b"connection",
    b"keep-alive",
    b"proxy-connection",
    b"transfer-encoding",
    b"upgrade",
}


@dataclass
class Stream:
    """What came on one stream."""

    interim: list[list[Field]] = field(default_factory=list)
    fields: list[Field] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    trailers: list[Field] | None = None
    ended: bool = False
    reset: int | None = None

    @property
    def status(self) -> int | None:
        return int(dict(self.fields)[b":status"]) if self.fields else None

    def all(self, name: bytes) -> list[bytes]:
        return [value for known, value in self.fields if known == name]

    def get(self, name: bytes) -> bytes | None:
        return next(iter(self.all(name)), None)


class Peer:
    """One connection: :meth:`send` says, :meth:`until` listens.

    Every frame that comes is held against what RFC 9113 allows a server to send; what is not
    allowed fails the test, whatever it is about.
    """

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.socket.settimeout(PATIENCE)
        self.streams: dict[int, Stream] = {}
        self.settings: dict[int, int] = {}
        self.settings_frames = 0
        self.acks = 0
        self.goaways: list[tuple[int, int]] = []
        """Last stream and code of each GOAWAY."""
        self.pongs: list[bytes] = []
        self.opened_window: dict[int, int] = {}
        """By stream, what WINDOW_UPDATE has added; 0 is the connection."""
        self.longest = 0
        """The payload of the longest DATA frame."""
        self.settled = False
        """Whether the server has seen all that was sent."""
        self.closed = False
        self.is_foreign = False
        """Whether what comes is not HTTP/2."""
        self.received = bytearray()
        self.decoder = Decoder()
        self._ledger = Ledger()
        self._block: tuple[int, bytearray, bool] | None = None
        self._pings = itertools.count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.socket.close()

    def __repr__(self) -> str:
        ends = {
            number: (stream.status, stream.ended, stream.reset)
            for number, stream in self.streams.items()
        }
        return f"goaways {self.goaways}, closed {self.closed}, streams {ends}"

    # What the client does.

    def begin(self, *pairs: tuple[int, int]) -> None:
        """Exchanges prefaces and settings, to the last acknowledgement."""
        self.send(frames.PREFACE + frames.settings(*pairs))
        self.until(lambda: bool(self.settings_frames and self.acks), "the server's settings")
        self.send(frames.SETTINGS_ACK)

    def send(self, data: bytes) -> None:
        """Sends as much as the server takes; who was sent away may not notice at once."""
        self._ledger.sent(data)
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return

    def stream(self, number: int) -> Stream:
        return self.streams.setdefault(number, Stream())

    def until(self, question: Callable[[], bool], what: str) -> None:
        """Listens until something is so."""
        deadline = time.monotonic() + PATIENCE
        while not question():
            assert not self.closed, f"closed before {what}: {self}"
            assert time.monotonic() < deadline, f"waited for {what}: {self}"
            self._more(what)

    def has_hung_up(self) -> bool:
        """Whether the server has ended it, as far as one can tell without waiting."""
        while not self.closed and select.select([self.socket], [], [], 0)[0]:
            self._more("nothing")
        return self.has_ended()

    def until_closed(self) -> None:
        self.until(lambda: self.closed, "the end")

    def answer(self, number: int) -> Stream:
        """The whole answer on a stream."""
        stream = self.stream(number)
        self.until(lambda: stream.ended or stream.reset is not None, f"an answer on {number}")
        assert stream.ended, f"{number} was reset with {stream.reset}"
        return stream

    def ask(self, number: int, block: bytes = fields.GET) -> Stream:
        """Asks without content, and listens to the answer."""
        self.send(frames.headers(number, block))
        return self.answer(number)

    def ping(self) -> None:
        """Goes to the server and back: it has seen all that was sent before."""
        payload = b"ping%4d" % next(self._pings)
        self.send(frames.ping(payload))
        self.until(lambda: payload in self.pongs, "a pong")

    def settle(self) -> None:
        """Waits until the server has seen all that was sent, or has ended the connection."""
        for payload in (b"settled1", b"settled2"):
            self.send(frames.ping(payload))
            self.until(lambda: payload in self.pongs or self.has_ended(), "a pong")  # noqa: B023 - called at once
        self.settled = not self.has_ended()

    def has_ended(self) -> bool:
        return self.closed or bool(self.goaways)

    def resets(self) -> list[int]:
        """The streams that the server reset."""
        return [number for number, stream in self.streams.items() if stream.reset is not None]

    def grant(self, number: int, increment: int) -> None:
        """Opens a window."""
        self.send(frames.window_update(number, increment))

    def check_life(self) -> None:
        """The connection works: settings in force, tables in step, windows open."""
        assert not self.goaways
        number = self._ledger.next_stream()
        if number > frames.GREATEST:
            self.ping()
            return
        self.send(frames.headers(number, fields.GET))
        for window in (0, number):
            if self._ledger.room(window) < 1 << 20:
                self.grant(window, 1 << 22)
        answer = self.answer(number)
        assert (answer.status, bytes(answer.body)) == (200, b"hello")

    # What the server does.

    def _more(self, what: str) -> None:
        try:
            received = self.socket.recv(1 << 16)
        except ConnectionResetError:
            received = b""
        except TimeoutError:
            raise AssertionError(f"waited for {what}: {self}") from None
        self.closed = not received
        self.received += received
        if not (self.settings_frames or self.is_foreign) and len(self.received) >= 4:
            self.is_foreign = self.received.startswith(b"HTTP")
        while not self.is_foreign and len(self.received) >= 9:
            header = memoryview(bytes(self.received[:9]))
            frame, length = Frame.parse_frame_header(header, strict=False)
            assert length <= self._ledger.frame_size, f"{frame} is longer than allowed"
            if len(self.received) < 9 + length:
                break
            frame.parse_body(memoryview(bytes(self.received[9 : 9 + length])))
            del self.received[: 9 + length]
            self._take(frame)

    def _check_place(self, frame: Frame) -> None:
        """Whether this frame may come now, on this stream."""
        assert self.settings_frames or isinstance(frame, SettingsFrame), "SETTINGS come first"
        if self._block is not None:
            assert isinstance(frame, ContinuationFrame), f"{frame} within a field block"
            assert frame.stream_id == self._block[0]
        if frame.stream_id:
            assert frame.stream_id in self._ledger.streams, f"{frame} on an idle stream"
            # Another RST_STREAM may answer what comes after the first (RFC 9113 §5.4.2).
            is_over = self.stream(frame.stream_id).reset is not None
            assert not is_over or isinstance(frame, RstStreamFrame), f"{frame} after RST_STREAM"
            if isinstance(frame, HeadersFrame | DataFrame):
                assert not self.stream(frame.stream_id).ended, f"{frame} after END_STREAM"

    def _take(self, frame: Frame) -> None:
        self._check_place(frame)
        match frame:
            case DataFrame():
                self._take_data(frame)
            case HeadersFrame() | ContinuationFrame():
                self._take_fragment(frame)
            case RstStreamFrame():
                stream = self.stream(frame.stream_id)
                stream.reset = frame.error_code if stream.reset is None else stream.reset
            case SettingsFrame():
                self._take_settings(frame)
            case PingFrame() if "ACK" not in frame.flags:
                self.send(frames.ping(frame.opaque_data, ack=True))
            case PingFrame():
                self.pongs.append(frame.opaque_data)
            case GoAwayFrame():
                assert not self.goaways or frame.last_stream_id <= self.goaways[-1][0]
                self.goaways.append((frame.last_stream_id, frame.error_code))
            case WindowUpdateFrame():
                opened = self.opened_window.get(frame.stream_id, 0) + frame.window_increment
                self.opened_window[frame.stream_id] = opened
            case _:
                raise AssertionError(f"{frame} is nothing that a server sends here")

    def _take_settings(self, frame: SettingsFrame) -> None:
        if "ACK" in frame.flags:
            assert self.settings_frames, "an acknowledgement is no first SETTINGS"
            self.acks += 1
            for name, value in self._ledger.acknowledged():
                if name == frames.HEADER_TABLE_SIZE:
                    self.decoder.max_allowed_table_size = value
            return
        self.settings_frames += 1
        self.settings |= frame.settings

    def _take_data(self, frame: DataFrame) -> None:
        stream = self.stream(frame.stream_id)
        assert stream.fields, f"{frame} before any answer"
        self._ledger.spend(frame.stream_id, frame.flow_controlled_length)
        self.longest = max(self.longest, frame.flow_controlled_length)
        stream.body += frame.data
        if "END_STREAM" in frame.flags:
            self._end(frame.stream_id, stream)

    def _take_fragment(self, frame: HeadersFrame | ContinuationFrame) -> None:
        if isinstance(frame, HeadersFrame):
            self._block = (frame.stream_id, bytearray(), "END_STREAM" in frame.flags)
        assert self._block is not None, f"{frame} continues nothing"
        number, block, ends = self._block
        block += frame.data
        if "END_HEADERS" not in frame.flags:
            return
        self._block = None
        decoded = [(bytes(n), bytes(v)) for n, v in self.decoder.decode(bytes(block), raw=True)]
        stream = self.stream(number)
        check_fields(decoded, are_trailers=bool(stream.fields))
        if stream.fields:
            assert ends, "trailers end the stream"
            stream.trailers = decoded
        elif decoded[0][1].startswith(b"1"):
            assert not ends, "an interim answer is none"
            assert decoded[0][1] != b"101", "HTTP/2 switches no protocols (RFC 9113 §8.6)"
            stream.interim.append(decoded)
        else:
            stream.fields = decoded
        if ends:
            self._end(number, stream)

    def _end(self, number: int, stream: Stream) -> None:
        stream.ended = True
        length = stream.get(b"content-length")
        if self._ledger.streams[number] == b"HEAD" or stream.status in {204, 304}:
            assert not stream.body
        elif length is not None:
            assert len(stream.body) == int(length), "RFC 9113 §8.1.1"


def check_fields(decoded: list[Field], *, are_trailers: bool) -> None:
    """RFC 9113 §8.2 and §8.3.2."""
    names = [name for name, _ in decoded]
    assert (names[:1] == [b":status"]) is not are_trailers
    assert not [name for name in names[not are_trailers :] if name.startswith(b":")]
    for name, value in decoded:
        assert name == name.lower(), f"{name!r} is not in lower case"
        assert name not in CONNECTION_SPECIFIC, f"{name!r} is of the connection"
        assert value == value.strip(b" \t"), f"{value!r} has blanks around it"
        assert not {0, 10, 13} & set(value), f"{value!r} has control bytes"


def connect(address: tuple[str, int]) -> Peer:
    """A peer without TLS, by prior knowledge."""
    connected = socket.create_connection(address, PATIENCE)
    # A client's frames are small, and none of them is to wait until the last has arrived.
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Peer(connected)
