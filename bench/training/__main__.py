"""``python -m bench.training``: serve every kind of request for a while, and run the loop.

``maturin build --pgo`` runs it with an instrumented build installed, which notes what is often
done; the build that is published is laid out for that.
"""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.training import loop
from bench.training.client import ask, ask_by_streams, request, talk

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
TURNS = 400
"""How often each connection asks for the same."""

BOOK = json.dumps(
    {"title": "Swallows", "pages": 320, "price": 12.5, "authors": [{"name": "A", "born": 1884}]}
).encode()
FORM = "application/x-www-form-urlencoded"
PART = "--edge\r\nContent-Disposition: form-data; name={}\r\n\r\n{}\r\n"
FILES = (
    PART.format('"file"; filename="a.txt"', "x" * 3000)
    + PART.format('"note"', "a note")
    + PART.format('"raw"; filename="b.bin"', "y" * 300)
    + "--edge--\r\n"
).encode()

REQUESTS = (
    (200, request("/")),
    (200, request("/", Origin="https://example.com", Cookie="taste=good; theme=dark")),
    (200, request("/books/42?q=swallow&limit=25")),
    (422, request("/books/forty?limit=many")),
    (404, request("/books/1000")),
    (404, request("/nowhere")),
    (200, request("/books")),
    (200, request("/books", BOOK, Content_Type="application/json")),
    (422, request("/books", BOOK.replace(b"320", b"-1"), Content_Type="application/json")),
    (200, request("/thread", Cookie="taste=good")),
    (200, request("/shelf", X_Reader="Mina")),
    (200, request("/wait")),
    (200, request("/page")),
    (200, request("/stream")),
    (200, request("/form", b"title=a+book&pages=3", Content_Type=FORM)),
    (200, request("/upload", FILES, Content_Type="multipart/form-data; boundary=edge")),
)
"""Every kind of request, and the status of its answer."""


def main() -> None:
    """Train, and say what is being done."""
    start = time.monotonic()
    for name in ("app", "layered", "around"):
        with served(str(HERE / "application.py"), "--app", name) as port:
            print(f"training: {name}, {len(REQUESTS)} kinds of request", flush=True)
            for status, asked in REQUESTS:
                ask(port, asked, status, TURNS if name == "app" else TURNS // 4)
            talk(port, "/socket", TURNS)
    with served(str(HERE / "asgi.py")) as port:
        print("training: ASGI, WebSocket and HTTP/2", flush=True)
        ask(port, request("/"), 200, 4 * TURNS)
        ask(port, request("/", b"z" * 2000), 200, TURNS)
        talk(port, "/", 4 * TURNS)
        talk(port, "/", TURNS, together=8)
        ask_by_streams(port, TURNS)
    print("training: the loop", flush=True)
    loop.main()
    print(f"training: done in {time.monotonic() - start:.0f} s", flush=True)


@contextlib.contextmanager
def served(*arguments: str) -> Iterator[int]:
    """A server of an application in a process of its own; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = [sys.executable, "-m", "jebi", "run", *arguments, "--fd", str(listener.fileno())]
        quiet = ["--no-access-log", "--log-level", "warning"]
        with subprocess.Popen([*command, *quiet], pass_fds=[listener.fileno()]) as server:
            try:
                yield listener.getsockname()[1]
            finally:
                server.send_signal(signal.SIGINT)
                # What it has noted is written as it ends.
                ended = server.wait(60)
    if ended != 0:
        raise SystemExit(f"training: the server ended with {ended}")


if __name__ == "__main__":
    main()
