"""The second client, a program of its own: ``probing.py PORT PATH SECONDS-BETWEEN-REQUESTS``.

Says ``ready`` after its first answer, and at the end of its input its worst time in seconds, how
many answers it got and how many requests failed.
"""

from __future__ import annotations

import select
import socket
import sys
import time


class Client:
    """One connection at a time."""

    def __init__(self, port: int, path: str) -> None:
        self._address = ("127.0.0.1", port)
        self._request = f"GET {path} HTTP/1.1\r\nHost: probe\r\n\r\n".encode()
        self._socket: socket.socket | None = None

    def ask(self) -> bool:
        """Asks once; whether the answer was 200."""
        try:
            if self._socket is None:
                self._socket = socket.create_connection(self._address, 20)
            self._socket.sendall(self._request)
            received = b""
            while not _is_whole(received):
                more = self._socket.recv(65536)
                if not more:
                    raise ConnectionError("the server hung up")
                received += more
        except OSError:
            if self._socket is not None:
                self._socket.close()
            self._socket = None
            return False
        return received.startswith(b"HTTP/1.1 200 ")


def _is_whole(received: bytes) -> bool:
    head, end, body = received.partition(b"\r\n\r\n")
    if not end:
        return False
    _, _, rest = head.lower().partition(b"content-length: ")
    return len(body) >= int(rest.split(b"\r\n")[0])


def main() -> None:
    """Asks until the input ends."""
    client = Client(int(sys.argv[1]), sys.argv[2])
    every = float(sys.argv[3])
    answers = failures = 0
    worst = 0.0
    if not client.ask():
        sys.exit("the server does not answer")
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], every)[0]:
        began = time.monotonic()
        if client.ask():
            answers += 1
        else:
            failures += 1
        worst = max(worst, time.monotonic() - began)
    print(worst, answers, failures)


if __name__ == "__main__":
    main()
