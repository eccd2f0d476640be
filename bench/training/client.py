"""Requests from several connections at a time, each answer read to its end."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECTIONS = 16
"""How many clients there are at a time."""

SECONDS = 30
"""How long an answer may take."""

MASK = b"\x37\xfa\x21\x3d"


def request(target: str, body: bytes = b"", **headers: str) -> bytes:
    """A request as a browser or a client library would send it; with a body, it is a ``POST``."""
    lines = [f"{'POST' if body else 'GET'} {target} HTTP/1.1", "Host: localhost"]
    lines += ["User-Agent: training", "Accept: */*", "Accept-Encoding: gzip, deflate"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def ask(port: int, asked: bytes, status: int, turns: int) -> None:
    """Send a request so many times from every connection; its answers have this status."""
    with connected(port) as clients:
        for client in clients:
            client.sendall(asked)
        answers = [read_answer(client) for client in clients]
        for answer in answers:
            assert answer.startswith(b"HTTP/1.1 %d " % status), answer
        for _ in range(turns):
            for client in clients:
                client.sendall(asked)
            for client, answer in zip(clients, answers, strict=True):
                read(client, len(answer))


def talk(port: int, target: str, turns: int, together: int = 1) -> None:
    """Have a WebSocket send texts and bytes back, ``together`` at a time."""
    upgrade = request(
        target,
        Upgrade="websocket",
        Connection="Upgrade",
        Sec_WebSocket_Version="13",
        Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==",
    )
    content = b"abcdefgh" * 8
    frame = bytes([0x81, 0x80 | len(content)]) + MASK
    frame += bytes(byte ^ MASK[place % 4] for place, byte in enumerate(content))
    with connected(port) as clients:
        for client in clients:
            client.sendall(upgrade)
            assert read_head(client).startswith(b"HTTP/1.1 101 ")
        for _ in range(turns):
            for client in clients:
                client.sendall(frame * together)
            for client in clients:
                read(client, (2 + len(content)) * together)


def ask_by_streams(port: int, turns: int) -> None:
    """Ask for ``/`` over HTTP/2, a stream for each request."""
    block = b"\x82\x86\x84\x41\x09localhost"
    with connected(port) as clients:
        for client in clients:
            client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(4, 0, 0))
        for turn in range(turns):
            for client in clients:
                client.sendall(_frame(1, 5, 2 * turn + 1, block))
            for client in clients:
                while not _ends_stream(client):
                    pass


def _frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    head = len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big")
    return head + payload


def _ends_stream(client: socket.socket) -> bool:
    head = read(client, 9)
    read(client, int.from_bytes(head[:3], "big"))
    return head[3] in (0, 1) and head[4] & 1 == 1


@contextlib.contextmanager
def connected(port: int) -> Iterator[list[socket.socket]]:
    """So many connections, closed at the end."""
    with contextlib.ExitStack() as stack:
        clients = []
        for _ in range(CONNECTIONS):
            client = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            clients.append(stack.enter_context(client))
        yield clients


def read(client: socket.socket, size: int) -> bytes:
    """So many bytes, of which a client that is cut off gets fewer: an error."""
    received = b""
    while len(received) < size:
        piece = client.recv(size - len(received))
        if not piece:
            raise EOFError("the server has closed the connection")
        received += piece
    return received


def read_head(client: socket.socket) -> bytes:
    """The head of an answer."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += read(client, 1)
    return head


def read_answer(client: socket.socket) -> bytes:
    """An answer, head and body."""
    answer = read_head(client)
    if b"\r\ntransfer-encoding: chunked\r\n" in answer.lower():
        while not answer.endswith(b"\r\n0\r\n\r\n"):
            answer += read(client, 1)
        return answer
    length = answer.lower().partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0]
    return answer + read(client, int(length))
