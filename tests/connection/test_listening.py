"""Where connections come from."""

from __future__ import annotations

import logging
import os
import resource
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.connection.peers import GET, PATIENCE, Client, Served, hello

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Serve = Callable[..., Served]


def test_many_clients_at_once(serve: Serve) -> None:
    served = serve(hello)
    clients = [served.connect() for _ in range(200)]
    for client in clients:
        client.send(GET)
    for client in clients:
        assert client.answer().body == b"hello"
    assert served.on_loop(lambda: served.server.connections) == 200
    for client in clients:
        client.socket.close()


def test_a_socket_for_both_families_shows_addresses_of_ipv4_as_such() -> None:
    scopes: list[dict[str, Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        await hello(scope, receive, send)

    try:
        listener = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    except (OSError, ValueError) as error:
        pytest.skip(f"this machine has no sockets for both families: {error}")
    port = listener.getsockname()[1]
    with Served(application, {}, listener):
        for host in ("127.0.0.1", "::1"):
            with Client(socket.create_connection((host, port), PATIENCE)) as client:
                assert client.ask().body == b"hello"
                ours = tuple(client.socket.getsockname()[:2])
            assert scopes[-1]["client"] == ours
            assert scopes[-1]["server"] == (host, port)


def test_a_unix_socket(tmp_path: Path) -> None:
    scopes: list[dict[str, Any]] = []
    lines: list[tuple[Any, ...]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        await hello(scope, receive, send)

    path = str(tmp_path / "socket")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    options = {"access_log": lambda *line: lines.append(line)}
    with Served(application, options, listener) as served, socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(PATIENCE)
        sock.connect(path)
        assert Client(sock).ask().body == b"hello"
        served.on_loop(lambda: None)
    assert (scopes[0]["server"], scopes[0]["client"]) == ((path, None), None)
    assert lines == [("", "GET", "/", "1.1", 200)]


def test_version_6_of_the_internet_protocol() -> None:
    scopes: list[dict[str, Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        await hello(scope, receive, send)

    listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    with Served(application, {}, listener) as served:
        name = served.listener.getsockname()
        with socket.create_connection(name[:2], PATIENCE) as sock:
            client = sock.getsockname()
            assert Client(sock).ask().body == b"hello"
    assert (scopes[0]["server"], scopes[0]["client"]) == (name[:2], client[:2])


class Heard(logging.Handler):
    """Tells when something was logged."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []
        self.event = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())
        self.event.set()


def test_without_descriptors_it_waits_for_better_times(serve: Serve) -> None:
    served = serve(hello, keep_alive_timeout=0.2)
    logger, heard = logging.getLogger("jebi.error"), Heard()
    logger.addHandler(heard)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as sock:
        sock.settimeout(PATIENCE)
        lowest_free = os.dup(0)
        os.close(lowest_free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, limits[1]))
        try:
            sock.connect(served.listener.getsockname())
            assert heard.event.wait(PATIENCE)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
            logger.removeHandler(heard)
        assert Client(sock).ask().body == b"hello"
    assert heard.messages[0].startswith("Clients wait to be accepted: Too many open files")


def test_a_socket_that_is_closed_early_is_no_danger(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    served = serve(hello)
    address = served.listener.getsockname()
    served.on_loop(served.listener.close)
    with socket.create_connection(address, PATIENCE) as sock:
        assert Client(sock).ask().body == b"hello"
    assert not caplog.records
