"""Files over HTTP/2: several at a time, each as fast as its client takes it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from hyperframe.frame import WindowUpdateFrame

from tests.connection.peers import Served, body, hello, start
from tests.connection.test_http2 import Peer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Serve = Callable[..., Served]

BIG = bytes(range(256)) * 4096 * 2
SMALL = b"small"


def serving(serve: Serve, root: Path, application: Any = hello) -> Served:
    (root / "big.bin").write_bytes(BIG)
    (root / "small.txt").write_bytes(SMALL)
    return serve(application, static_files=[("/files", str(root))])


def test_many_at_a_time(serve: Serve, tmp_path: Path) -> None:
    with Peer(serving(serve, tmp_path)) as peer:
        peer.ask(1, path="/files/big.bin")
        peer.ask(3, path="/files/big.bin")
        peer.ask(5, path="/files/small.txt")
        peer.ask(7, path="/files/big.bin", method="HEAD")
        peer.ask(9, ("range", "bytes=5-9"), path="/files/big.bin")
        peer.ask(11, path="/elsewhere")
        replies = {stream: peer.reply(stream) for stream in (1, 3, 5, 7, 9, 11)}
    assert [replies[stream].status for stream in (1, 3, 5, 7, 9, 11)] == [200] * 4 + [206, 200]
    assert replies[1].body == replies[3].body == BIG
    assert replies[5].body == SMALL
    assert (replies[7].body, replies[7].get("content-length")) == (b"", str(len(BIG)))
    assert replies[9].body == BIG[5:10]
    assert replies[11].body == b"hello"


def test_a_client_that_takes_nothing_holds_nobody_up(serve: Serve, tmp_path: Path) -> None:
    with Peer(serving(serve, tmp_path), window=1000) as peer:
        peer.ask(1, path="/files/big.bin")
        peer.ask(3, path="/files/small.txt")
        assert peer.reply(3).body == SMALL
        assert not peer.replies[1].ended
        peer.put(WindowUpdateFrame(1, window_increment=len(BIG)))
        assert peer.reply(1).body == BIG


def test_a_file_that_shrinks_ends_its_stream_alone(serve: Serve, tmp_path: Path) -> None:
    with Peer(serving(serve, tmp_path), window=1000) as peer:
        peer.ask(1, path="/files/big.bin")
        while not peer.replies.get(1) or not peer.replies[1].body:
            assert peer.step()
        os.truncate(tmp_path / "big.bin", 10)
        peer.put(WindowUpdateFrame(1, window_increment=len(BIG)))
        assert peer.reply(1).reset is not None
        peer.ask(3, path="/files/small.txt")
        assert peer.reply(3).body == SMALL


def test_an_application_names_a_file(serve: Serve, tmp_path: Path) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        if scope["path"] == "/none":
            await send(body(b"none"))
        else:
            await send({"type": "http.response.pathsend", "path": str(tmp_path / "big.bin")})

    with Peer(serving(serve, tmp_path, application)) as peer:
        peer.ask(1, path="/file")
        peer.ask(3, path="/none")
        assert peer.reply(3).body == b"none"
        reply = peer.reply(1)
        assert (reply.body, reply.get("content-length")) == (BIG, str(len(BIG)))
