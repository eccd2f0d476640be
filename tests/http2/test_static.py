"""Files over HTTP/2: several at a time, each as fast as its client takes it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from tests.connection.peers import body, hello, start
from tests.http2 import frames
from tests.http2.fields import ask

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.connection.peers import Served
    from tests.http2.peer import Peer

    Serve = Callable[..., Served]
    Dial = Callable[..., Peer]

BIG = bytes(range(256)) * 4096 * 2
SMALL = b"small"
WINDOW = (frames.INITIAL_WINDOW_SIZE, frames.GREATEST)
LITTLE = (frames.INITIAL_WINDOW_SIZE, 1000)


def serving(serve: Serve, root: Path, application: Any = hello) -> Served:
    (root / "big.bin").write_bytes(BIG)
    (root / "small.txt").write_bytes(SMALL)
    return serve(application, static_files=[("/files", str(root))])


def opened(peer: Peer) -> Peer:
    """With room for everything on the connection."""
    peer.grant(0, frames.GREATEST - frames.DEFAULT_WINDOW)
    return peer


def test_many_at_a_time(serve: Serve, dial: Dial, tmp_path: Path) -> None:
    peer = opened(dial(serving(serve, tmp_path), WINDOW))
    for number, block in enumerate(
        [
            ask(b"GET", b"/files/big.bin"),
            ask(b"GET", b"/files/big.bin"),
            ask(b"GET", b"/files/small.txt"),
            ask(b"HEAD", b"/files/big.bin"),
            ask(b"GET", b"/files/big.bin", (b"range", b"bytes=5-9")),
            ask(b"GET", b"/elsewhere"),
        ]
    ):
        peer.send(frames.headers(2 * number + 1, block))
    answers = [peer.answer(number) for number in (1, 3, 5, 7, 9, 11)]
    assert [answer.status for answer in answers] == [200] * 4 + [206, 200]
    assert answers[0].body == answers[1].body == BIG
    assert answers[2].body == SMALL
    assert answers[3].get(b"content-length") == str(len(BIG)).encode()
    assert answers[4].body == BIG[5:10]
    assert answers[5].body == b"hello"


def test_a_client_that_takes_nothing_holds_nobody_up(
    serve: Serve, dial: Dial, tmp_path: Path
) -> None:
    peer = opened(dial(serving(serve, tmp_path), LITTLE))
    peer.send(frames.headers(1, ask(b"GET", b"/files/big.bin")))
    assert peer.ask(3, ask(b"GET", b"/files/small.txt")).body == SMALL
    assert not peer.stream(1).ended
    peer.grant(1, len(BIG))
    assert peer.answer(1).body == BIG


def test_a_file_that_shrinks_ends_its_stream_alone(
    serve: Serve, dial: Dial, tmp_path: Path
) -> None:
    peer = opened(dial(serving(serve, tmp_path), LITTLE))
    peer.send(frames.headers(1, ask(b"GET", b"/files/big.bin")))
    cut = peer.stream(1)
    peer.until(lambda: bool(cut.body), "its beginning")
    os.truncate(tmp_path / "big.bin", 10)
    peer.grant(1, len(BIG))
    peer.until(lambda: cut.reset is not None, "word that it is cut")
    assert peer.ask(3, ask(b"GET", b"/files/small.txt")).body == SMALL


def test_an_application_names_a_file(serve: Serve, dial: Dial, tmp_path: Path) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        if scope["path"] == "/none":
            await send(body(b"none"))
        else:
            await send({"type": "http.response.pathsend", "path": str(tmp_path / "big.bin")})

    peer = opened(dial(serving(serve, tmp_path, application), WINDOW))
    peer.send(frames.headers(1, ask(b"GET", b"/file")))
    assert peer.ask(3, ask(b"GET", b"/none")).body == b"none"
    answer = peer.answer(1)
    assert (bytes(answer.body), answer.get(b"content-length")) == (BIG, str(len(BIG)).encode())
