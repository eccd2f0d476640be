"""How much of a file the kernel is given before its client takes it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.connection.peers import PATIENCE, Client, Served, hello

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Served]

LENGTH = 16 * 1024 * 1024
"""More than the kernel takes of a socket by itself (``net.ipv4.tcp_wmem``)."""
SHALLOW = 1024 * 1024
STANDS_STILL = 5
"""As often is a number the same in a row that will not change any more."""


def unacknowledged(served: Served, client: Client) -> int:
    """How much of what was written to the server's end waits in the kernel (``proc(5)``)."""
    ours, theirs = (
        f":{served.listener.getsockname()[1]:04X}",
        f":{client.socket.getsockname()[1]:04X}",
    )
    for line in Path("/proc/self/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        _, local, remote, _, queues, *_ = line.split()
        if local.endswith(ours) and remote.endswith(theirs):
            return int(queues.partition(":")[0], 16)
    raise AssertionError("the connection is gone")


def settled(read: Callable[[], int]) -> int:
    """The value once it stands still."""
    seen: list[int] = []
    deadline = time.monotonic() + PATIENCE
    while len(seen) < STANDS_STILL or len(set(seen[-STANDS_STILL:])) > 1:
        assert time.monotonic() < deadline
        seen.append(read())
        time.sleep(0.02)  # what changes it is the kernel, which tells nobody
    return seen[-1]


def test_the_kernel_holds_little_of_what_nobody_reads(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "long.bin"
    path.write_bytes(bytes(LENGTH))
    served = serve(hello, static_files=[("/", str(tmp_path))])
    with served.connect() as client:
        client.send(b"GET /long.bin HTTP/1.1\r\nHost: test\r\n\r\n")
        assert client.head().status == 200
        waiting = settled(lambda: unacknowledged(served, client))
        assert 0 < waiting < SHALLOW
        assert len(client.take(LENGTH)) == LENGTH, "and all of it comes when it is read"


def test_so_it_is_for_a_file_that_the_application_sends(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "long.bin"
    path.write_bytes(bytes(LENGTH))

    async def application(_: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.pathsend", "path": str(path)})

    served = serve(application)
    with served.connect() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        assert client.head().status == 200
        assert 0 < settled(lambda: unacknowledged(served, client)) < SHALLOW
