"""Serves the figures on an address of their own, from a thread of the process that sums them."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING

from jebi.server.addresses import Internet, parse
from jebi.server.errors import CannotStart
from jebi.server.logging import get_logger
from jebi.server.metrics.page import Counters, Page
from jebi.server.metrics.text import CONTENT_TYPE, write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jebi.server.metrics.page import Gauges

# A scraper has so long for its request and for reading the answer.
SECONDS = 2.0
LONGEST = 8192


class Metrics:
    """The pages of the workers that live, and what those that are gone have counted.

    What is counted never goes backwards: a page is folded into the sum in the moment in which
    it is left out of the pages.
    """

    def __init__(self) -> None:
        self.port = 0
        """Where they are served, while they are."""
        self._gone = Counters()
        self._pages: list[Page] = []
        self._ended = 0
        self._lock = threading.Lock()

    def new_page(self) -> Page:
        """The page of a worker that is about to start."""
        page = Page()
        with self._lock:
            self._pages.append(page)
        return page

    def forget(self, page: Page) -> None:
        """The worker was never started."""
        with self._lock:
            self._pages.remove(page)
        page.close()

    def retire(self, page: Page) -> None:
        """A worker has ended."""
        with self._lock:
            self._ended += 1
            self._pages.remove(page)
            found = page.read()
            if found is not None:
                self._gone.add(found[0])
        page.close()

    def text(self) -> str:
        """Everything by now, in Prometheus' format."""
        total = Counters()
        workers: list[Gauges] = []
        with self._lock:
            total.add(self._gone)
            for page in self._pages:
                found = page.read()
                if found is not None:
                    total.add(found[0])
                    workers.append(found[1])
            ended = self._ended
        return write(total, workers, ended)


@contextlib.contextmanager
def exported(address: str | None) -> Iterator[Metrics | None]:
    """Metrics that are served at ``address``; ``None`` without one.

    Raises:
        CannotStart: It is no address, or cannot be listened on.
    """
    if address is None:
        yield None
        return
    metrics = Metrics()
    listener = listen(address)
    host, port, *_ = listener.getsockname()
    metrics.port = port
    host = f"[{host}]" if ":" in host else host
    get_logger().info("Metrics on http://%s:%d/metrics", host, port)
    thread = threading.Thread(
        target=_serve, args=(listener, metrics), name="jebi metrics", daemon=True
    )
    thread.start()
    try:
        yield metrics
    finally:
        # Whoever waits in accept() hears of this, and not of closing.
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(SECONDS)


def check(address: str) -> Internet:
    """The address that is named.

    Raises:
        CannotStart: It is none, or leaves open who may connect.
    """
    # A port alone is this machine's: what is served here is for the operator.
    text = f"127.0.0.1:{address}" if address.isascii() and address.isdigit() else address
    try:
        place = parse(text, 9100)
    except CannotStart as error:
        raise CannotStart(f"--metrics: {error}") from None
    if not isinstance(place, Internet) or not place.host:
        raise CannotStart(
            f"--metrics: {address!r} names no host: write 127.0.0.1:9100, "
            "or 0.0.0.0:9100 to serve them to everybody"
        )
    return place


def listen(address: str) -> socket.socket:
    """A socket that listens there."""
    place = check(address)
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    try:
        return socket.create_server((place.host, place.port), family=family)
    except OSError as error:
        what = error.strerror or error
        raise CannotStart(f"--metrics: {address} cannot be listened on: {what}") from None


def _serve(listener: socket.socket, metrics: Metrics) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            if listener.fileno() == -1 or not _listens(listener):
                return
            time.sleep(0.1)  # out of descriptors; one scrape is lost
            continue
        with client, contextlib.suppress(OSError):
            _answer(client, metrics)


def _listens(listener: socket.socket) -> bool:
    try:
        return bool(listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:
        return False


def _answer(client: socket.socket, metrics: Metrics) -> None:
    """Read one request and answer it; slow clients are hung up on."""
    until = time.monotonic() + SECONDS
    head = b""
    while b"\r\n\r\n" not in head:
        client.settimeout(max(0.001, until - time.monotonic()))
        received = client.recv(LONGEST)
        head += received
        if not received or len(head) > LONGEST:
            return
    method, _, rest = head.partition(b"\r\n")[0].partition(b" ")
    target = rest.partition(b" ")[0].partition(b"?")[0]
    status, body = "404 Not Found", b"The metrics are at /metrics.\n"
    if method not in {b"GET", b"HEAD"}:
        status, body = "405 Method Not Allowed", b""
    elif target == b"/metrics":
        status, body = "200 OK", metrics.text().encode()
    kind = CONTENT_TYPE if status == "200 OK" else "text/plain"
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    lines += ["Cache-Control: no-store", "Connection: close", "", ""]
    answer = "\r\n".join(lines).encode() + (b"" if method == b"HEAD" else body)
    client.settimeout(max(0.001, until - time.monotonic()))
    client.sendall(answer)
